package transfers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/activities/failing"
	"handover/internal/billing"
	"handover/internal/kernel"
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

// attempts is what one round made of its items: how they stand, and what went wrong with those that did not end.
type attempts struct {
	items  []transfer.LineItem
	failed map[int]error
}

// attempt moves the items in the billing system side by side and records all results in one transaction. The limit
// bounds each item's share; zero leaves it to the context. Items that got no leave to go to a billing system are left out.
func (a *Activities) attempt(ctx context.Context, t transfer.Transfer, facts []transferstore.MoveFact, limit time.Duration) (attempts, error) {
	facts, err := a.withLeave(ctx, t, facts)
	if err != nil || len(facts) == 0 {
		return attempts{}, err
	}
	outcomes := a.moveAll(ctx, t, facts, limit)
	stopped, cutOff := ctx.Err(), false
	// What was answered is recorded, also when nobody waits for it any more: an item that ended meanwhile may have moved.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	round := attempts{failed: map[int]error{}}
	var results []transferstore.ItemResult
	for i, fact := range facts {
		if fact.Item.Status != transfer.ItemInProgress {
			continue
		}
		if stopped != nil && errors.Is(outcomes[i].err, stopped) {
			cutOff = true
			continue
		}
		result, failed := outcomes[i].result(fact.Item.Ordinal)
		if failed != nil {
			round.failed[fact.Item.Ordinal] = failed
		}
		if !isAway(failed) {
			results = append(results, result)
		}
	}
	if len(results) > 0 {
		recorded, err := a.Ledger.RecordItems(ctx, t.ID, results)
		if err != nil {
			return attempts{}, err
		}
		round.items = merge(facts, recorded)
		if err := a.tellLate(ctx, t.ID, results, recorded); err != nil {
			return attempts{}, err
		}
	}
	if cutOff {
		return attempts{}, stopped
	}
	return round, nil
}

// recordWithin bounds the ledger's part of a round, which also one that was told to stop gets.
const recordWithin = 10 * time.Second

// isAway tells of a call that was not made after all: nothing is recorded of it.
func isAway(err error) bool {
	var away *billing.Away
	return errors.As(err, &away)
}

// withLeave are the items that may go to the billing system now. Where that is not the ledger, leave is a committed fact
// before every call, so that whoever ends an item knows whether the billing system may be at work on it.
func (a *Activities) withLeave(ctx context.Context, t transfer.Transfer, facts []transferstore.MoveFact) ([]transferstore.MoveFact, error) {
	if a.Mover.Immediate() || len(facts) == 0 {
		return facts, nil
	}
	here := map[int]bool{}
	for _, f := range facts {
		here[f.Item.Ordinal] = true
	}
	// Nobody is asked to move what was accepted or may not move any more, nor an add-on whose base neither moved nor is about to.
	stays := func(f transferstore.MoveFact) bool {
		return a.isAsked(f.Item) || transfer.CheckMovable(t, f.Old) != nil || f.Item.BaseOrdinal != transfer.NoBase && f.BaseStatus != transfer.ItemComplete && !here[f.Item.BaseOrdinal]
	}
	var leaving []int
	for _, f := range facts {
		if !stays(f) {
			leaving = append(leaving, f.Item.Ordinal)
		}
	}
	if len(leaving) == 0 {
		return facts, nil
	}
	granted, err := a.Ledger.Leave(ctx, t.ID, leaving)
	return slices.DeleteFunc(slices.Clone(facts), func(f transferstore.MoveFact) bool { return !stays(f) && !granted[f.Item.Ordinal] }), err
}

// merge is every item of the round as it stands now, those that had ended before included.
func merge(facts []transferstore.MoveFact, recorded []transfer.LineItem) []transfer.LineItem {
	now := make(map[int]transfer.LineItem, len(recorded))
	for _, item := range recorded {
		now[item.Ordinal] = item
	}
	items := make([]transfer.LineItem, len(facts))
	for i, fact := range facts {
		items[i] = fact.Item
		if item, ok := now[fact.Item.Ordinal]; ok {
			items[i] = item
		}
	}
	return items
}

// outcome is the billing system's answer for one item.
type outcome struct {
	targetID  string
	err       error
	uncertain bool // the refusal may not be about all that the billing system was asked
}

// errBaseNotMoved keeps an add-on waiting: it moves only after its base.
var errBaseNotMoved = errors.New("waits for its base subscription to move first")

