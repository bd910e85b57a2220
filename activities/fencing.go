package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/transfer"
)

// fenceFor is how long a billing system may leave the question open whether it moves an item that was given up.
const fenceFor = 72 * time.Hour

// FenceItem ends a line item that was given up although a billing system had been asked to move it: moved, when it turns out
// that it did; Failed and its subscription free, when it promises that it never will; Failed and its subscription held, when
// it cannot promise or has not answered for 72 hours. Until then the step fails, and is repeated.
func (a *Activities) FenceItem(ctx context.Context, transferID string, ordinal int) (Moved, error) {
	stop := heartbeat(ctx)
	defer stop()
	t, facts, err := a.Ledger.MoveFacts(ctx, transferID, []int{ordinal})
	if err != nil {
		return Moved{}, failure(err)
	}
	item := facts[0].Item
	if item.Status != transfer.ItemInProgress || item.Ending == transfer.NotEnding {
		return movedOf([]transfer.LineItem{item}), nil
	}
	result, unsettled := a.fence(ctx, t, facts[0])
	if unsettled != nil {
		switch {
		case ctx.Err() != nil:
			return Moved{}, unsettled
		case isAway(unsettled):
			return Moved{}, a.again(unsettled, item, facts[0].ReadAt, activity.GetInfo(ctx).Attempt)
		}
		result.Failure = unsettled.Error()
	}
	recorded, err := a.Ledger.RecordItems(ctx, transferID, []ledger.ItemResult{result})
	if err != nil {
		return Moved{}, failure(err)
	}
	if unsettled != nil {
		return Moved{}, a.again(unsettled, item, facts[0].ReadAt, activity.GetInfo(ctx).Attempt)
	}
	return movedOf(recorded), nil
}

// fence asks the billing system, and takes silence for no promise once it has lasted too long.
func (a *Activities) fence(ctx context.Context, t transfer.Transfer, f ledger.MoveFact) (ledger.ItemResult, error) {
	item := f.Item
	result := ledger.ItemResult{Ordinal: item.Ordinal, Uncounted: true}
	fencer, able := a.Mover.(billing.Fencer)
	if !able {
		result.Fence = ledger.FenceUnanswered
		return result, nil
	}
	moved, err := fencer.Fence(ctx, item.KeyIn(t.ID))
	switch {
	case err == nil && moved != "":
		result.TargetSubscriptionID = moved
	case err == nil:
		result.Fence = ledger.FencePromised
	case errors.Is(err, billing.ErrNoPromise), isSilence(err) && f.ReadAt.Sub(item.EndingSince) > fenceFor:
		result.Fence = ledger.FenceUnanswered
	default:
		return result, fmt.Errorf("ask the billing system not to move the line item: %w", err)
	}
	return result, nil
}

// isSilence tells of a billing system that does not answer, be it that it was asked or that it is known to be away.
func isSilence(err error) bool {
	var unavailable *billing.Unavailable
	var away *billing.Away
	return errors.As(err, &unavailable) || errors.As(err, &away) && !away.Since.IsZero()
}
