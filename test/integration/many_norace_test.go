//go:build !race

package integration

// manyAway is how many transfers are requested while Temporal is away. With their submits and cancels that is a thousand
// commands.
const manyAway = 572
