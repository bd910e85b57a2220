package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"handover/internal/kernel"
)

const securityScheme = "bearer"

// description is what the description of the API starts with.
func (a *API) description() huma.Config {
	config := huma.DefaultConfig("Handover", a.Version)
	config.Info.Description = "Moves the billing ownership of a customer's cloud subscriptions from one partner to another. " +
		"The paths and bodies are those that Partner Center clients know; what Handover adds is marked as an extension.\n\n" +
		"Every answer repeats `MS-RequestId` and `MS-CorrelationId`. A write that is repeated with the same `MS-RequestId` " +
		"(or `Idempotency-Key`) within 30 days gets the same answer and has no second effect."
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat} // the second for what ends in +json
	config.DefaultFormat = "application/json"
	config.Servers = []*huma.Server{{URL: "/", Description: "This server"}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{securityScheme: {
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "An access token of the configured OpenID Connect issuer, application-only or with a user (R-101).",
	}}
	config.Tags = []*huma.Tag{
		{Name: "Transfers", Description: "Ask for, approve, decline, cancel and read transfers."},
		{Name: "Extensions", Description: "What Handover adds to the wire contract around transfers."},
		{Name: "Customers", Description: "Customers, their subscriptions and agreements."},
		{Name: "Partners", Description: "Relationships between partners, and what they signed."},
		{Name: "Audit", Description: "The partner's own activity log."},
		{Name: "Operations", Description: "For those who run the API."},
	}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // served by documents.go
	config.AllowAdditionalPropertiesByDefault = true                     // clients send whole resources back; what is not asked for is ignored
	config.CreateHooks = nil                                             // bodies carry no links to their schemas
	return config
}

// describe says of an operation what does not fit its summary: who may call it, and that it is not in the wire contract.
func (r route) describe() string {
	text := r.description
	if r.extension && !r.open {
		text = "**Extension of the wire contract.** " + text
	}
	if len(r.roles) > 0 {
		text += fmt.Sprintf("\n\nNeeds the role %s", strings.Join(names(r.roles), " or "))
		if r.users {
			text += " and a user; application-only tokens are refused"
		}
		text += "."
	}
	return strings.TrimSpace(text)
}

// answers are those of an operation that the handler's type does not tell: the forms of success that were declared, and
// from 400 upwards each status with the causes that lead to it.
func (r route) answers(api huma.API) map[string]*huma.Response {
	schemas := api.OpenAPI().Components.Schemas
	content := map[string]*huma.MediaType{
		"application/json": {Schema: schemas.Schema(typeOf[Error](), true, "Error")},
		problemType:        {Schema: schemas.Schema(typeOf[Problem](), true, "Problem")},
	}
	answers := map[string]*huma.Response{}
	for _, f := range r.forms {
		status := strconv.Itoa(f.status)
		if answers[status] == nil {
			answers[status] = &huma.Response{Description: f.description, Content: map[string]*huma.MediaType{}}
		}
		if f.body == nil {
			continue
		}
		answers[status].Content[f.kind] = &huma.MediaType{Schema: schemas.Schema(f.body, true, r.id)}
	}
	for status, causes := range r.byStatus() {
		answers[strconv.Itoa(status)] = &huma.Response{Description: explainStatus(status, causes), Content: content}
	}
	return answers
}

// byStatus are all causes that the operation can answer with.
func (r route) byStatus() map[int][]kernel.Cause {
	by := map[int][]kernel.Cause{}
	for _, c := range r.allCauses() {
		_, status, _ := wireOf(c)
		if !slices.Contains(by[status], c) {
			by[status] = append(by[status], c)
		}
	}
	return by
}

func (r route) allCauses() []kernel.Cause {
	all := append([]kernel.Cause{badRequest, unexpected, unavailable}, r.causes...)
	if !r.open {
		all = append(all, tokenMissing, tokenInvalid, notAPartner, roleMissing, tooManyRequests)
	}
	if r.users {
		all = append(all, userRequired)
	}
	if r.write {
		all = append(all, kernel.RequestIDReused, tooLarge, tooSlow, wrongMediaType)
	}
	return all
}

func explainStatus(status int, causes []kernel.Cause) string {
	lines := []string{http.StatusText(status) + ":"}
	for _, c := range causes {
		code, _, rule := wireOf(c)
		lines = append(lines, fmt.Sprintf("* `%s` %s (%s)", code, c, rule))
	}
	return strings.Join(lines, "\n")
}

// wireOf is how a cause appears on the wire and which rule it comes from.
func wireOf(c kernel.Cause) (code string, status int, rule string) {
	if own, ok := httpCauses[c]; ok {
		return own.code, own.status, own.rule
	}
	return c.Code(), c.HTTPStatus(), c.Rule()
}

// complete adds to the description what concerns every operation: the headers that identify requests and answers.
func (a *API) complete(doc *huma.OpenAPI) {
	identifiers := map[string]*huma.Param{}
	for name, text := range map[string]string{
		requestIDHeader:     "Identifies this request; a GUID. A write repeated with the same one gets the same answer (R-103).",
		correlationIDHeader: "Identifies what the request is part of; for tracing only.",
		localeHeader:        "Language of the caller; repeated in the answer.",
	} {
		identifiers[name] = &huma.Param{Name: name, In: "header", Description: text, Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(longestKey)}}
	}
	for _, r := range a.routes {
		op := operationOf(doc, r)
		r.body.describe(doc, op)
		for _, name := range []string{requestIDHeader, correlationIDHeader, localeHeader} {
			op.Parameters = append(op.Parameters, identifiers[name])
		}
		if r.write {
			op.Parameters = append(op.Parameters, &huma.Param{
				Name: idempotencyKeyHeader, In: "header", Description: "Takes the place of MS-RequestId as what makes a repetition recognisable.",
				Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(longestKey)},
			})
		}
		if r.extension {
			op.Extensions = map[string]any{"x-handover-extension": true}
		}
	}
}

func operationOf(doc *huma.OpenAPI, r route) *huma.Operation {
	item := doc.Paths[r.path]
	switch r.method {
	case http.MethodPost:
		return item.Post
	case http.MethodPatch:
		return item.Patch
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	default:
		return item.Get
	}
}

func ptr[T any](v T) *T { return &v }

// describe writes the description as JSON.
func describe(doc *huma.OpenAPI) ([]byte, error) { return json.MarshalIndent(doc, "", "  ") }
