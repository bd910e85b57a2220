package transfers_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// faults is the ledger as the steps see it: the real one, in front of which a test can stand.
type faults struct {
	activities.Ledger
	mu     sync.Mutex
	before map[string]func(call int) error // by method; an error is what the step gets instead
	called map[string]int
	stale  *transfer.Standing // what the look that is under way saw
}

func newFaults(l *ledger.Ledger) *faults {
	return &faults{Ledger: l, before: map[string]func(int) error{}, called: map[string]int{}}
}

// meet is what happens before a call reaches the ledger.
func (f *faults) meet(method string) (activities.Ledger, error) {
	f.mu.Lock()
	f.called[method]++
	before, call, l := f.before[method], f.called[method], f.Ledger
	if before == nil {
		before = f.before[""]
	}
	f.mu.Unlock()
	if before == nil {
		return l, nil
	}
	return l, before(call)
}

// calls is how often the method was called.
func (f *faults) calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.called[method]
}

// use puts another ledger in the place of this one.
func (f *faults) use(l *ledger.Ledger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Ledger = l
}

// stand puts something before every call of the method; of every method that has nothing of its own, for an empty name.
func (f *faults) stand(method string, before func(call int) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before[method] = before
}

// during lets something happen before the n-th call (from 1) of a method reaches the ledger.
func (w *world) during(method string, n int, do func()) {
	w.faults.stand(method, func(call int) error {
		if call == n {
			w.meanwhile(do)
		}
		return nil
	})
}

// down makes the ledger unreachable until the time has come.
func (w *world) down(until time.Time) {
	w.faults.stand("", func(int) error {
		if w.clock.worker().Before(until) {
			return fmt.Errorf("reach the ledger: %w", store.ErrUnavailable)
		}
		return nil
	})
}

func asked[T any](f *faults, method string, ask func(activities.Ledger) (T, error)) (T, error) {
	l, err := f.meet(method)
	if err != nil {
		var nothing T
		return nothing, err
	}
	return ask(l)
}

// answer is what the look that is under way answers, instead of asking the ledger again.
func (f *faults) answer(at transfer.Standing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = &at
}

func (f *faults) Look(ctx context.Context, id string, w transferstore.Watched) (transfer.Standing, error) {
	l, err := f.meet("Look")
	f.mu.Lock()
	seen := f.stale
	f.stale = nil
	f.mu.Unlock()
	if err == nil && seen != nil {
		return *seen, nil
	}
	if err != nil {
		return transfer.Standing{}, err
	}
	return l.Look(ctx, id, w)
}

func (f *faults) Expire(ctx context.Context, id string) (transfer.Standing, error) {
	return asked(f, "Expire", func(l activities.Ledger) (transfer.Standing, error) { return l.Expire(ctx, id) })
}

func (f *faults) CloseTransfer(ctx context.Context, id string) (transfer.Standing, error) {
	return asked(f, "CloseTransfer", func(l activities.Ledger) (transfer.Standing, error) { return l.CloseTransfer(ctx, id) })
}

func (f *faults) FlagOverdue(ctx context.Context, id string) (transfer.Standing, error) {
	return asked(f, "FlagOverdue", func(l activities.Ledger) (transfer.Standing, error) { return l.FlagOverdue(ctx, id) })
}

func (f *faults) GiveUpLate(ctx context.Context, id string) (transfer.Standing, error) {
	return asked(f, "GiveUpLate", func(l activities.Ledger) (transfer.Standing, error) { return l.GiveUpLate(ctx, id) })
}

func (f *faults) Remind(ctx context.Context, id string, n int) (transfer.Standing, error) {
	return asked(f, "Remind", func(l activities.Ledger) (transfer.Standing, error) { return l.Remind(ctx, id, n) })
}

func (f *faults) OpenTransfer(ctx context.Context, r transfer.Request, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error) {
	return asked(f, "OpenTransfer", func(l activities.Ledger) (transferstore.Outcome, error) { return l.OpenTransfer(ctx, r, terms) })
}

func (f *faults) Submit(ctx context.Context, id string, s transfer.Approval, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error) {
	return asked(f, "Submit", func(l activities.Ledger) (transferstore.Outcome, error) { return l.Submit(ctx, id, s, terms) })
}

func (f *faults) Cancel(ctx context.Context, id string, d transfer.Decision, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error) {
	return asked(f, "Cancel", func(l activities.Ledger) (transferstore.Outcome, error) { return l.Cancel(ctx, id, d, terms) })
}

