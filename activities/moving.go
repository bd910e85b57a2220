package activities

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/transfer"
)

// Window is a run of line items by ordinal, To excluded. Items travel by reference, never as a list.
type Window struct {
	TransferID string `json:"transferId"`
	From       int    `json:"from"`
	To         int    `json:"to"`
}

// MoveWindow gives every line item of the window its first attempt, all of them in one ledger transaction, and returns
// the items as they stand afterwards. An item that did not succeed is not an error: it stays InProgress and goes on by
// itself with MoveItem. The step fails only when the ledger cannot be reached.
func (a *Activities) MoveWindow(ctx context.Context, w Window) ([]transfer.ItemEntity, error) {
	attempted, err := a.attempt(ctx, w.TransferID, w.ordinals(), quickLimit)
	if err != nil {
		return nil, failure(err)
	}
	return operatorItems(attempted.items), nil
}

// ListWindow reads the line items of the window as they stand. A run whose billing system gets no first attempts in bulk
// begins with it, so that whoever asks the run sees what it is working on.
func (a *Activities) ListWindow(ctx context.Context, w Window) ([]transfer.ItemEntity, error) {
	_, facts, err := a.Ledger.MoveFacts(ctx, w.TransferID, w.ordinals())
	if err != nil {
		return nil, failure(err)
	}
	return operatorItems(merge(facts, nil)), nil
}

func (w Window) ordinals() []int {
	ordinals := make([]int, 0, w.To-w.From)
	for n := w.From; n < w.To; n++ {
		ordinals = append(ordinals, n)
	}
	return ordinals
}

func operatorItems(items []transfer.LineItem) []transfer.ItemEntity {
	entities := make([]transfer.ItemEntity, len(items))
	for i, item := range items {
		entities[i] = transfer.OperatorItem(item)
	}
	return entities
}

// MoveItem attempts one line item and fails until it is over: moved, refused for good or given up, each of which is a
// result, not a failure. Temporal repeats it without end, honouring the billing system's Retry-After.
func (a *Activities) MoveItem(ctx context.Context, transferID string, ordinal int) (transfer.ItemEntity, error) {
	stop := heartbeat(ctx)
	defer stop()
	attempted, err := a.attempt(ctx, transferID, []int{ordinal}, 0)
	if err != nil {
		return transfer.ItemEntity{}, failure(err)
	}
	if err := attempted.failed[ordinal]; err != nil {
		return transfer.ItemEntity{}, again(err, activity.GetInfo(ctx).Attempt)
	}
	item := attempted.items[0]
	if item.Status == transfer.ItemInProgress {
		// The billing system said yes, but the ledger could not take its answer: an id that is in use already.
		notTaken := &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: item.LastError}
		return transfer.ItemEntity{}, again(notTaken, activity.GetInfo(ctx).Attempt)
	}
	return transfer.OperatorItem(item), nil
}

// attempts is what one round made of its items: how they stand, and what went wrong with those that did not end.
type attempts struct {
	items  []transfer.LineItem
	failed map[int]error
}

// attempt moves the items in the billing system side by side and records all results in one transaction. The limit
// bounds each item's share; zero leaves it to the context.
func (a *Activities) attempt(ctx context.Context, id string, ordinals []int, limit time.Duration) (attempts, error) {
	t, facts, err := a.Ledger.MoveFacts(ctx, id, ordinals)
	if err != nil {
		return attempts{}, err
	}
	outcomes := a.moveAll(ctx, t, facts, limit)
	if err := ctx.Err(); err != nil {
		return attempts{}, err
	}
	round := attempts{failed: map[int]error{}}
	var results []ledger.ItemResult
	for i, fact := range facts {
		if fact.Item.Status != transfer.ItemInProgress {
			continue
		}
		result, failed := outcomes[i].result(fact.Item.Ordinal)
		results = append(results, result)
		if failed != nil {
			round.failed[fact.Item.Ordinal] = failed
		}
	}
	recorded, err := a.Ledger.RecordItems(ctx, id, results)
	if err != nil {
		return attempts{}, err
	}
	round.items = merge(facts, recorded)
	reportLate(ctx, id, results, recorded)
	return round, nil
}

