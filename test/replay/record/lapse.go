package main

import (
	"context"
	"sync/atomic"
	"time"

	activities "handover/activities/transfers"
	"handover/internal/ledger"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// clock is the ledger's, some time ahead of the machine's.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time              { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(ahead time.Duration) { c.ahead.Add(int64(ahead)) }

// soon is when the next thing becomes due while time lapses: short enough to wait for, long enough for a timer to be set.
const soon = time.Second

// lapse is the ledger as the steps see it. While time lapses, whatever a run is told to wait for comes soon: so its timers
// are real ones and fire, and nobody waits for a month.
type lapse struct {
	activities.Ledger
	clock  *clock
	lapses atomic.Bool
	away   atomic.Int32                  // this many looks fail
	before atomic.Pointer[ledger.Ledger] // an earlier state, that is put in the ledger's place
}

func (l *lapse) Look(ctx context.Context, id string, w transferstore.Watched) (transfer.Standing, error) {
	if l.away.Add(-1) >= 0 {
		return transfer.Standing{}, store.ErrUnavailable
	}
	look := l.Ledger.Look
	if earlier := l.before.Load(); earlier != nil {
		look = earlier.Look
	}
	now, err := look(ctx, id, w)
	if err != nil || !l.lapses.Load() || now.NextIn <= soon {
		return now, err
	}
	l.clock.advance(now.NextIn - soon)
	return look(ctx, id, w)
}