// baseDelay is how soon an add-on that waits for its base looks again: soon at first, and never later than a minute, since
// the base may move any moment.
func baseDelay(item transfer.LineItem, now time.Time) time.Duration {
	const soonest, latest = 2 * time.Second, time.Minute
	if item.AttemptedAt.IsZero() {
		return soonest
	}
	return min(max(now.Sub(item.AttemptedAt)*2, soonest), latest)
}

// result turns the outcome into what the ledger records, and the error with which the attempt is to be repeated, if any.
func (o outcome) result(ordinal int) (transferstore.ItemResult, error) {
	r := transferstore.ItemResult{Ordinal: ordinal, TargetSubscriptionID: o.targetID}
	var refusal *kernel.Refusal
	var accepted *billing.AtWork
	switch {
	case o.err == nil:
		return r, nil
	case errors.As(o.err, &refusal):
		r.Refusal, r.Uncertain = refusal, o.uncertain
		return r, nil
	case errors.Is(o.err, errBaseNotMoved):
		r.Uncounted = true
	case errors.As(o.err, &accepted):
		r.Uncounted, r.Acceptance, r.Where = true, transferstore.Accepted, accepted.Where
	case errors.Is(o.err, billing.ErrUnknown):
		r.Acceptance = transferstore.Forgotten
	}
	r.Failure = o.err.Error()
	return r, o.err
}

// moveAll asks the billing system for every item that still runs: bases first and side by side, then the add-ons whose
// base moved. Outcomes stand at the index of their fact.
func (a *Activities) moveAll(ctx context.Context, t transfer.Transfer, facts []transferstore.MoveFact, limit time.Duration) []outcome {
	outcomes := make([]outcome, len(facts))
	moved := map[int]bool{}
	a.sideBySide(facts, func(f transferstore.MoveFact) bool { return f.Item.BaseOrdinal == transfer.NoBase }, func(i int) {
		outcomes[i] = a.moveOne(ctx, t, facts[i], limit)
	})
	for i, f := range facts {
		if f.Item.BaseOrdinal == transfer.NoBase {
			moved[f.Item.Ordinal] = f.Item.Status == transfer.ItemComplete || (f.Item.Status == transfer.ItemInProgress && outcomes[i].err == nil)
		}
	}
	a.sideBySide(facts, func(f transferstore.MoveFact) bool { return f.Item.BaseOrdinal != transfer.NoBase }, func(i int) {
		f := facts[i]
		if !a.isAsked(f.Item) && f.BaseStatus != transfer.ItemComplete && !moved[f.Item.BaseOrdinal] {
			outcomes[i].err = waitForBase(f)
			return
		}
		outcomes[i] = a.moveOne(ctx, t, f, limit)
	})
	return outcomes
}

func waitForBase(f transferstore.MoveFact) error {
	if f.BaseStatus == transfer.ItemFailed {
		return kernel.Refuse(transfer.AddonWithoutBase, "Subscription %s is an add-on whose base did not move.", f.Item.SubscriptionID)
	}
	return errBaseNotMoved
}

// sideBySide calls the function for every running item that is meant, and waits for all. A window is at most a hundred
// items, so one goroutine each is cheap.
func (a *Activities) sideBySide(facts []transferstore.MoveFact, meant func(transferstore.MoveFact) bool, do func(i int)) {
	var wait sync.WaitGroup
	for i, f := range facts {
		if f.Item.Status == transfer.ItemInProgress && meant(f) {
			wait.Go(func() { do(i) })
		}
	}
	wait.Wait()
}

func (a *Activities) moveOne(ctx context.Context, t transfer.Transfer, f transferstore.MoveFact, limit time.Duration) outcome {
	if a.isAsked(f.Item) { // whatever the rules say now: what became of it is the billing system's to tell
		return a.askOne(ctx, t, f)
	}
	if err := transfer.CheckMovable(t, f.Old); err != nil {
		return outcome{err: err}
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	id, err := a.Mover.Move(ctx, billing.Move{
		Key: f.Item.KeyIn(t.ID), Transfer: t, Item: f.Item, Old: f.Old, Attempts: f.Item.Attempts,
	})
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return a.unlessMoved(ctx, t, f, refusal)
	}
	if errors.Is(err, context.DeadlineExceeded) && limit > 0 {
		err = fmt.Errorf("the billing system took longer than %s", limit)
	}
	return outcome{targetID: id, err: err}
}

// quickLimit bounds one item's share of a bulk attempt; what takes longer goes on in an activity of its own.
const quickLimit = time.Second

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
