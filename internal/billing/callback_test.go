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

// hearer notes which keys were called back about, as long as it is told to.
type hearer struct {
	keys []string
	full bool
}

func (h *hearer) hear(key string) bool {
	if h.full {
		return false
	}
	h.keys = append(h.keys, key)
	return true
}

// A callback is a hint: who takes it gets the key and no result.
func TestCallbackTellsTheKey(t *testing.T) {
	t.Parallel()
	var heard hearer
	callback := adapter(t, &billingtest.System{}, nil).Callback(heard.hear)
	assert.Equal(t, http.StatusNoContent, call(callback, "Bearer ring", resultBody))
	assert.Equal(t, []string{billingtest.Sample(0).Key}, heard.keys)
}

// Who calls back when there is too much to ask about is told to do so again.
func TestCallbackThatNobodyCanTake(t *testing.T) {
	t.Parallel()
	callback := adapter(t, &billingtest.System{}, nil).Callback((&hearer{full: true}).hear)
	assert.Equal(t, http.StatusServiceUnavailable, call(callback, "Bearer ring", resultBody))
}

func TestCallbacksAreChecked(t *testing.T) {
	t.Parallel()
	var heard hearer
	h := adapter(t, &billingtest.System{}, nil).Callback(heard.hear)
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
		{"too long", "Bearer ring", resultBody + strings.Repeat(" ", 1<<20), http.StatusBadRequest},
	} {
		assert.Equal(t, c.want, call(h, c.token, c.body), c.name)
	}
	assert.Len(t, heard.keys, 2, "only what tells a result is heard")
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/moves/x", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, recorder.Code)
}

func TestNoCallbackTokenMeansNoCallbacks(t *testing.T) {
	t.Parallel()
	h := adapter(t, &billingtest.System{}, func(s *billing.HTTPSettings) { s.CallbackToken = "" }).Callback(new(hearer).hear)
	assert.Equal(t, http.StatusUnauthorized, call(h, "Bearer ", resultBody))
	assert.Equal(t, http.StatusUnauthorized, call(h, "", resultBody))
}
