//go:build !race

package ledger

// mostRefused is how many refused commands leave nothing.
const mostRefused = 10_000

// mostWaiting is how many events wait for an endpoint that is switched off.
const mostWaiting = 100_000
