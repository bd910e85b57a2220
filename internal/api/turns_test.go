package api

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

// waiting tells how many wait under the key, or have the turn.
func (t *turns) waiting(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.of[key]; q != nil {
		return q.there
	}
	return 0
}

// One at a time, in the order in which they came; under another key nobody waits; and nothing is left of a key that nobody
// uses any more.
func TestTurns(t *testing.T) {
	turns := newTurns()
	end, err := turns.take(t.Context(), "a")
	require.NoError(t, err)
	var mu sync.Mutex
	var order []int
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			end, err := turns.take(t.Context(), "a")
			if assert.NoError(t, err) {
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				end()
			}
		})
		require.Eventually(t, func() bool { return turns.waiting("a") == i+2 }, time.Minute, time.Millisecond)
	}
	other, err := turns.take(t.Context(), "b")
	require.NoError(t, err)
	require.Empty(t, order)
	end()
	all.Wait()
	other()
	require.True(t, slices.IsSorted(order), order)
	require.Len(t, order, 10)
	require.Empty(t, turns.of)
}

// Who goes away leaves the queue, and beyond the bound nobody is let in.
func TestTurnsAreBounded(t *testing.T) {
	turns := newTurns()
	end, err := turns.take(t.Context(), "a")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range mostWaiting {
		all.Go(func() {
			_, err := turns.take(ctx, "a")
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
	require.Eventually(t, func() bool { return turns.waiting("a") == mostWaiting+1 }, time.Minute, time.Millisecond)
	_, err = turns.take(t.Context(), "a")
	assertCause(t, tooManyRequests, err, "one more")
	var refused *Error
	require.ErrorAs(t, err, &refused)
	require.NotEmpty(t, refused.GetHeaders().Get("Retry-After"))
	cancel()
	all.Wait()
	end()
	require.Empty(t, turns.of)
}

// A party's decisions about a transfer wait for one another; the other party's do not wait for them.
func TestDecisionsTakeTurns(t *testing.T) {
	t.Parallel()
	s := setStage(t, 2, 2)
	at := s.pending(0)
	key := world.LargeSource + " " + path.Base(at)
	end, err := s.api.turns.take(t.Context(), key)
	require.NoError(t, err)
	heard := make(chan reply, 2)
	for i := range cap(heard) {
		go func() { heard <- s.hears(s.Context(), deciding(bySource, at, listing(0, 2), fmt.Sprint(i))) }()
	}
	require.Eventually(t, func() bool { return s.api.turns.waiting(key) == cap(heard)+1 }, time.Minute, time.Millisecond)

	s.gets(deciding(bySource, s.pending(1), listing(1, 2), "k"), http.StatusOK)
	s.gets(deciding(byTarget, at, cancelling, "k"), http.StatusOK)
	require.Empty(t, heard)
	end()
	for range cap(heard) {
		r := <-heard
		require.Equal(t, http.StatusBadRequest, r.status, r.complete)
		require.Equal(t, "900102", r.code(t))
	}
}
