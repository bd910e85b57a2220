package contract

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calls are requests that are answered in every way there is.
func calls(t testing.TB) map[string]call {
	customer := customer(t)
	path, _ := created(t, customer)
	return map[string]call{
		"200":          {method: http.MethodGet, path: path},
		"201":          {method: http.MethodPost, path: transfers(customer), body: request()},
		"csv":          {method: http.MethodGet, path: path + "/report?format=csv"},
		"refusal":      {method: http.MethodPost, path: transfers(customer), body: object{}},
		"malformed":    {method: http.MethodPost, path: transfers(customer), body: "{"},
		"not found":    {method: http.MethodGet, path: transfers(customer) + "/" + fresh()},
		"no such path": {method: http.MethodGet, path: "/v1/nothing"},
		"wrong method": {method: http.MethodDelete, path: path},
		"bad token":    {method: http.MethodGet, path: path, header: map[string]string{"Authorization": "Bearer nonsense"}},
		"health":       {method: http.MethodGet, path: "/healthz"},
		"description":  {method: http.MethodGet, path: "/openapi.json"},
		"page":         {method: http.MethodGet, path: "/docs"},
		"metrics":      {method: http.MethodGet, path: "/metrics"},
	}
}

// The headers that identify a request.
const (
	requestID     = "MS-RequestId"
	correlationID = "MS-CorrelationId"
	locale        = "X-Locale"
)

// every answer repeats the ids and the locale of its request, whatever it answers.
func TestR102_HeadersAreRepeated(t *testing.T) {
	t.Parallel()
	for name, r := range calls(t) {
		sent := map[string]string{requestID: fresh(), correlationID: strings.ToUpper(fresh()), locale: "de-DE"}
		got := target.do(t, r.with(sent))
		for header, value := range sent {
			assert.Equal(t, []string{value}, got.header.Values(header), "%s: %s", name, header)
		}
	}
}

// what the client leaves out is made up, new for every request.
func TestR102_HeadersAreMadeUp(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for name, r := range calls(t) {
		got := target.do(t, r)
		assert.Equal(t, "en-US", got.header.Get(locale), name)
		for _, header := range []string{requestID, correlationID} {
			id := got.header.Get(header)
			assert.NoError(t, uuid.Validate(id), "%s: %s", name, header)
			assert.False(t, seen[id], "%s: %s", name, header)
			seen[id] = true
		}
	}
}

// Every answer has what keeps browsers from doing harm with it, and no cache keeps it.
func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	for name, r := range calls(t) {
		got := target.do(t, r)
		for header, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			assert.Equal(t, value, got.header.Get(header), "%s: %s", name, header)
		}
		assert.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'", name)
		assert.Contains(t, got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'", name)
		assert.NotEmpty(t, got.header.Get("Content-Type"), name)
		assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"), name)
	}
}

// Headers that identify a request are short and plain, or the request is refused and they are not repeated.
func TestHeadersThatAreNoIds(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	for _, header := range []string{requestID, correlationID, locale, "Idempotency-Key"} {
		for _, value := range []string{strings.Repeat("x", 129), "zwölf", "a\tb"} {
			got := target.do(t, call{method: http.MethodPost, path: transfers(customer), body: request(), header: map[string]string{header: value}})
			e := refused(t, got, http.StatusBadRequest, "800002")
			assert.Contains(t, e["description"], header)
			assert.NotContains(t, got.header.Values(header), value)
		}
	}
	require.Empty(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK))
	longest := strings.Repeat("x", 128)
	as[object](t, target.do(t, call{method: http.MethodPost, path: transfers(customer), body: request(), header: map[string]string{requestID: longest}}), http.StatusCreated)
}

// Headers that real clients send on the way are ignored (section 4.1).
func TestHeadersOfClients(t *testing.T) {
	t.Parallel()
	made := as[object](t, target.do(t, call{
		method: http.MethodPost, path: transfers(customer(t)), body: request(), header: map[string]string{
			"MS-Contract-Version": "v1", "MS-CV": "abc.0", "MS-PartnerCenter-Application": "Demo", "Content-Type": "application/json; charset=utf-8",
			"Accept": "application/json, text/plain, */*", "User-Agent": "Partner Center .NET", "If-Match": `"none"`,
		},
	}), http.StatusCreated)
	assert.Equal(t, "Pending", made["status"])
}

// More headers than the server takes are refused before anything reads them.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	got := target.do(t, call{method: http.MethodGet, path: "/v1/customers", header: map[string]string{"X-Large": strings.Repeat("x", 64<<10)}})
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, got.status)
}
