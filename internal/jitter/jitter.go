// Package jitter keeps programs that began together from doing everything together. It knows no context.
package jitter

import (
	"math/rand/v2"
	"time"
)

// Fifth is the duration give or take a fifth, never twice the same; nothing of nothing.
func Fifth(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*(d/5)+1) //nolint:gosec // it spreads load, and nobody gains by guessing it
}
