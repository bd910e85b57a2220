//go:build race

package integration

// mergerItems is how many line items a merger has: fewer, because the race detector makes SQLite ten times slower.
const mergerItems = 1000
