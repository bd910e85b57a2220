package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// sent is what a client gets that asked for this media type.
func sent(e *Error, accept string) (http.Header, map[string]any) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("Accept", accept)
	e.write(w, r)
	var body map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &body)
	return w.Header(), body
}

// the shape of the wire contract.
func TestErrorShape(t *testing.T) {
	header, body := sent(fromRefusal(transfer.NoSuchTransfer().About("x")), "application/json")
	require.Equal(t, "application/json", header.Get("Content-Type"))
	require.Equal(t, map[string]any{
		"code": "900100", "description": transfer.NoSuchTransfer().Message, "source": "handover", "errorName": "TransferNotFound",
		"isRetryable": false, "data": []any{"x"},
	}, body)
}

// RFC 9457, for who asks for it.
func TestProblemShape(t *testing.T) {
	header, body := sent(fromRefusal(transfer.NoSuchTransfer()), "application/problem+json, application/json;q=0.5")
	require.Equal(t, "application/problem+json", header.Get("Content-Type"))
	require.Equal(t, map[string]any{
		"type": "/docs/errors#TransferNotFound", "title": "TransferNotFound", "status": 404.0, "detail": transfer.NoSuchTransfer().Message,
		"code": "900100", "isRetryable": false,
	}, body)
}

// R-108, wire-notes 7: a throttled answer has Retry-After, an error object, and the two fields that some clients read.
func TestThrottledShape(t *testing.T) {
	limits := newLimiter(1, 1)
	now := time.Now()
	require.NoError(t, limits.take("p", now))
	require.NoError(t, limits.take("another", now), "every partner has its own share")
	var refused *Error
	require.ErrorAs(t, limits.take("p", now), &refused)
	header, body := sent(refused, "")
	require.Equal(t, "2", header.Get("Retry-After"))
	require.Equal(t, 429.0, body["statusCode"])
	require.Equal(t, "Rate limit is exceeded. Try again in 2 seconds.", body["message"])
	require.Equal(t, body["message"], body["description"])
	require.Equal(t, true, body["isRetryable"])
	require.NoError(t, limits.take("p", now.Add(2*time.Second)))
}

// Streams are bounded per partner, and whoever stops following one may follow another.
func TestStreamsAreBounded(t *testing.T) {
	limits := newLimiter(0, 1)
	var leave func()
	for range mostStreams {
		var err error
		leave, err = limits.enter("p", "things")
		require.NoError(t, err)
	}
	var refused *Error
	_, err := limits.enter("p", "things")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusTooManyRequests, refused.GetStatus())
	_, err = limits.enter("another", "things")
	require.NoError(t, err)
	leave()
	_, err = limits.enter("p", "things")
	require.NoError(t, err)
}

func TestLimiterForgetsQuietPartners(t *testing.T) {
	limits := newLimiter(1, 1)
	now := time.Now()
	for i := range 1000 {
		require.NoError(t, limits.take(fmt.Sprint(i), now))
	}
	require.NoError(t, limits.take("last", now.Add(2*forgetAfter)))
	require.Len(t, limits.of, 1)
}

// Every cause has a code, a status and the rule it comes from; no two have one name.
func TestEveryCauseIsDocumented(t *testing.T) {
	seen := map[kernel.Cause]bool{}
	for _, c := range everyCause() {
		require.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
		require.NotEmpty(t, c.Code, c.Name)
		require.NotEmpty(t, c.Rule, c.Name)
		require.GreaterOrEqual(t, c.Status, 400, c.Name)
		require.Contains(t, errorsPage(), fmt.Sprintf("id=%q", c.Name))
	}
}

// Whatever goes wrong becomes an answer, and nothing of what was inside shows.
func TestExplain(t *testing.T) {
	a := &API{options: Options{Logger: zap.NewNop()}}
	for name, c := range map[string]struct {
		err       error
		status    int
		cause     string
		retryable bool
	}{
		"a refusal":            {transfer.NoSuchTransfer(), 404, "TransferNotFound", false},
		"wrapped":              {fmt.Errorf("x: %w", transfer.NoSuchTransfer()), 404, "TransferNotFound", false},
		"a decision under way": {kernel.Refuse(kernel.BeingProcessed, "wait"), 409, "BeingProcessed", true},
		"the ledger is away":   {fmt.Errorf("x: %w", store.ErrUnavailable), 503, "Unavailable", true},
		"something is locked":  {fmt.Errorf("x: %w", store.ErrLocked), 503, "Unavailable", true},
		"the client has gone":  {fmt.Errorf("x: %w", context.Canceled), 503, "Unavailable", true},
		"it took too long":     {fmt.Errorf("x: %w", context.DeadlineExceeded), 503, "Unavailable", true},
		"anything else":        {errors.New("dial 10.0.0.1 as secret"), 500, "Unexpected", false},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.explain(t.Context(), c.err)
			require.Equal(t, c.status, got.GetStatus())
			require.Equal(t, c.cause, got.ErrorName)
			require.Equal(t, c.retryable, got.IsRetryable)
			require.Equal(t, c.retryable, got.GetHeaders().Get("Retry-After") != "")
			require.NotContains(t, strings.ToLower(got.Description), "secret")
		})
	}
}
