//go:build !race

package ledger

// mostRefused is how many refused commands leave nothing.
const mostRefused = 10_000
