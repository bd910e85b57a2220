//go:build race

package integration

// manyAway is how many transfers are requested while Temporal is away: fewer, because the race detector makes SQLite ten times
// slower.
const manyAway = 120

// mergerItems is how many line items the largest transfer has, and waitingItems how many wait for a slow billing system: fewer, for
// the same reason.
const (
	mergerItems  = 600
	waitingItems = 100
)
