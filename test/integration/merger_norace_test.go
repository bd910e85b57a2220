//go:build !race

package integration

// mergerItems is how many line items a merger has.
const mergerItems = 5000
