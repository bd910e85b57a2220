package httpapi

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waiting tells how many wait under the key, or have the turn.
func (t *Turns) waiting(key string) int {
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
	turns := NewTurns()
	end, err := turns.Take(t.Context(), "a")
	require.NoError(t, err)
	var mu sync.Mutex
	var order []int
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			end, err := turns.Take(t.Context(), "a")
			if assert.NoError(t, err) {
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				end()
			}
		})
		require.Eventually(t, func() bool { return turns.waiting("a") == i+2 }, time.Minute, time.Millisecond)
	}
	other, err := turns.Take(t.Context(), "b")
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
	turns := NewTurns()
	end, err := turns.Take(t.Context(), "a")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range mostWaiting {
		all.Go(func() {
			_, err := turns.Take(ctx, "a")
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
	require.Eventually(t, func() bool { return turns.waiting("a") == mostWaiting+1 }, time.Minute, time.Millisecond)
	_, err = turns.Take(t.Context(), "a")
	assertCause(t, tooManyRequests, err, "one more")
	var refused *Error
	require.ErrorAs(t, err, &refused)
	require.NotEmpty(t, refused.GetHeaders().Get("Retry-After"))
	cancel()
	all.Wait()
	end()
	require.Empty(t, turns.of)
}
