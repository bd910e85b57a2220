//go:build !race

package integration

// manyAway is how many transfers are requested while Temporal is away. With their submits and cancels that is a thousand
// commands.
const manyAway = 572

// mergerItems is how many line items the largest transfer has, and waitingItems how many wait for a slow billing system.
const (
	mergerItems  = 2000
	waitingItems = 450
)
