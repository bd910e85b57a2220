package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call is one callback as Handover gets it.
type call struct{ method, path, authorization, body string }

// handover answers callbacks with the statuses in turn, then with the last of them.
func handover(t *testing.T, statuses ...int) (address string, calls *[]call) {
	t.Helper()
	calls = &[]call{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		*calls = append(*calls, call{r.Method, r.URL.EscapedPath(), r.Header.Get("Authorization"), string(body)})
		w.WriteHeader(statuses[min(len(*calls), len(statuses))-1])
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

// accepted has a system that takes a minute and calls back do one move.
func accepted(t *testing.T, address string) (*system, *clock, order, string) {
	t.Helper()
	s, clock := newSystem(t, options{takes: time.Minute, callback: address + "/", callbackToken: "ring"})
	o := sample(uuid.NewString())
	w, _ := ask(t, s, http.MethodPost, "/moves", o)
	require.Equal(t, http.StatusAccepted, w.Code)
	clock.at = clock.at.Add(time.Minute)
	require.NoError(t, s.finish(t.Context()))
	_, told := ask(t, s, http.MethodGet, pathOf(o), nil)
	id, _ := told["subscriptionId"].(string)
	require.NotEmpty(t, id)
	return s, clock, o, id
}

func TestCallsAreRepeatedUntilTheyAreHeard(t *testing.T) {
	t.Parallel()
	address, calls := handover(t, http.StatusServiceUnavailable, http.StatusUnauthorized, http.StatusNoContent)
	s, clock, o, id := accepted(t, address)
	for _, step := range []struct {
		later time.Duration
		calls int
	}{{0, 1}, {0, 1}, {time.Second, 2}, {time.Second, 2}, {time.Second, 3}, {time.Hour, 3}} {
		clock.at = clock.at.Add(step.later)
		require.NoError(t, s.callBack(t.Context()))
		require.Len(t, *calls, step.calls)
	}
	for _, c := range *calls {
		assert.Equal(t, call{http.MethodPost, pathOf(o), "Bearer ring", `{"subscriptionId":"` + id + `"}`}, c)
	}
}

// Nobody is called for ever: a lost call costs time and nothing else.
func TestCallsEnd(t *testing.T) {
	t.Parallel()
	address, calls := handover(t, http.StatusNotFound)
	s, clock, _, _ := accepted(t, address)
	for range 2 * mostCalls {
		require.NoError(t, s.callBack(t.Context()))
		clock.at = clock.at.Add(longestWait)
	}
	assert.Len(t, *calls, mostCalls)
}

// What is answered at once needs no call, and without an address there is nobody to call.
func TestNobodyIsCalledInVain(t *testing.T) {
	t.Parallel()
	address, calls := handover(t, http.StatusNoContent)
	s, clock := newSystem(t, options{callback: address})
	_, _ = ask(t, s, http.MethodPost, "/moves", sample(uuid.NewString()))
	s.options.takes, s.options.callback = time.Second, ""
	_, _ = ask(t, s, http.MethodPost, "/moves", sample(uuid.NewString()))
	clock.at = clock.at.Add(time.Hour)
	require.NoError(t, s.finish(t.Context()))
	s.options.callback = address
	require.NoError(t, s.callBack(t.Context()))
	assert.Empty(t, *calls)
}
