package transfers

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/activities/failing"
	"handover/internal/billing"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Window is a run of line items by ordinal, To excluded.
type Window struct {
	TransferID string `json:"transferId"`
	From       int    `json:"from"`
	To         int    `json:"to"`
}

// Moved is what became of the line items that were asked about, in counts, and which of them are to be gone on with one by one.
type Moved struct {
	Complete int               `json:"complete,omitempty"`
	Failed   int               `json:"failed,omitempty"`
	Open     transfer.Ordinals `json:"open,omitempty"`
}

// MoveWindow gives the line items their first attempt, all of them in one ledger transaction. An item that did not succeed is
// not an error: it stays InProgress and goes on by itself with MoveItem, and so does from the start every item of a billing
// system that is slow by nature, and every item that was attempted before. The step fails only when the ledger cannot be
// reached.
func (a *Activities) MoveWindow(ctx context.Context, transferID string, items transfer.Ordinals) (Moved, error) {
	t, facts, err := a.Ledger.MoveFacts(ctx, transferID, items.Numbers())
	if err != nil {
		return Moved{}, failing.Classified(err)
	}
	if !a.Mover.Immediate() || t.Status != transfer.InProgress {
		return movedOf(merge(facts, nil)), nil
	}
	fresh := slices.DeleteFunc(slices.Clone(facts), func(f transferstore.MoveFact) bool {
		return f.Item.Attempts > 0 || f.Item.Ending != transfer.NotEnding
	})
	attempted, err := a.attempt(ctx, t, fresh, quickLimit)
	if err != nil {
		return Moved{}, failing.Classified(err)
	}
	return movedOf(merge(facts, attempted.items)), nil
}

func movedOf(items []transfer.LineItem) Moved {
	var m Moved
	var open []int
	for _, item := range items {
		switch item.Status {
		case transfer.ItemComplete:
			m.Complete++
		case transfer.ItemFailed:
			m.Failed++
		default:
			open = append(open, item.Ordinal)
		}
	}
	m.Open = transfer.OrdinalsOf(open)
	return m
}

// MoveItem attempts one line item and fails until it is over: moved, refused for good or given up, each of which is a
// result, not a failure. Temporal repeats it without end, honouring the billing system's Retry-After. An
// item that an operator wants ended is left as it is: FenceItem ends it.
func (a *Activities) MoveItem(ctx context.Context, transferID string, ordinal int) (Moved, error) {
	if err := billing.Admits(a.Mover); err != nil { // before anything is read or written about it
		return Moved{}, a.again(err, transfer.LineItem{}, time.Time{})
	}
	stop := heartbeat(ctx)
	defer stop()
	t, facts, err := a.Ledger.MoveFacts(ctx, transferID, []int{ordinal})
	if err != nil {
		return Moved{}, failing.Classified(err)
	}
	item := facts[0].Item
	try := activity.GetInfo(ctx).Attempt
	if item.Status != transfer.ItemInProgress || item.Ending != transfer.NotEnding {
		if try > 1 {
			err = a.askAfterEnd(ctx, t, facts[0])
		}
		return movedOf([]transfer.LineItem{item}), a.unlessOver(err, item, facts[0].ReadAt)
	}
	if left := a.restOf(item, try, facts[0].ReadAt); left > 0 {
		return Moved{}, failing.RetryIn(errTooEarly, left)
	}
	attempted, err := a.attempt(ctx, t, facts, 0)
	if err != nil {
		return Moved{}, failing.Classified(err)
	}
	if err := attempted.failed[ordinal]; err != nil {
		return Moved{}, a.again(err, item, facts[0].ReadAt)
	}
	if len(attempted.items) > 0 {
		item = attempted.items[0]
	}
	if item.Status == transfer.ItemInProgress && item.Ending == transfer.NotEnding && len(attempted.items) > 0 {
		// The billing system said yes, but the ledger could not take its answer: an id that is in use already.
		taken := &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: item.LastError}
		return Moved{}, a.again(taken, item, facts[0].ReadAt)
	}
	return movedOf([]transfer.LineItem{item}), nil
}

// heartbeatEvery keeps a slow attempt alive: the server repeats it only when the worker is really gone.
const heartbeatEvery = 5 * time.Second

func heartbeat(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { close(done) }
}
