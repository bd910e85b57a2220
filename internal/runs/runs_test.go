package runs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever claims a run again and again leaves it alone for ever longer, and never for the same time as others do.
func TestUntilAgain(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 6: 160 * time.Second, 7: 5 * time.Minute, 1000: 5 * time.Minute} {
		for range 100 {
			require.InDelta(t, want, untilAgain(attempt), float64(want/5))
		}
	}
}

// Pages of several kinds of run go on where the last one ended, in the order of the ids of workflows.
func TestWithin(t *testing.T) {
	type place struct {
		subject string
		more    bool
	}
	for after, want := range map[string]place{"": {"", true}, "b/1/end": {"1", true}, "b/": {"", true}, "a/9": {"", true}, "c/": {"", false}, "b0": {"", false}} {
		subject, more := Within(after, "b/", "/end")
		require.Equal(t, want, place{subject, more}, after)
	}
}
