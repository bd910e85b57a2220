package api

// Nothing that a client says is ever ignored: what holds for every operation of the description and every parameter of it.

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/httpapi"
	"handover/internal/pgtest"
	"handover/internal/world"
)

// described is an operation as the description has it.
type described struct {
	method, path string
	parameters   []parameter
	id           string
	description  string
}

type parameter struct {
	Name   string
	In     string
	Schema struct{ Type any }
}

// list tells whether it takes several values.
func (p parameter) list() bool {
	types, several := p.Schema.Type.([]any)
	return p.Schema.Type == "array" || several && types[0] == "array"
}

// value is one that the parameter takes and that makes a difference, where it can.
func (p parameter) value() string {
	known := map[string]string{
		"size": "1", "offset": "0", "seekOperation": "First", "seek": customerPath(0)[len("/v1/customers/"):], "dryRun": "true", "format": "csv", "transferType": "5",
		"status": "Cancel", "direction": "incoming", "startDate": "2026-11-20", "endDate": "2026-11-21", "relationship_type": "IsIndirectResellerOf",
		"filter": `{"Field":"CompanyName","Value":"x","Operator":"starts_with"}`, "createdFrom": "2026-11-01T00:00:00Z",
		"createdUntil": "2026-11-01T00:00:00Z", "modifiedFrom": "2026-11-01T00:00:00Z", "mpnId": "1", "agreementType": "MicrosoftCloudAgreement",
		"provider": "OneTime", "invoiceLineItemType": "BillingLineItems", "currencyCode": "EUR", "period": "previous",
	}
	if value, ok := known[p.Name]; ok {
		return value
	}
	return "x"
}

// operations are all that the description has, with their parameters in the query.
func (s *stage) operations() []described {
	text, err := s.api.OpenAPI()
	require.NoError(s, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Description string
			Parameters  []parameter
		}
	}
	require.NoError(s, json.Unmarshal(text, &doc))
	var all []described
	for path, methods := range doc.Paths {
		for method, op := range methods {
			one := described{method: strings.ToUpper(method), path: path, id: op.OperationID, description: op.Description}
			for _, p := range op.Parameters {
				if p.In == "query" {
					one.parameters = append(one.parameters, p)
				}
			}
			all = append(all, one)
		}
	}
	return all
}

// at is its path about things that there are, as far as there are any.
func (op described) at(customer, transfer string) string {
	return strings.NewReplacer(
		"{customerId}", customer, "{transferId}", transfer, "{subscriptionId}", licence(0, 0), "{recordId}", "x",
		"{provider}", "OneTime", "{lineItemType}", "BillingLineItems",
	).Replace(op.path)
}

// asked is the operation asked with that query, about a transfer that there is.
func (s *stage) asked(op described, transfer, query string) reply {
	at := strings.Split(transfer, "/")
	by := byTarget
	if strings.HasPrefix(op.path, "/v1/admin/") {
		by = byOperator
	}
	return s.hears(s.Context(), ask{by: by, method: op.method, path: op.at(at[3], at[5]) + "?" + query, body: "{}"})
}

// over opens a transfer and cancels it, so that who follows it comes to an end, and returns its path.
func (s *stage) over(customer int) string {
	s.Helper()
	at := s.pending(customer)
	s.gets(deciding(byTarget, at, cancelling, "over"), http.StatusOK)
	return at
}

// names requires a refusal with that name that says which parameter it was.
func names(t *testing.T, r reply, cause, parameter string) {
	t.Helper()
	require.Equal(t, http.StatusBadRequest, r.status, "%s: %s", parameter, r.complete)
	var e httpapi.Error
	require.NoError(t, json.Unmarshal([]byte(r.complete), &e), r.complete)
	assert.Equal(t, cause, e.ErrorName, r.complete)
	assert.Contains(t, e.Description, parameter)
}

