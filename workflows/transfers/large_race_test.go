//go:build race

package transfers_test

// items are fewer under the race detector, which makes a file ledger some thirty times slower.
const items = 750
