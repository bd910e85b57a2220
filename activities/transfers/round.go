package transfers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

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
		Key: f.Item.KeyIn(t.ID), Transfer: t, Item: f.Item, Old: f.Old, Attempts: f.Item.Attempts, Sandbox: f.Sandbox,
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
