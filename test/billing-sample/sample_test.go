package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/billing/contract"
)

const token = "sesame"

// clock is a time that passes when a test says so.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// newSystem is a system on a fresh file, whose time stands still.
func newSystem(t *testing.T, o options) (*system, *clock) {
	t.Helper()
	o.token = token
	moves, err := openBook(t.Context(), filepath.Join(t.TempDir(), "moves?1 %41.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, moves.close()) })
	c := &clock{time.Date(2024, 6, 15, 9, 30, 0, 0, time.UTC)}
	return &system{options: o, moves: moves, now: c.now, log: log.New(io.Discard, "", 0)}, c
}

// sample is a move of the subscription.
func sample(subscription string) order {
	var o order
	o.Key, o.Subscription.ID = uuid.NewString()+"/"+subscription, subscription
	o.SourcePartnerTenantID, o.TargetPartnerTenantID = uuid.NewString(), uuid.NewString()
	return o
}

// ask sends one request and returns the answer, with its body's fields.
func ask(t *testing.T, s *system, method, path string, body any) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	content := []byte{}
	if body != nil {
		var err error
		content, err = json.Marshal(body)
		require.NoError(t, err)
	}
	request := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(content))
	request.Header.Set("Authorization", "Bearer "+token)
	if o, ok := body.(order); ok {
		request.Header.Set("Idempotency-Key", o.Key)
	}
	w := httptest.NewRecorder()
	s.door().ServeHTTP(w, request)
	fields := map[string]any{}
	if w.Body.Len() > 0 {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &fields))
	}
	return w, fields
}

func pathOf(o order) string { return "/moves/" + url.PathEscape(o.Key) }

// Both kinds of system keep the contract.
func TestTheSampleKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, takes := range []time.Duration{0, 400 * time.Millisecond} {
		t.Run(fmt.Sprintf("takes %s", takes), func(t *testing.T) {
			t.Parallel()
			s, _ := newSystem(t, options{takes: takes})
			s.now = time.Now
			ctx, stop := context.WithCancel(t.Context())
			finished := make(chan error, 1)
			go func() { finished <- s.every(ctx, lookEvery, s.finish) }()
			t.Cleanup(func() {
				stop()
				assert.NoError(t, <-finished)
			})
			server := httptest.NewServer(s.door())
			t.Cleanup(server.Close)
			p, err := contract.NewPeer(contract.Settings{BaseURL: server.URL, Token: token, Patience: time.Minute})
			require.NoError(t, err)
			results, err := contract.Run(t.Context(), p)
			require.NoError(t, err)
			for _, r := range results {
				assert.NotEqual(t, contract.Broken, r.Outcome, "%s: %s", r.Clause.Name, r.Says)
			}
		})
	}
}

func TestAMoveThatTakesItsTime(t *testing.T) {
	t.Parallel()
	s, clock := newSystem(t, options{takes: 25 * time.Second})
	o := sample(uuid.NewString())
	w, _ := ask(t, s, http.MethodPost, "/moves", o)
	assert.Equal(t, http.StatusAccepted, w.Code)
	assert.Equal(t, pathOf(o), w.Header().Get("Location"))
	assert.Equal(t, "25", w.Header().Get("Retry-After"))

	clock.at = clock.at.Add(24800 * time.Millisecond)
	require.NoError(t, s.finish(t.Context()))
	w, _ = ask(t, s, http.MethodGet, pathOf(o), nil)
	assert.Equal(t, http.StatusAccepted, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))

	clock.at = clock.at.Add(200 * time.Millisecond)
	require.NoError(t, s.finish(t.Context()))
	w, told := ask(t, s, http.MethodGet, pathOf(o), nil)
	assert.Equal(t, http.StatusOK, w.Code)
	_, again := ask(t, s, http.MethodPost, "/moves", o)
	assert.Equal(t, told, again)
	require.NoError(t, uuid.Validate(fmt.Sprint(told["subscriptionId"])))
}

