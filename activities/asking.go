package activities

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/transfer"
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

func (a *Activities) askOne(ctx context.Context, t transfer.Transfer, f ledger.MoveFact) outcome {
	asker, able := a.Mover.(billing.Asker)
	if !able {
		return outcome{err: billing.ErrUnknown}
	}
	id, err := asker.Ask(ctx, billing.Question{Key: f.Item.KeyIn(t.ID), SubscriptionID: f.Item.SubscriptionID, Where: f.Item.AcceptedWhere})
	return outcome{targetID: id, err: err}
}

// unlessMoved is what a refusal of a post comes to. A billing system may refuse what it has moved under the key before, because
// it was asked in other words: after a restore of the ledger, say. So it is asked what became of the move before its no is
// believed, where it can be (I-8).
func (a *Activities) unlessMoved(ctx context.Context, t transfer.Transfer, f ledger.MoveFact, refusal *transfer.Refusal) outcome {
	asked := a.askOne(ctx, t, f)
	var again *transfer.Refusal
	var unavailable *billing.Unavailable
	switch {
	case errors.Is(asked.err, billing.ErrUnknown), errors.As(asked.err, &again),
		errors.As(asked.err, &unavailable) && unavailable.Of == billing.OfTheMove: // such a question may be new to it
		return outcome{err: refusal}
	}
	return asked
}

// tellLate takes to the ledger what the billing system said of items that had ended as Failed meanwhile (I-8). Operators are told of
// one that it moved although it had ended.
func (a *Activities) tellLate(ctx context.Context, id string, results []ledger.ItemResult, recorded []transfer.LineItem) error {
	if a.Mover.Immediate() { // where the ledger is the billing system, it has moved nothing that it did not take
		return nil
	}
	ended := map[int]transfer.LineItem{}
	for _, item := range recorded {
		if item.Status == transfer.ItemFailed {
			ended[item.Ordinal] = item
		}
	}
	for _, r := range results {
		item, failed := ended[r.Ordinal]
		moved, refused := r.TargetSubscriptionID != "", r.Refusal != nil && r.Refusal.Cause == transfer.ProviderRefused
		settles := moved || refused && item.Held
		if !failed || !settles {
			continue
		}
		changed, err := a.Ledger.AnsweredLate(ctx, id, ledger.LateAnswer{Ordinal: r.Ordinal, MovedTo: r.TargetSubscriptionID})
		if err != nil {
			return err
		}
		if moved && (changed || item.LateID != "") {
			activity.GetMetricsHandler(ctx).Counter("handover_items_moved_after_end").Inc(1)
			activity.GetLogger(ctx).Error("The billing system moved a line item that had ended as Failed.",
				"transfer", id, "item", r.Ordinal, "targetSubscription", r.TargetSubscriptionID)
		}
	}
	return nil
}
