package transfers

import (
	"cmp"
	"context"
	"errors"
	"time"

	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// How soon a billing system is asked about a move that it accepted, when neither it nor the deployment says.
const (
	usuallyAsked = 5 * time.Second
	seldomAsked  = 5 * time.Minute
)

// askAfter is how long an accepted move is left alone: the longer it has taken, the longer, since thousands may be waiting for.
// A callback comes in between.
func (a *Activities) askAfter(item transfer.LineItem, now time.Time) time.Duration {
	soonest := cmp.Or(a.AskEvery, usuallyAsked)
	if item.AcceptedAt.IsZero() {
		return soonest
	}
	return max(soonest, min(now.Sub(item.AcceptedAt)/2, seldomAsked))
}

// isAsked tells whether the item's billing system is at work on it, and is asked what became of that instead of being asked
// to move it.
func (a *Activities) isAsked(item transfer.LineItem) bool {
	_, able := a.Mover.(billing.Asker)
	return able && !item.AcceptedAt.IsZero()
}

func (a *Activities) askOne(ctx context.Context, t transfer.Transfer, f transferstore.MoveFact) outcome {
	asker, able := a.Mover.(billing.Asker)
	if !able {
		return outcome{err: billing.ErrUnknown}
	}
	id, err := asker.Ask(ctx, billing.Question{Key: f.Item.KeyIn(t.ID), SubscriptionID: f.Item.SubscriptionID, Where: f.Item.AcceptedWhere})
	return outcome{targetID: id, err: err}
}

// unlessMoved is what a refusal of a post comes to. A billing system may refuse what it has moved under the key before, because
// it was asked in other words, after a restore of the ledger, say; or what it is at work on, in words that we take for a no.
// So it is asked what became of the move before its no is believed. One that says it knows nothing is believed only when no
// earlier post can still be under way: otherwise the item ends by a fence (I-8).
func (a *Activities) unlessMoved(ctx context.Context, t transfer.Transfer, f transferstore.MoveFact, refusal *kernel.Refusal) outcome {
	asked := a.askOne(ctx, t, f)
	var again *kernel.Refusal
	var unavailable *billing.Unavailable
	switch {
	case errors.As(asked.err, &again):
		return outcome{err: refusal}
	case errors.Is(asked.err, billing.ErrUnknown),
		errors.As(asked.err, &unavailable) && unavailable.Foreign(): // a billing system that has no such question
		return outcome{err: refusal, uncertain: !f.Item.SentAt.IsZero()}
	}
	return asked
}

// tellLate takes to the ledger what the billing system said of items that had ended otherwise meanwhile (I-8).
func (a *Activities) tellLate(ctx context.Context, id string, results []transferstore.ItemResult, recorded []transfer.LineItem) error {
	if a.Mover.Immediate() { // where the ledger is the billing system, it has moved nothing that it did not take
		return nil
	}
	found, err := a.Ledger.TakeLate(ctx, id, results, recorded)
	if a.Contradicted != nil {
		for _, c := range found {
			a.Contradicted(c)
		}
	}
	return err
}

// askAfterEnd asks once more about an item that ended as Failed between two attempts, because the answer to the one before may be
// lost. What it says then counts.
func (a *Activities) askAfterEnd(ctx context.Context, t transfer.Transfer, f transferstore.MoveFact) error {
	if _, able := a.Mover.(billing.Asker); !able || f.Item.Status != transfer.ItemFailed || f.Item.SentAt.IsZero() {
		return nil
	}
	said := a.askOne(ctx, t, f)
	result, failed := said.result(f.Item.Ordinal)
	if failed != nil {
		return failed
	}
	return a.tellLate(ctx, t.ID, []transferstore.ItemResult{result}, []transfer.LineItem{f.Item})
}
