package contract

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// the error body has code, description and source, and our additions; code is a text.
func TestR106_ErrorBody(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	suspended := held(t, source, customer, "Project Plan 3")
	got := source.patch(t, path, picks(suspended))
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	assert.Equal(t, object{
		"code": "800078", "description": "Subscription: " + field[string](t, suspended, "id") + " is in state: Suspended",
		"data": []any{suspended["id"]}, "source": "handover", "errorName": "SubscriptionNotActive", "isRetryable": false,
	}, as[object](t, got, http.StatusBadRequest))

	e := as[object](t, target.get(t, transfers(customer)+"/"+fresh()), http.StatusNotFound)
	assert.Equal(t, []string{"code", "description", "errorName", "isRetryable", "source"}, fields(e))
}

// RFC 9457: the same as a problem, when asked for.
func TestProblemJSON(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	for name, r := range calls(t) {
		usual := target.do(t, r)
		got := target.do(t, r.with(map[string]string{"Accept": "application/problem+json, application/json;q=0.9"}))
		assert.Equal(t, usual.status, got.status, name)
		if got.status < http.StatusBadRequest {
			assert.NotContains(t, got.header.Get("Content-Type"), "problem", name)
			continue
		}
		e, p := as[object](t, usual, usual.status), as[object](t, got, usual.status)
		assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"), name)
		assert.Equal(t, object{
			"type": "/docs/errors#" + field[string](t, e, "errorName"), "title": e["errorName"], "status": float64(usual.status),
			"detail": e["description"], "code": e["code"], "isRetryable": e["isRetryable"],
		}, p, name)
	}
	key := map[string]string{requestID: fresh()}
	first := target.do(t, call{method: http.MethodPost, path: transfers(customer), body: object{}, header: key})
	again := target.do(t, call{method: http.MethodPost, path: transfers(customer), body: object{}}.with(key).with(map[string]string{"Accept": "application/problem+json"}))
	assert.Equal(t, first.body, again.body, "a kept answer stays as it was given")
	assert.Equal(t, "application/json", again.header.Get("Content-Type"))
}

// no such path, and no such method there.
func TestR109_PathsAndMethods(t *testing.T) {
	t.Parallel()
	path, _ := created(t, customer(t))
	for _, nowhere := range []string{"/", "/v1", "/v1/", "/v2/customers", path + "/", path + "/accept", "/docs/", "/docs/assets/index.html", "/docs/assets/..%2f..%2fgo.mod"} {
		refused(t, target.get(t, nowhere), http.StatusNotFound, "404")
	}
	for _, c := range []struct{ method, path, allowed string }{
		{http.MethodDelete, path, "GET, PATCH"},
		{http.MethodPut, path, "GET, PATCH"},
		{http.MethodPost, path, "GET, PATCH"},
		{http.MethodPatch, "/v1/customers", "GET"},
		{http.MethodOptions, "/v1/customers", "GET"},
		{http.MethodDelete, "/openapi.json", "GET"},
		{http.MethodPost, "/healthz", "GET"},
		{"PROPFIND", path, "GET, PATCH"},
	} {
		got := target.do(t, call{method: c.method, path: c.path})
		e := refused(t, got, http.StatusMethodNotAllowed, "405")
		assert.Equal(t, c.allowed, got.header.Get("Allow"), c.method)
		assert.Contains(t, e["description"], c.method)
	}
	got := target.do(t, call{method: http.MethodHead, path: "/healthz"})
	assert.Equal(t, http.StatusOK, got.status)
	assert.Empty(t, got.body)
}