// Whatever the keys are, a subscription moves once: another key waits while it is at work, and is refused when it is done.
func TestASubscriptionMovesOnce(t *testing.T) {
	t.Parallel()
	s, clock := newSystem(t, options{takes: time.Second})
	subscription := uuid.NewString()
	first, second, third := sample(subscription), sample(subscription), sample(subscription)
	w, _ := ask(t, s, http.MethodPost, "/moves", first)
	require.Equal(t, http.StatusAccepted, w.Code)
	w, no := ask(t, s, http.MethodPost, "/moves", second)
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.Equal(t, "900278", no["code"])

	w, _ = ask(t, s, http.MethodDelete, pathOf(first), nil)
	require.Equal(t, http.StatusNoContent, w.Code)
	w, _ = ask(t, s, http.MethodPost, "/moves", second)
	assert.Equal(t, http.StatusAccepted, w.Code, "what was withdrawn is out of the way")
	clock.at = clock.at.Add(time.Minute)
	require.NoError(t, s.finish(t.Context()))

	for range 2 {
		w, no = ask(t, s, http.MethodPost, "/moves", third)
		assert.Equal(t, http.StatusConflict, w.Code)
		assert.Equal(t, "moved-already", no["code"])
	}
	w, _ = ask(t, s, http.MethodDelete, pathOf(third), nil)
	assert.Equal(t, http.StatusNoContent, w.Code, "what was refused never moves")
	_, no = ask(t, s, http.MethodGet, pathOf(third), nil)
	assert.Equal(t, "moved-already", no["code"])
}

// What was withdrawn at work is not done when it is due.
func TestAPromiseStopsTheWork(t *testing.T) {
	t.Parallel()
	s, clock := newSystem(t, options{takes: time.Second})
	o := sample(uuid.NewString())
	_, _ = ask(t, s, http.MethodPost, "/moves", o)
	keys, err := s.moves.keys(t.Context(), `SELECT key FROM moves WHERE due_at > ?`, clock.at)
	require.NoError(t, err)
	require.Equal(t, []string{o.Key}, keys)
	w, _ := ask(t, s, http.MethodDelete, pathOf(o), nil)
	require.Equal(t, http.StatusNoContent, w.Code)

	clock.at = clock.at.Add(time.Hour)
	require.NoError(t, s.moves.finish(t.Context(), o.Key, clock.at, true), "also when it was found due just before")
	w, no := ask(t, s, http.MethodGet, pathOf(o), nil)
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.Equal(t, "fenced", no["code"])
}

// A book that cannot be read makes nobody believe anything.
func TestABrokenBookSaysAskAgain(t *testing.T) {
	t.Parallel()
	s, _ := newSystem(t, options{})
	require.NoError(t, s.moves.close())
	o := sample(uuid.NewString())
	for method, path := range map[string]string{http.MethodPost: "/moves", http.MethodGet: pathOf(o), http.MethodDelete: pathOf(o)} {
		w, _ := ask(t, s, method, path, o)
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.NotEmpty(t, w.Header().Get("Retry-After"))
	}
}

func TestCommandLinesAreChecked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "moves.db")
	for _, c := range []struct {
		args string
		want int
	}{
		{"serve --data " + file + " --token=", 2},
		{"serve --data " + file + " --token x --takes -1s", 2},
		{"serve --data " + file + " --token x --listen nowhere", 1},
		{"serve --data " + t.TempDir() + " --token x", 1},
		{"serve --unknown", 2},
		{"check --url ftp://x", 2},
		{"check --url http://x -o xml", 2},
	} {
		cmd := command()
		cmd.SetArgs(strings.Fields(c.args))
		err := cmd.ExecuteContext(t.Context())
		require.Error(t, err, c.args)
		assert.Equal(t, c.want, exitStatus(err), "%s: %v", c.args, err)
	}
}
