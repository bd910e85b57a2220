package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"handover/internal/kernel"
)

const securityScheme = "bearer"

// description is what the description of the API starts with.
func (a *API) description() huma.Config {
	config := huma.DefaultConfig("Handover", a.options.Version)
	config.Info.Description = a.options.About + "\n\n" +
		"Every answer repeats `MS-RequestId` and `MS-CorrelationId`. A write that is repeated with the same `MS-RequestId` " +
		"(or `Idempotency-Key`) within 30 days gets the same answer and has no second effect."
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat} // the second for what ends in +json
	config.DefaultFormat = "application/json"
	config.Servers = []*huma.Server{{URL: "/", Description: "This server"}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{securityScheme: {
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "An access token of the configured OpenID Connect issuer, application-only or with a user (R-101).",
	}}
	for _, tag := range slices.Concat(a.options.Tags, []Tag{{probes, "For those who run the API."}}) {
		config.Tags = append(config.Tags, &huma.Tag{Name: tag.Name, Description: tag.Description})
	}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // served by documents.go
	config.AllowAdditionalPropertiesByDefault = true                     // clients send whole resources back; query.go and scanner.go say what else is refused
	config.CreateHooks = nil                                             // bodies carry no links to their schemas
	return config
}

// describe says of an operation what does not fit its summary: who may call it, and that it is not in the wire contract.
func (r Route) describe() string {
	text := r.Description
	if r.Extension && !r.open {
		text = "**Extension of the wire contract.** " + text
	}
	if len(r.Roles) > 0 {
		text += fmt.Sprintf("\n\nNeeds the role %s", strings.Join(names(r.Roles), " or "))
		if r.Users {
			text += " and a user; application-only tokens are refused"
		}
		text += "."
	}
	if r.Right != nil && r.Right.Says != "" {
		text += "\n\n" + r.Right.Says
	}
	return strings.TrimSpace(text)
}

// answers are those of an operation that the handler's type does not tell: the forms of success that were declared, and
// from 400 upwards each status with the causes that lead to it.
func (r Route) answers(api huma.API) map[string]*huma.Response {
	schemas := api.OpenAPI().Components.Schemas
	content := map[string]*huma.MediaType{
		"application/json": {Schema: schemas.Schema(reflect.TypeFor[Error](), true, "Error")},
		problemType:        {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")},
	}
	answers := map[string]*huma.Response{}
	for _, f := range r.Forms {
		status := strconv.Itoa(f.Status)
		if answers[status] == nil {
			answers[status] = &huma.Response{Description: f.Description, Content: map[string]*huma.MediaType{}}
		}
		if f.Body == nil {
			continue
		}
		answers[status].Content[f.Kind] = &huma.MediaType{Schema: schemas.Schema(f.Body, true, r.ID)}
	}
	for status, causes := range r.byStatus() {
		answers[strconv.Itoa(status)] = &huma.Response{Description: explainStatus(status, causes), Content: content}
	}
	return answers
}

// byStatus are all causes that the operation can answer with.
func (r Route) byStatus() map[int][]kernel.Cause {
	by := map[int][]kernel.Cause{}
	for _, c := range r.allCauses() {
		status := c.HTTPStatus()
		if !slices.Contains(by[status], c) {
			by[status] = append(by[status], c)
		}
	}
	return by
}

func (r Route) allCauses() []kernel.Cause {
	all := append([]kernel.Cause{badRequest, unknownParameter, givenTwice, emptyParameter, unexpected, unavailable}, r.Causes...)
	if !r.open {
		all = append(all, tokenMissing, tokenInvalid, NotAPartner, roleMissing)
	}
	if !r.probe {
		all = append(all, tooManyRequests)
	}
	if r.Users {
		all = append(all, userRequired)
	}
	if r.Right != nil {
		all = append(all, r.Right.Causes...)
	}
	if r.write {
		all = append(all, unknownMember, kernel.RequestIDReused, tooLarge, tooSlow, wrongMediaType)
	}
	return all
}

func explainStatus(status int, causes []kernel.Cause) string {
	lines := []string{http.StatusText(status) + ":"}
	for _, c := range causes {
		lines = append(lines, fmt.Sprintf("* `%s` %s (%s)", c.Code(), c, c.Rule()))
	}
	return strings.Join(lines, "\n")
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
		bindParameters(op)
		if r.Extension {
			op.Extensions = map[string]any{"x-handover-extension": true}
		}
	}
}

func operationOf(doc *huma.OpenAPI, r Route) *huma.Operation {
	item := doc.Paths[r.Path]
	switch r.Method {
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
