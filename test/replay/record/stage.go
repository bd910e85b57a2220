package main

import (
	"context"
	"sync/atomic"
	"time"

	"handover/activities"
	"handover/internal/app"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/transfer"
	"handover/internal/world"
)

// stage is a real platform in this process, with a ledger whose clock can be put back for opening a transfer.
type stage struct {
	*platform.Platform
	clock *clock
}

func newStage(ctx context.Context) (*stage, error) {
	s := &stage{clock: &clock{}}
	var err error
	s.Platform, err = platform.Start(ctx, platform.Options{
		World: func() (ledger.World, error) { return world.Sample(), nil },
		Steps: func(steps *app.Steps) {
			if real, ok := steps.Ledger.(*ledger.Ledger); ok {
				steps.Ledger = pastOpening{Ledger: real, real: real, clock: s.clock}
			}
		},
	})
	return s, err
}

func (s *stage) close() { s.Stop() }

// clock says how far the opening of a transfer is put back.
type clock struct{ shift atomic.Int64 }

func (c *clock) set(shift time.Duration) { c.shift.Store(int64(shift)) }

// pastOpening opens transfers as if it had been done earlier; all else happens now.
type pastOpening struct {
	activities.Ledger
	real  *ledger.Ledger
	clock *clock
}

func (p pastOpening) OpenTransfer(ctx context.Context, r transfer.Request) (transfer.Transfer, error) {
	return p.real.At(time.Now().Add(time.Duration(p.clock.shift.Load()))).OpenTransfer(ctx, r)
}
