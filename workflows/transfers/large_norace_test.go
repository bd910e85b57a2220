//go:build !race

package transfers_test

// items is how many line items are given up at once.
const items = 2_500