// C2, C3, C6, C10: whatever operation it is, a parameter that it does not have is refused by its name, and so is one of its
// own that is misspelt.
func TestNoParameterIsIgnored(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	transfer := s.over(0)
	parameters := 0
	for _, op := range s.operations() {
		t.Run(op.id, func(t *testing.T) {
			for _, unknown := range []string{"nobodyKnowsThis", "$filter", "api-version", "größe"} {
				names(t, s.asked(op, transfer, url.Values{unknown: {"1"}}.Encode()), "UnknownParameter", unknown)
				names(t, s.asked(op, transfer, url.Values{unknown: {""}}.Encode()), "UnknownParameter", unknown)
			}
			for _, malformed := range []string{"a=%zz", "a;b", "%"} {
				assert.Equal(t, http.StatusBadRequest, s.asked(op, transfer, malformed).status, malformed)
			}
			for _, p := range op.parameters {
				parameters++
				for _, misspelt := range []string{p.Name + "s", p.Name[:len(p.Name)-1], "_" + p.Name, p.Name + "[]", " " + p.Name} {
					names(t, s.asked(op, transfer, url.Values{misspelt: {p.value()}}.Encode()), "UnknownParameter", strings.TrimSpace(misspelt))
				}
			}
		})
	}
	assert.Greater(t, parameters, 25)
}

// B2, C6: a parameter goes by its name in any case. Given twice, in whichever case, it is refused by its name, unless it is a
// list: then all values count, however they are written.
func TestEveryParameterCounts(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	transfer := s.over(0)
	for _, op := range s.operations() {
		for _, p := range op.parameters {
			t.Run(op.id+" "+p.Name, func(t *testing.T) {
				value := url.QueryEscape(p.value())
				as := func(queries ...string) reply { return s.asked(op, transfer, strings.Join(queries, "&")) }
				written := as(p.Name + "=" + value)
				for _, name := range []string{strings.ToUpper(p.Name), strings.ToLower(p.Name), strings.ToUpper(p.Name[:1]) + p.Name[1:]} {
					assert.Equal(t, written, as(name+"="+value), name)
				}
				if p.list() {
					assert.Equal(t, as(p.Name+"="+value+","+value), as(p.Name+"="+value, strings.ToUpper(p.Name)+"="+value))
					return
				}
				names(t, as(p.Name+"="+value, p.Name+"="+value), "GivenTwice", p.Name)
				if !meansNothing[p.Name] {
					names(t, as(p.Name+"="), "EmptyParameter", p.Name)
					names(t, as(p.Name), "EmptyParameter", p.Name)
				}
				names(t, as(p.Name+"="+value, strings.ToUpper(p.Name)+"="), "GivenTwice", p.Name)
			})
		}
	}
}

// meansNothing are the parameters that may be empty: the token of no page, and the names of whom is not asked about.
var meansNothing = map[string]bool{"seek": true, "cursor": true, "mpnId": true, "tenantId": true}

