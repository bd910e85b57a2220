//go:build race

package contract

// mostItems is fewer than one submit may list: the race detector makes SQLite thirty times slower, and finds what it finds.
const mostItems = 500
