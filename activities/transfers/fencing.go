package transfers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"handover/activities/failing"
	"handover/internal/billing"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
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
		return Moved{}, failing.Classified(err)
	}
	item := facts[0].Item
	if item.Status != transfer.ItemInProgress || item.Ending == transfer.NotEnding {
		return movedOf([]transfer.LineItem{item}), nil
	}
	result, unsettled := a.fence(ctx, t, facts[0])
	if isAway(unsettled) {
		return Moved{}, a.again(unsettled, item, facts[0].ReadAt)
	}
	if ctx.Err() != nil && unsettled != nil {
		return Moved{}, unsettled
	}
	if unsettled != nil {
		result.Failure = unsettled.Error()
	}
	recorded, err := a.Ledger.RecordItems(ctx, transferID, []transferstore.ItemResult{result})
	switch {
	case err != nil:
		return Moved{}, failing.Classified(err)
	case unsettled != nil:
		return Moved{}, a.fenceAgain(unsettled, facts[0])
	case recorded[0].Status == transfer.ItemInProgress:
		return a.fencedInVain(ctx, t, facts[0], recorded[0])
	}
	return movedOf(recorded), a.tellLate(ctx, transferID, []transferstore.ItemResult{result}, recorded)
}

// fencedInVain is what becomes of an item of which the billing system says that it has moved it, to an id that is in use already.
// That is no answer, and as long as silence may last it is asked again.
func (a *Activities) fencedInVain(ctx context.Context, t transfer.Transfer, f transferstore.MoveFact, item transfer.LineItem) (Moved, error) {
	if !isLate(f) {
		return Moved{}, a.fenceAgain(&billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: item.LastError}, f)
	}
	nobodyKnows := transferstore.ItemResult{Ordinal: item.Ordinal, Uncounted: true, Fence: transferstore.FenceUnanswered}
	recorded, err := a.Ledger.RecordItems(ctx, t.ID, []transferstore.ItemResult{nobodyKnows})
	return movedOf(recorded), failing.Classified(err)
}

// isLate tells that the billing system has left open for too long what becomes of the item.
func isLate(f transferstore.MoveFact) bool { return f.ReadAt.Sub(f.Item.EndingSince) > fenceFor }

// fenceAgain asks again, the later the longer it has been asked.
func (a *Activities) fenceAgain(err error, f transferstore.MoveFact) error {
	const soonest = time.Second
	var unavailable *billing.Unavailable
	rest := min(max(f.ReadAt.Sub(f.Item.EndingSince), soonest), longestRest)
	if errors.As(err, &unavailable) {
		return failing.RetryIn(errNotNow, cmp.Or(unavailable.RetryAfter, rest))
	}
	return err
}

// fence asks the billing system, and takes silence for no promise once it has lasted too long. What was never sent needs no
// promise.
func (a *Activities) fence(ctx context.Context, t transfer.Transfer, f transferstore.MoveFact) (transferstore.ItemResult, error) {
	item := f.Item
	result := transferstore.ItemResult{Ordinal: item.Ordinal, Uncounted: true}
	fencer, able := a.Mover.(billing.Fencer)
	switch {
	case item.SentAt.IsZero():
		result.Fence = transferstore.FencePromised
		return result, nil
	case !able:
		result.Fence = transferstore.FenceUnanswered
		return result, nil
	}
	moved, err := fencer.Fence(ctx, billing.Question{Key: item.KeyIn(t.ID), SubscriptionID: item.SubscriptionID})
	switch {
	case err == nil && moved != "":
		result.TargetSubscriptionID = moved
	case err == nil:
		result.Fence = transferstore.FencePromised
	case errors.Is(err, billing.ErrNoPromise), isSilence(err) && isLate(f):
		result.Fence = transferstore.FenceUnanswered
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
