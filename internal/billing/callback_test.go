package billing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
)

var resultBody = fmt.Sprintf(`{"subscriptionId": %q}`, newID)

// call sends a callback for the sample and returns the status it was answered with.
func call(h http.Handler, token, body string) int {
	request := httptest.NewRequest(http.MethodPost, "/moves/"+url.PathEscape(billingtest.Sample(0).Key), strings.NewReader(body))
	if token != "" {
		request.Header.Set("Authorization", token)
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder.Code
}

// A callback is a hint: whoever takes it hears the key and no result.
func TestCallbackTellsTheKey(t *testing.T) {
	t.Parallel()
	var told []string
	h := billing.Callbacks("ring", func(key string) bool { told = append(told, key); return true })
	assert.Equal(t, http.StatusNoContent, call(h, "Bearer ring", resultBody))
	assert.Equal(t, []string{billingtest.Sample(0).Key}, told)
}

func TestCallbacksAreChecked(t *testing.T) {
	t.Parallel()
	h := billing.Callbacks("ring", func(string) bool { return true })
	for _, c := range []struct {
		name, token, body string
		want              int
	}{
		{"done, nobody waits", "Bearer ring", resultBody, http.StatusNoContent},
		{"refused", "Bearer ring", `{"code": "900146", "message": "no"}`, http.StatusNoContent},
		{"no token", "", resultBody, http.StatusUnauthorized},
		{"wrong token", "Bearer rang", resultBody, http.StatusUnauthorized},
		{"wrong scheme", "Basic ring", resultBody, http.StatusUnauthorized},
		{"the token we send", "Bearer sesame", resultBody, http.StatusUnauthorized},
		{"no result", "Bearer ring", `{}`, http.StatusBadRequest},
		{"no JSON", "Bearer ring", "done", http.StatusBadRequest},
		{"too long", "Bearer ring", resultBody + strings.Repeat(" ", 64<<10), http.StatusRequestEntityTooLarge},
	} {
		assert.Equal(t, c.want, call(h, c.token, c.body), c.name)
	}
	for token, want := range map[string]int{"Bearer ring": http.StatusMethodNotAllowed, "": http.StatusUnauthorized} {
		request := httptest.NewRequest(http.MethodGet, "/moves/x", nil)
		request.Header.Set("Authorization", token)
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, request)
		assert.Equal(t, want, recorder.Code, "another method with token %q", token)
	}
}

func TestCallbacksThatNobodyCanTakeAreSentAgain(t *testing.T) {
	t.Parallel()
	told := ""
	h := billing.Callbacks("ring", func(key string) bool { told = key; return false })
	key := billingtest.Sample(0).Key
	request := httptest.NewRequest(http.MethodPost, "/moves/"+url.PathEscape(key), strings.NewReader(resultBody))
	request.Header.Set("Authorization", "Bearer ring")
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	assert.Equal(t, http.StatusServiceUnavailable, recorder.Code)
	assert.Equal(t, "1", recorder.Header().Get("Retry-After"))
	assert.Equal(t, key, told)
}

// A proxy may unescape the slash in the key, and the name of the scheme may be written in any case (RFC 9110).
func TestCallbacksThroughAProxy(t *testing.T) {
	t.Parallel()
	var told string
	h := billing.Callbacks("ring", func(key string) bool { told = key; return true })
	request := httptest.NewRequest(http.MethodPost, "/moves/a/b", strings.NewReader(resultBody))
	request.Header.Set("Authorization", "bearer ring")
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	assert.Equal(t, http.StatusNoContent, recorder.Code)
	assert.Equal(t, "a/b", told)
}

func TestNoCallbackTokenMeansNoCallbacks(t *testing.T) {
	t.Parallel()
	h := billing.Callbacks("", func(string) bool { return true })
	assert.Equal(t, http.StatusUnauthorized, call(h, "Bearer ", resultBody))
	assert.Equal(t, http.StatusUnauthorized, call(h, "", resultBody))
}