func (f *faults) Decline(ctx context.Context, id string, d transfer.Decision, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error) {
	return asked(f, "Decline", func(l activities.Ledger) (transferstore.Outcome, error) { return l.Decline(ctx, id, d, terms) })
}

func (f *faults) RecordRefused(ctx context.Context, r transferstore.Refused) error {
	_, err := asked(f, "RecordRefused", func(l activities.Ledger) (any, error) { return nil, l.RecordRefused(ctx, r) })
	return err
}

func (f *faults) MoveFacts(ctx context.Context, id string, ordinals []int) (transfer.Transfer, []transferstore.MoveFact, error) {
	l, err := f.meet("MoveFacts")
	if err != nil {
		return transfer.Transfer{}, nil, err
	}
	return l.MoveFacts(ctx, id, ordinals)
}

func (f *faults) Leave(ctx context.Context, id string, ordinals []int) (map[int]bool, error) {
	return asked(f, "Leave", func(l activities.Ledger) (map[int]bool, error) { return l.Leave(ctx, id, ordinals) })
}

func (f *faults) RecordItems(ctx context.Context, id string, results []transferstore.ItemResult) ([]transfer.LineItem, error) {
	return asked(f, "RecordItems", func(l activities.Ledger) ([]transfer.LineItem, error) { return l.RecordItems(ctx, id, results) })
}

func (f *faults) RangeMoved(ctx context.Context, id string, from, to int) error {
	_, err := asked(f, "RangeMoved", func(l activities.Ledger) (any, error) { return nil, l.RangeMoved(ctx, id, from, to) })
	return err
}

// mover is a billing system that does what the script says about a subscription, and moves everything else.
type mover struct {
	mu       sync.Mutex
	bulk     bool
	script   map[int]func(attempt int) error
	every    func(attempt int) error // for those without a script
	attempts map[string]int          // by subscription
}

func (w *world) billed(bulk bool) *mover {
	m := &mover{bulk: bulk, script: map[int]func(int) error{}, attempts: map[string]int{}}
	w.steps.Mover = m
	return m
}

func (m *mover) Immediate() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bulk
}

func (m *mover) Move(_ context.Context, move billing.Move) (string, error) {
	m.mu.Lock()
	m.attempts[move.Item.SubscriptionID]++
	attempt, script := m.attempts[move.Item.SubscriptionID], m.script[move.Item.Ordinal]
	if script == nil {
		script = m.every
	}
	m.mu.Unlock()
	if script != nil {
		if err := script(attempt); err != nil {
			return "", err
		}
	}
	return transfer.TargetSubscriptionID(move.Transfer.ID, move.Item.SubscriptionID), nil
}

// tried is how often the billing system was asked to move the n-th subscription.
func (m *mover) tried(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.attempts[subID(n)]
}

// fails scripts that the item fails that many attempts, the billing system asking for the delay in between.
func (m *mover) fails(ordinal, attempts int, delay time.Duration) {
	m.script[ordinal] = busy(attempts, delay)
}

// forever is more attempts than any test waits for.
const forever = 1_000_000

func busy(attempts int, delay time.Duration) func(int) error {
	return func(attempt int) error {
		if attempt <= attempts {
			return &billing.Unavailable{Cause: transfer.ProviderUnavailable, RetryAfter: delay, Reason: "Contoso is busy at " + subID(0)}
		}
		return nil
	}
}

// refuses scripts that the item never moves.
func (m *mover) refuses(ordinal int) {
	m.script[ordinal] = func(int) error { return kernel.Refuse(transfer.ProviderRefused, "Contoso owes us.") }
}

// fencer is a billing system that can be kept from a move.
type fencer struct {
	*mover
	fence func(key string, asked int) (string, error)
	mu    sync.Mutex
	asked map[string]int
}

func (w *world) fenced(fence func(key string, asked int) (string, error)) *fencer {
	f := &fencer{mover: w.billed(false), fence: fence, asked: map[string]int{}}
	w.steps.Mover = f
	return f
}

func (f *fencer) Fence(_ context.Context, q billing.Question) (string, error) {
	f.mu.Lock()
	f.asked[q.Key]++
	asked := f.asked[q.Key]
	f.mu.Unlock()
	return f.fence(q.Key, asked)
}
