package contract

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// described is the description of the API.
func described(t testing.TB) object {
	t.Helper()
	got := send(t, call{method: http.MethodGet, path: "/openapi.json"})
	assert.Equal(t, "application/vnd.oai.openapi+json;version=3.1", got.header.Get("Content-Type"))
	return as[object](t, got, http.StatusOK)
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// The description is OpenAPI 3.1, anybody may read it, and everything in it is served: without a token an operation answers
// 401, or does its work where none is needed.
func TestEverythingDescribedIsServed(t *testing.T) {
	t.Parallel()
	doc := described(t)
	assert.True(t, strings.HasPrefix(field[string](t, doc, "openapi"), "3.1."))
	served := 0
	for path, operations := range field[object](t, doc, "paths") {
		for method, one := range operations.(object) {
			op, is := one.(object)
			if !is {
				continue
			}
			served++
			got := send(t, call{method: strings.ToUpper(method), path: parameter.ReplaceAllString(path, fresh())})
			requirements, _ := op["security"].([]any)
			require.NotEmpty(t, requirements, "%s %s", method, path)
			if open := len(requirements[0].(object)) == 0; open {
				if parameter.MatchString(path) {
					refused(t, got, http.StatusNotFound, "1000") // by the operation, which knows of no such thing
				} else {
					assert.Equal(t, http.StatusOK, got.status, "%s %s", method, path)
				}
				continue
			}
			e := refused(t, got, http.StatusUnauthorized, "800001")
			assert.Equal(t, "TokenMissing", e["errorName"])
			assert.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"))
		}
	}
	assert.GreaterOrEqual(t, served, 25)
}

// The documentation works without the internet: everything it loads is served here, and its policy allows nothing else.
func TestDocsWorkOffline(t *testing.T) {
	t.Parallel()
	loads := regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	for _, page := range []string{"/docs", "/docs/errors"} {
		got := send(t, call{method: http.MethodGet, path: page})
		require.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
		for _, directive := range strings.Split(got.header.Get("Content-Security-Policy"), "; ") {
			assert.NotContains(t, directive, "http", page)
			assert.NotContains(t, directive, "*", page)
		}
		for _, found := range loads.FindAllStringSubmatch(string(got.body), -1) {
			require.True(t, strings.HasPrefix(found[1], "/") && !strings.HasPrefix(found[1], "//"), found[1])
			part := send(t, call{method: http.MethodGet, path: found[1]})
			assert.Equal(t, http.StatusOK, part.status, found[1])
			assert.NotEmpty(t, part.body, found[1])
			if strings.HasSuffix(found[1], ".css") {
				assert.NotRegexp(t, `@import|url\(["']?(?:https?:)?//`, string(part.body))
			}
		}
	}
	start := send(t, call{method: http.MethodGet, path: "/docs/start.js"})
	assert.Contains(t, string(start.body), `"/openapi.json"`)
	assert.NotContains(t, string(start.body), "http")
}

// Every cause that the description names has its place in the list of errors, where problem+json points.
func TestErrorsAreListed(t *testing.T) {
	t.Parallel()
	page := string(send(t, call{method: http.MethodGet, path: "/docs/errors"}).body)
	named := regexp.MustCompile("\\* `([0-9]+)` ([A-Za-z]+) \\(")
	causes := named.FindAllStringSubmatch(string(send(t, call{method: http.MethodGet, path: "/openapi.json"}).body), -1)
	require.NotEmpty(t, causes)
	for _, cause := range causes {
		assert.Contains(t, page, `<tr id="`+cause[2]+`"><td>`+cause[2]+`</td>`)
		assert.Contains(t, page, "<td>"+cause[1]+"</td>")
	}
	for _, c := range refusedCreates() {
		assert.Regexp(t, `<td>`+c.cause+`</td><td>`+strconv.Itoa(c.status)+`</td><td>`+c.code+`</td>`, page)
	}
}

// For probes: alive, ready, and what each part says.
func TestHealth(t *testing.T) {
	t.Parallel()
	assert.Equal(t, object{"status": "ok"}, as[object](t, send(t, call{method: http.MethodGet, path: "/healthz"}), http.StatusOK))
	assert.Equal(t, object{"status": "ok", "ledger": "ok", "tokens": "ok"},
		as[object](t, send(t, call{method: http.MethodGet, path: "/readyz"}), http.StatusOK))
}

// The metrics know routes and statuses, never ids.
func TestMetrics(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	refused(t, target.get(t, path+"/nothing"), http.StatusNotFound, "404")
	got := send(t, call{method: http.MethodGet, path: "/metrics"})
	require.Equal(t, http.StatusOK, got.status)
	text := string(got.body)
	assert.Contains(t, text, `handover_http_request_seconds_count{route="POST /v1/customers/{customerId}/transfers",status="201"}`)
	assert.Contains(t, text, `handover_http_request_seconds_count{route="unknown",status="404"}`)
	assert.NotRegexp(t, `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}`, text)
	assert.NotContains(t, text, "example")
}
