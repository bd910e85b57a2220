//go:build race

package ledger

// mostRefused is how many refused commands leave nothing: fewer, because the race detector makes SQLite ten times slower.
const mostRefused = 1_000

// mostWaiting is how many events wait for an endpoint that is switched off.
const mostWaiting = 11_000