// Whatever is asked for by odd bytes or times, it is refused or found, on either database: nothing of it becomes an error of ours.
func TestOddBytesAreNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*stage{"SQLite": setStage(t, 1, 1), "PostgreSQL": setStageOn(t, pgtest.Shared(t), world.Large(1, 1))} {
		transfer := s.over(0)
		cursor := base64.RawURLEncoding.EncodeToString([]byte("2026-11-01T00:00:00Z x\x00"))
		filter := `{"Field":"CompanyName","Operator":"starts_with","Value":"x\u0000"}`
		substring := strings.Replace(filter, "starts_with", "substring", 1)
		s.gets(ask{by: byTarget, method: http.MethodPost, path: registration, body: registering}, http.StatusOK)
		for _, op := range s.operations() {
			for _, odd := range append([]string{"\x00", "x\x00y", "\xff", "\xed\xa0\x80", "%", "'", `\`, "\u202e", cursor, filter, substring}, oddTimes()...) {
				for _, p := range op.parameters {
					r := s.asked(op, transfer, url.Values{p.Name: {odd}}.Encode())
					assert.Less(t, r.status, 500, "%s %s %s=%q: %s", name, op.id, p.Name, odd, r.complete)
				}
				path := op.path
				for _, parameter := range []string{
					"{customerId}", "{transferId}", "{subscriptionId}", "{recordId}", "{orderId}", "{invoiceId}", "{provider}", "{lineItemType}",
				} {
					path = strings.ReplaceAll(path, parameter, url.PathEscape(odd))
				}
				r := s.hears(t.Context(), ask{by: byTarget, method: op.method, path: path, body: "{}"})
				assert.Less(t, r.status, 500, "%s %s %q: %s", name, op.id, odd, r.complete)
			}
		}
	}
}

// The path of every operation goes in any case, and with two slashes where a base address ended in one.
func TestPathsAreReadAsClientsWriteThem(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	transfer := s.over(0)
	at := strings.Split(transfer, "/")
	for _, op := range s.operations() {
		path := op.at(at[3], at[5])
		as := func(path string) reply {
			return s.hears(t.Context(), ask{by: byTarget, method: op.method, path: path, body: "{}"})
		}
		written := as(path)
		for _, spelled := range []string{strings.ToUpper(path), "/" + path, strings.ReplaceAll(path, "/", "//")} {
			assert.Equal(t, written, as(spelled), spelled)
		}
	}
	for path, status := range map[string]int{"/v2/customers": 404, "/v1/customerz": 404, "/V1/": 404, "/v1/customers/": 404, "/v1/customers/x/..": 307} {
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, http.NoBody)
		require.NoError(t, err)
		got, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		assert.Equal(t, status, got.StatusCode, path)
	}
}

// A header that has one value is refused when it comes twice; one that is a list may come in several lines.
func TestHeadersThatComeTwice(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	subscription := customerPath(0) + "/subscriptions/" + licence(0, 0)
	tag := s.gets(ask{by: bySource, method: http.MethodGet, path: subscription}, http.StatusOK).etag
	send := func(name string, values ...string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, s.url+subscription, strings.NewReader(`{"friendlyName":"x"}`))
		require.NoError(t, err)
		r.Header = http.Header{"Authorization": {"Bearer " + bySource}, "Content-Type": {"application/json"}, http.CanonicalHeaderKey(name): values}
		got, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { require.NoError(t, got.Body.Close()) }()
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		return got.StatusCode, string(body)
	}
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId", "Idempotency-Key", "X-Locale", "Authorization", "Content-Type", "MS-ContinuationToken"} {
		status, body := send(name, "a", "b")
		assert.Equal(t, http.StatusBadRequest, status, name)
		assert.Contains(t, body, name)
	}
	for _, stale := range [][]string{{`"old"`}, {`"old"`, `"older"`}, {`""`}, {`W/` + tag}, {`"old", "older"`}} {
		status, body := send("If-Match", stale...)
		assert.Equal(t, http.StatusBadRequest, status, "%v", stale)
		assert.Contains(t, body, "2055")
	}
	status, body := send("If-Match", `"old"`, tag)
	assert.Equal(t, http.StatusOK, status, body)
	status, body = send("Content-Encoding", "gzip")
	assert.Equal(t, http.StatusUnsupportedMediaType, status, body)
}

// A parameter that a handler forgets to read would pass for honoured: each one changes the answer or is refused with a value
// that means nothing.
func TestEveryParameterMakesADifference(t *testing.T) {
	t.Parallel()
	s := setStage(t, 3, 2)
	transfer := s.over(0)
	free := map[string]bool{ // any text is one that may have been given
		"externalReference": true, "tag": true, "customerId": true, "mpn_id": true, "order_id": true, "agreementType": true, "transferId": true, "resourceId": true,
	}
	for _, op := range s.operations() {
		for _, p := range op.parameters {
			without := s.asked(op, transfer, needed(op, p.Name))
			with := s.asked(op, transfer, needed(op, p.Name)+"&"+p.Name+"=nonsense")
			if !free[p.Name] {
				assert.Equal(t, http.StatusBadRequest, with.status, "%s %s: %s", op.id, p.Name, with.complete)
				continue
			}
			assert.NotEqual(t, without.complete, with.complete, "%s %s", op.id, p.Name)
		}
	}
}

// needed is what the operation cannot be asked without, besides that parameter.
func needed(op described, besides string) string {
	for id, query := range map[string]string{
		"getTransferEligibility": "transferType=3", "listRelationships": "relationship_type=IsIndirectResellerOf",
	} {
		if op.id == id && !strings.HasPrefix(query, besides) {
			return query
		}
	}
	return ""
}