// Bodies that cannot be read are refused before anything happens, each with a reason of its own.
func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	good := mustJSON(t, request())
	subscription := "/v1/customers/" + customer + "/subscriptions/" + field[string](t, held(t, source, customer, "Visio Plan 2"), "id")
	for name, c := range map[string]struct {
		call
		status int
		code   string
	}{
		"413 create":          {call{method: http.MethodPost, path: transfers(customer), body: large(64<<10 + 1)}, http.StatusRequestEntityTooLarge, "413"},
		"413 change":          {call{method: http.MethodPatch, path: subscription, body: large(64<<10 + 1)}, http.StatusRequestEntityTooLarge, "413"},
		"413 submit":          {call{method: http.MethodPatch, path: path, body: large(4<<20 + 1)}, http.StatusRequestEntityTooLarge, "413"},
		"415 form":            {call{method: http.MethodPost, path: transfers(customer), body: good, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, http.StatusUnsupportedMediaType, "415"},
		"415 text":            {call{method: http.MethodPatch, path: path, body: good, header: map[string]string{"Content-Type": "text/plain"}}, http.StatusUnsupportedMediaType, "415"},
		"415 XML":             {call{method: http.MethodPost, path: transfers(customer), body: "<a/>", header: map[string]string{"Content-Type": "application/xml"}}, http.StatusUnsupportedMediaType, "415"},
		"no body":             {call{method: http.MethodPost, path: transfers(customer)}, http.StatusBadRequest, "800002"},
		"cut short":           {call{method: http.MethodPost, path: transfers(customer), body: good[:len(good)-1]}, http.StatusBadRequest, "800002"},
		"something after it":  {call{method: http.MethodPost, path: transfers(customer), body: good + "{}"}, http.StatusBadRequest, "800002"},
		"a list":              {call{method: http.MethodPost, path: transfers(customer), body: "[" + good + "]"}, http.StatusBadRequest, "800002"},
		"a text":              {call{method: http.MethodPatch, path: path, body: `"InProgress"`}, http.StatusBadRequest, "800002"},
		"a number for a text": {call{method: http.MethodPost, path: transfers(customer), body: with(request(), object{"customerEmailId": 7})}, http.StatusBadRequest, "800002"},
		"not UTF-8":           {call{method: http.MethodPost, path: transfers(customer), body: "{\"customerName\": \"\xff\xfe"}, http.StatusBadRequest, "800002"},
		"a very deep list":    {call{method: http.MethodPatch, path: path, body: strings.Repeat(`[`, 60_000)}, http.StatusBadRequest, "800002"},
		"an empty object":     {call{method: http.MethodPatch, path: path, body: object{}}, http.StatusBadRequest, "800042"},
		"null":                {call{method: http.MethodPatch, path: path, body: "null"}, http.StatusBadRequest, "800042"},
	} {
		for _, key := range []map[string]string{nil, {requestID: fresh()}} {
			t.Run(name, func(t *testing.T) {
				by := target
				if c.method == http.MethodPatch {
					by = source
				}
				refused(t, by.do(t, c.with(key)), c.status, c.code)
			})
		}
	}
	require.Len(t, as[[]object](t, target.get(t, transfers(customer)), http.StatusOK), 1, "none of them did anything")
}

// large is a body of that many bytes that would be read if it were shorter.
func large(size int) string {
	const before, after = `{"customerName": "`, `"}`
	return before + strings.Repeat("x", size-len(before)-len(after)) + after
}

// The largest bodies that are read, and the other names of JSON.
func TestBodiesThatAreRead(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	path, _ := created(t, customer)
	for _, kind := range []string{"Application/JSON", "application/merge-patch+json", ""} {
		got := target.do(t, call{method: http.MethodPost, path: transfers(customer), body: request(), header: map[string]string{"Content-Type": kind}})
		as[object](t, got, http.StatusCreated)
	}
	for _, key := range []map[string]string{nil, {requestID: fresh()}} {
		refused(t, target.do(t, call{method: http.MethodPost, path: transfers(customer), body: large(64 << 10)}.with(key)), http.StatusBadRequest, "800002")
		refused(t, source.do(t, call{method: http.MethodPatch, path: path, body: large(4 << 20)}.with(key)), http.StatusBadRequest, "800042")
	}
}

// Parameters that cannot be read are refused with the name of the parameter.
func TestParametersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	customer := customer(t)
	for path, name := range map[string]string{
		"/v1/customers?size=many":                             "size",
		"/v1/customers?size=-1":                               "size",
		"/v1/customers?size=501":                              "size",
		"/v1/customers?filter=Contoso":                        "filter",
		"/v1/transfers?createdFrom=yesterday":                 "createdFrom",
		"/v1/transfers?cursor=nonsense":                       "token",
		"/v1/auditrecords?startDate=11/12/2026":               "startDate",
		"/v1/auditrecords?seek=nonsense":                      "token",
		transfers(customer) + "?dryRun=perhaps":               "dryRun",
		"/v1/customers/" + customer + "/subscriptions?size=x": "size",
		"/v1/customers/" + customer + "/subscriptions?seek=x": "token",
	} {
		r := call{method: http.MethodGet, path: path}
		if strings.Contains(path, "dryRun") {
			r = call{method: http.MethodPost, path: path, body: request()}
		}
		assert.Contains(t, refused(t, target.do(t, r), http.StatusBadRequest, "800002")["description"], name, path)
	}
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
