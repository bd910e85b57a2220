package activities

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// failure classifies an error for Temporal, the one place where that is done. A refusal is final and expected, so it is
// not retried and pages nobody; everything else is retried.
func failure(err error) error {
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return RefusalError(refusal)
	}
	return err
}

// unlessPassing makes final what no repetition cures: an error that is neither the ledger's being away or held, nor the
// context's end. A command of a client must not keep its run from everything else.
func unlessPassing(ctx context.Context, err error) error {
	for _, passing := range []error{store.ErrUnavailable, store.ErrLocked, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, passing) {
			return err
		}
	}
	if activity.IsActivity(ctx) { // the history gets no word of it, which may be a party's
		activity.GetLogger(ctx).Error("A command that came through Temporal could not be taken to the ledger.", "error", err)
	}
	return temporal.NewNonRetryableApplicationError("the command could not be taken to the ledger; the worker's log says why", brokenType, nil)
}

// brokenType is the type of failures that no attempt cures.
const brokenType = "Broken"

// RefusalError carries a refusal through Temporal: the cause as type, the whole as details. RefusalOf is its inverse.
func RefusalError(r *kernel.Refusal) error {
	return temporal.NewApplicationErrorWithOptions(r.Message, string(r.Cause), temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Category:     temporal.ApplicationErrorCategoryBenign,
		Details:      []any{*r}, // by value: RefusalOf reads it back before it was ever serialised, too
	})
}

// RefusalOf finds the refusal inside an error that came through Temporal.
func RefusalOf(err error) (*kernel.Refusal, bool) {
	var direct *kernel.Refusal
	if errors.As(err, &direct) {
		return direct, true
	}
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.HasDetails() {
		return nil, false
	}
	var refusal kernel.Refusal
	unreadable := app.Details(&refusal)
	return &refusal, unreadable == nil && refusal.Cause != "" && string(refusal.Cause) == app.Type()
}

// usualAttempts is how many failures of one line item are nobody's concern: about the first minute of retries.
const usualAttempts = 6

// again asks for another attempt of a line item: when the billing system wants it, otherwise ever later. How often it was
// attempted is the ledger's to say: looks at what was accepted, and calls that were not made, count as attempts with Temporal.
// What outlives the usual attempts shows as an error in the worker's log and failure metrics, unless it is expected to take
// its time: a move that was accepted, a subscription that syncs, an add-on that waits for its base.
func (a *Activities) again(err error, item transfer.LineItem, now time.Time) error {
	var unavailable *billing.Unavailable
	var accepted *billing.AtWork
	var away *billing.Away
	rest := restAfter(item.Attempts + 1)
	if !item.AcceptedAt.IsZero() {
		rest = a.askAfter(item, now)
	}
	switch {
	case errors.As(err, &away):
		return waitFor(errAway, away.RetryAfter)
	case errors.As(err, &accepted):
		return waitFor(errAccepted, cmp.Or(accepted.RetryAfter, a.askAfter(item, now)))
	case errors.Is(err, billing.ErrUnknown):
		return waitFor(errForgotten, restAfter(item.Attempts+1))
	case errors.Is(err, errBaseNotMoved):
		return waitFor(errBaseNotMoved, baseDelay(item, now))
	case !errors.As(err, &unavailable):
		return err
	}
	rest = cmp.Or(unavailable.RetryAfter, rest)
	switch {
	case unavailable.Cause == transfer.StillSyncing:
		return waitFor(errSyncing, rest)
	case item.Attempts < usualAttempts:
		return waitFor(errNotNow, rest)
	default:
		options := temporal.ApplicationErrorOptions{NextRetryDelay: rest}
		return temporal.NewApplicationErrorWithOptions(errNotNow.Error(), unavailableType, options)
	}
}

// unlessOver asks for another attempt to hear what became of an item that has ended, unless nothing is left to hear.
func (a *Activities) unlessOver(err error, item transfer.LineItem, now time.Time) error {
	var unavailable *billing.Unavailable
	var away *billing.Away
	if errors.As(err, &unavailable) || errors.As(err, &away) {
		return a.again(err, item, now)
	}
	var accepted *billing.AtWork
	if errors.Is(err, billing.ErrUnknown) || errors.As(err, &accepted) {
		return nil
	}
	return failure(err)
}

// What a billing system says names subscriptions, and whatever else it likes. It stands in the ledger, as the line item's
// last error, and not in a history, where failures are kept.
var (
	errAway      = errors.New("the billing system is away, or too busy; it is asked later")
	errAccepted  = errors.New("the billing system is at work on it; it is asked again later")
	errForgotten = errors.New("the billing system knows nothing of it; it is asked to move it again")
	errSyncing   = errors.New("the subscription is still syncing at the billing system")
	errNotNow    = errors.New("the billing system did not take it now; the ledger has what it said")
)

// unavailableType is the type of failures that another attempt may cure.
const unavailableType = "Unavailable"

// waitFor asks for the next attempt after the delay, zero leaving it to the retry policy, and alarms nobody.
func waitFor(err error, delay time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(err.Error(), unavailableType, temporal.ApplicationErrorOptions{
		NextRetryDelay: delay,
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}
