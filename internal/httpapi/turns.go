package httpapi

import (
	"context"
	"sync"
	"time"
)

// mostWaiting bounds how many wait for one turn: each of them holds a body in memory.
const mostWaiting = 64

// Turns let one after the other do something under a key, in the order in which they came. Who decides about the
// same thing again and again waits here for itself, and not in the ledger, where it would hold up others too.
type Turns struct {
	mu sync.Mutex
	of map[string]*queue
}

// queue is who stands at one key.
type queue struct {
	first chan struct{} // full while somebody has the turn
	there int           // with the one who has the turn
}

// NewTurns are turns that nobody waits for.
func NewTurns() *Turns { return &Turns{of: map[string]*queue{}} }

// Take waits for the turn under the key and returns what ends it. Errors: the context's; TooManyRequests when too many wait already.
func (t *Turns) Take(ctx context.Context, key string) (end func(), err error) {
	q, err := t.join(key)
	if err != nil {
		return nil, err
	}
	select {
	case q.first <- struct{}{}:
		return func() { <-q.first; t.leave(key, q) }, nil
	case <-ctx.Done():
		t.leave(key, q)
		return nil, ctx.Err()
	}
}

func (t *Turns) join(key string) (*queue, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.of[key]
	if q == nil {
		q = &queue{first: make(chan struct{}, 1)}
		t.of[key] = q
	}
	if q.there > mostWaiting {
		return nil, Refuse(tooManyRequests, "%d of your requests about the same thing wait already. Repeat this one in a moment.", mostWaiting).again(time.Second)
	}
	q.there++
	return q, nil
}

func (t *Turns) leave(key string, q *queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.there--; q.there == 0 {
		delete(t.of, key)
	}
}
