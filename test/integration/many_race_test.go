//go:build race

package integration

// manyAway is how many transfers are requested while Temporal is away: fewer, because the race detector makes SQLite ten times
// slower.
const manyAway = 120
