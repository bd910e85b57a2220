package transfers

import (
	"cmp"
	"errors"
	"time"

	"handover/activities/failing"
	"handover/internal/billing"
	"handover/internal/transfer"
)

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
		return failing.RetryIn(errAway, away.RetryAfter)
	case errors.As(err, &accepted):
		return failing.RetryIn(errAccepted, cmp.Or(accepted.RetryAfter, a.askAfter(item, now)))
	case errors.Is(err, billing.ErrUnknown):
		return failing.RetryIn(errForgotten, restAfter(item.Attempts+1))
	case errors.Is(err, errBaseNotMoved):
		return failing.RetryIn(errBaseNotMoved, baseDelay(item, now))
	case !errors.As(err, &unavailable):
		return err
	}
	rest = cmp.Or(unavailable.RetryAfter, rest)
	switch {
	case unavailable.Cause == transfer.StillSyncing:
		return failing.RetryIn(errSyncing, rest)
	case item.Attempts < usualAttempts:
		return failing.RetryIn(errNotNow, rest)
	default:
		return failing.RetryLoudly(errNotNow, rest)
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
	return failing.Classified(err)
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

// errTooEarly keeps an item waiting that was attempted in bulk, or by a run that has begun afresh since.
var errTooEarly = errors.New("was attempted a moment ago")

// restOf is how long an item has to rest since its latest attempt, when this is the first one of its run: all items of a run
// that begins afresh would otherwise be attempted at once, however often they failed before.
func (a *Activities) restOf(item transfer.LineItem, try int32, now time.Time) time.Duration {
	switch {
	case try > 1:
		return 0
	case !item.AcceptedAt.IsZero():
		return item.AttemptedAt.Add(a.askAfter(item, now)).Sub(now)
	case item.Attempts == 0:
		return 0
	}
	return min(item.AttemptedAt.Add(restAfter(item.Attempts)).Sub(now), longestRest) // as without the new run
}

// longestRest is the longest time between two attempts.
const longestRest = time.Hour

// restAfter is how long an item is left alone that was attempted so often, ever longer.
func restAfter(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 12), longestRest)
}

// baseDelay is how soon an add-on that waits for its base looks again: soon at first, and never later than a minute, since
// the base may move any moment.
func baseDelay(item transfer.LineItem, now time.Time) time.Duration {
	const soonest, latest = 2 * time.Second, time.Minute
	if item.AttemptedAt.IsZero() {
		return soonest
	}
	return min(max(now.Sub(item.AttemptedAt)*2, soonest), latest)
}
