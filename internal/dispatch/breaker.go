package dispatch

import "sync/atomic"

// openAfter is how many calls in a row have to find Temporal away before it is only asked now and then.
const openAfter = 5

// breaker counts the calls in a row that found Temporal away. While it is open, one run at a time finds out whether
// Temporal is back, and no other waits for a deadline.
type breaker struct{ inARow atomic.Int64 }

func (b *breaker) open() bool { return b.inARow.Load() >= openAfter }

// saw counts one call. A failure that is an answer says that Temporal is there.
func (b *breaker) saw(err error) {
	if err != nil && away(err) {
		b.inARow.Add(1)
		return
	}
	b.inARow.Store(0)
}
