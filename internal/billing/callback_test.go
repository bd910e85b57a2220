package billing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// patient is an adapter that would poll only after an hour. asked receives after every request it made.
func patient(t *testing.T, s *billingtest.System) (h *billing.HTTP, asked <-chan struct{}) {
	t.Helper()
	requests := make(chan struct{}, 100)
	s.Token, s.Accepts = "sesame", true
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
		requests <- struct{}{}
	})
	settings := settingsFor(server)
	settings.Poll = 50 * time.Second
	return connect(t, settings), requests
}

func TestCallbackEndsTheWait(t *testing.T) {
	t.Parallel()
	system := &billingtest.System{}
	h, asked := patient(t, system)
	moved := make(chan string, 1)
	go func() {
		id, err := h.Move(t.Context(), billingtest.Sample(0))
		assert.NoError(t, err)
		moved <- id
	}()
	<-asked // accepted; the adapter will not ask by itself for an hour
	assert.Equal(t, http.StatusNoContent, call(h.Callback(), "Bearer ring", resultBody))
	id := <-moved
	assert.NotEqual(t, newID, id, "the truth comes from the billing system, not from the callback")
	assert.Equal(t, 1, system.Moved())
}

// A callback that lies costs a request and moves nothing.
func TestForgedCallbackMovesNothing(t *testing.T) {
	t.Parallel()
	system := &billingtest.System{Polls: 1}
	h, asked := patient(t, system)
	moved := make(chan string, 1)
	go func() {
		id, err := h.Move(t.Context(), billingtest.Sample(0))
		assert.NoError(t, err)
		moved <- id
	}()
	<-asked
	assert.Equal(t, http.StatusNoContent, call(h.Callback(), "Bearer ring", resultBody))
	<-asked // it looked, and the move is not done
	assert.Zero(t, system.Moved())
	assert.Empty(t, moved)
	assert.Equal(t, http.StatusNoContent, call(h.Callback(), "Bearer ring", resultBody))
	<-moved
}

func TestCallbacksAreChecked(t *testing.T) {
	t.Parallel()
	h := adapter(t, &billingtest.System{}, nil).Callback()
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
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/moves/x", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, recorder.Code)
}

func TestNoCallbackTokenMeansNoCallbacks(t *testing.T) {
	t.Parallel()
	h := adapter(t, &billingtest.System{}, func(s *billing.HTTPSettings) { s.CallbackToken = "" }).Callback()
	assert.Equal(t, http.StatusUnauthorized, call(h, "Bearer ", resultBody))
	assert.Equal(t, http.StatusUnauthorized, call(h, "", resultBody))
}

// A callback may arrive before the answer that says "accepted".
func TestEarlyCallbackIsNotMissed(t *testing.T) {
	t.Parallel()
	system := &billingtest.System{Token: "sesame", Accepts: true}
	var h *billing.HTTP
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			assert.Equal(t, http.StatusNoContent, call(h.Callback(), "Bearer ring", resultBody))
		}
		system.ServeHTTP(w, r)
	})
	settings := settingsFor(server)
	settings.Poll = 50 * time.Second
	h = connect(t, settings)
	_, err := h.Move(t.Context(), billingtest.Sample(0))
	require.NoError(t, err)
}