// reportLate tells operators of an item that the billing system moved although it was given up meanwhile: the ledger keeps
// it Failed, so the two have to be reconciled by hand.
func reportLate(ctx context.Context, id string, results []ledger.ItemResult, recorded []transfer.LineItem) {
	failed := map[int]bool{}
	for _, item := range recorded {
		failed[item.Ordinal] = item.Status == transfer.ItemFailed
	}
	for _, r := range results {
		if r.TargetSubscriptionID != "" && failed[r.Ordinal] {
			activity.GetMetricsHandler(ctx).Counter("handover_items_moved_after_end").Inc(1)
			activity.GetLogger(ctx).Error("The billing system moved a line item that had ended as Failed; reconcile it by hand.",
				"transfer", id, "item", r.Ordinal, "targetSubscription", r.TargetSubscriptionID)
		}
	}
}

// merge is every item of the round as it stands now, those that had ended before included.
func merge(facts []ledger.MoveFact, recorded []transfer.LineItem) []transfer.LineItem {
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
	targetID string
	err      error
}

// errBaseNotMoved keeps an add-on waiting: it moves only after its base.
var errBaseNotMoved = errors.New("waits for its base subscription to move first")

// baseDelay is how soon an add-on that waits for its base looks again: soon at first, and never later than a minute, since
// the base may move any moment.
func baseDelay(attempt int32) time.Duration {
	return min(time.Second<<min(attempt, 6), time.Minute)
}

// result turns the outcome into what the ledger records, and the error with which the attempt is to be repeated, if any.
func (o outcome) result(ordinal int) (ledger.ItemResult, error) {
	r := ledger.ItemResult{Ordinal: ordinal, TargetSubscriptionID: o.targetID}
	var refusal *transfer.Refusal
	switch {
	case o.err == nil:
		return r, nil
	case errors.As(o.err, &refusal):
		r.Refusal = refusal
		return r, nil
	case errors.Is(o.err, errBaseNotMoved):
		r.Failure, r.Uncounted = o.err.Error(), true
		return r, o.err
	default:
		r.Failure = o.err.Error()
		return r, o.err
	}
}

// moveAll asks the billing system for every item that still runs: bases first and side by side, then the add-ons whose
// base moved. Outcomes stand at the index of their fact.
func (a *Activities) moveAll(ctx context.Context, t transfer.Transfer, facts []ledger.MoveFact, limit time.Duration) []outcome {
	outcomes := make([]outcome, len(facts))
	moved := map[int]bool{}
	a.sideBySide(facts, func(f ledger.MoveFact) bool { return f.Item.BaseOrdinal == transfer.NoBase }, func(i int) {
		outcomes[i] = a.moveOne(ctx, t, facts[i], limit)
	})
	for i, f := range facts {
		if f.Item.BaseOrdinal == transfer.NoBase {
			moved[f.Item.Ordinal] = f.Item.Status == transfer.ItemComplete || (f.Item.Status == transfer.ItemInProgress && outcomes[i].err == nil)
		}
	}
	a.sideBySide(facts, func(f ledger.MoveFact) bool { return f.Item.BaseOrdinal != transfer.NoBase }, func(i int) {
		f := facts[i]
		if f.BaseStatus != transfer.ItemComplete && !moved[f.Item.BaseOrdinal] {
			outcomes[i].err = waitForBase(f)
			return
		}
		outcomes[i] = a.moveOne(ctx, t, f, limit)
	})
	return outcomes
}

func waitForBase(f ledger.MoveFact) error {
	if f.BaseStatus == transfer.ItemFailed {
		return transfer.Refuse(transfer.AddonWithoutBase, "Subscription %s is an add-on whose base did not move.", f.Item.SubscriptionID)
	}
	return errBaseNotMoved
}

// sideBySide calls the function for every running item that is meant, and waits for all. A window is at most a hundred
// items, so one goroutine each is cheap.
func (a *Activities) sideBySide(facts []ledger.MoveFact, meant func(ledger.MoveFact) bool, do func(i int)) {
	var wait sync.WaitGroup
	for i, f := range facts {
		if f.Item.Status == transfer.ItemInProgress && meant(f) {
			wait.Go(func() { do(i) })
		}
	}
	wait.Wait()
}

func (a *Activities) moveOne(ctx context.Context, t transfer.Transfer, f ledger.MoveFact, limit time.Duration) outcome {
	if err := transfer.CheckMovable(t, f.Old); err != nil {
		return outcome{err: err}
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	id, err := a.Mover.Move(ctx, billing.Move{
		Key: billing.Key(t.ID, f.Item.Ordinal), Transfer: t, Item: f.Item, Old: f.Old, Attempts: f.Item.Attempts,
	})
	if errors.Is(err, context.DeadlineExceeded) && limit > 0 {
		err = fmt.Errorf("the billing system took longer than %s", limit)
	}
	return outcome{targetID: id, err: err}
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
