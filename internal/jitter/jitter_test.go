package jitter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/jitter"
)

func TestFifth(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, 1, 4, 5, time.Second, 72 * time.Hour} {
		seen := map[time.Duration]bool{}
		for range 1000 {
			got := jitter.Fifth(d)
			assert.GreaterOrEqual(t, got, d-d/5)
			assert.LessOrEqual(t, got, d+d/5)
			seen[got] = true
		}
		assert.Equal(t, d >= 5, len(seen) > 1, d)
	}
}
