package answers

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"handover/internal/billing"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const (
	heldFirst = time.Minute
	heldEvery = time.Hour
	// heldAtOnce is how many held line items are read at once.
	heldAtOnce = 100
)

func (t *Taker) watch(ctx context.Context) {
	for next := heldFirst; pause(ctx, next); next = heldEvery {
		settled, err := t.AskHeld(ctx)
		if err != nil && ctx.Err() == nil {
			t.Logger.Warn("The billing system could not be asked about held line items.", zap.Error(err))
		}
		if settled > 0 {
			t.Logger.Info("Held line items are resolved.", zap.Int("items", settled))
		}
	}
}

// AskHeld asks once more about every held line item, and tells how many of them that settled. It asks for the promise never to
// move them first: a billing system that was away may give it now. Errors: the ledger's; the billing system's when it is
// away.
func (t *Taker) AskHeld(ctx context.Context) (settled int, err error) {
	after := transferstore.Sent{LineItem: transfer.LineItem{Ordinal: -1}}
	for {
		held, err := t.Book.HeldItems(ctx, after, heldAtOnce)
		if err != nil || len(held) == 0 {
			return settled, err
		}
		for _, of := range held {
			after = of
			done, err := t.askAboutHeld(ctx, of)
			if err != nil {
				return settled, err
			}
			if done {
				settled++
			}
		}
	}
}

// askAboutHeld asks about one held line item. What goes wrong with one of them must not keep the others from being asked about; only
// a billing system that is known to be away is left alone.
func (t *Taker) askAboutHeld(ctx context.Context, of transferstore.Sent) (settled bool, err error) {
	a, known, err := t.fence(ctx, of)
	if err != nil || !known {
		var away *billing.Away
		if errors.As(err, &away) || ctx.Err() != nil {
			return false, err
		}
		return false, nil
	}
	late, err := t.Book.AnsweredLate(ctx, of.TransferID, transferstore.LateAnswer{Ordinal: of.Ordinal, MovedTo: a.movedTo})
	if late == transferstore.LateContradicted && t.Contradicted != nil {
		t.Contradicted(transferstore.Contradiction{TransferID: of.TransferID, Ordinal: of.Ordinal, TargetSubscriptionID: a.movedTo})
	}
	return late == transferstore.LateResolved, err
}

// fence asks for the promise, and where there is none, what became of the move.
func (t *Taker) fence(ctx context.Context, of transferstore.Sent) (a answer, known bool, err error) {
	a.of = of
	if t.Fencer != nil {
		a.movedTo, err = t.Fencer.Fence(ctx, billing.Question{Key: of.Key(), SubscriptionID: of.SubscriptionID})
		switch {
		case err == nil:
			return a, true, nil
		case !errors.Is(err, billing.ErrNoPromise):
			return a, false, err
		}
	}
	a, known = t.askOne(ctx, of)
	return a, known, nil
}
