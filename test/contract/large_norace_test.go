//go:build !race

package contract

// mostItems is how many line items one submit may list.
const mostItems = 10_000
