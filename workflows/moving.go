package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
)

const (
	// windowSize is how many line items share a first attempt and its ledger transaction.
	windowSize = 100
	// rangeSize is how many line items one run moves itself; more are shared out to children.
	rangeSize = 500
	// mostChildren bounds the children at work at once, well under the server's limit of 2,000.
	mostChildren = 1000
	// childPause is how long a range rests before it is begun again after its run was ended from outside.
	childPause = time.Minute
)

// mover moves the line items of one window of a transfer, each until it is over.
type mover struct {
	window activities.Window
	plan   activities.Plan
	items  []transfer.ItemEntity // by ordinal from window.From; no status until attempted
	counts transfer.ItemCounts
	drop   map[int]workflow.CancelFunc // stops trying an item that somebody else ended
	broken error                       // a failure that no retry cures
	show   func(workflow.Context)
}

func newMover(w activities.Window, plan activities.Plan, show func(workflow.Context)) *mover {
	n := w.To - w.From
	return &mover{
		window: w, plan: plan, show: show, drop: map[int]workflow.CancelFunc{},
		items: make([]transfer.ItemEntity, n), counts: transfer.ItemCounts{InProgress: n},
	}
}

func (m *mover) done() bool { return m.counts.InProgress == 0 }

// firstAttempts gives every item a first attempt inside the workflow task, a window at a time: one event each. A billing
// system that is slow by nature gets none of that; its items are only listed, for those who ask, and left to keepTrying.
func (m *mover) firstAttempts(ctx workflow.Context) error {
	step, what := steps.MoveWindow, "First attempt of"
	if !m.plan.Immediate {
		step, what = steps.ListWindow, "List"
	}
	for from := m.window.From; from < m.window.To; from += windowSize {
		w := activities.Window{TransferID: m.window.TransferID, From: from, To: min(from+windowSize, m.window.To)}
		options := atOnce(fmt.Sprintf("%s line items %d to %d", what, w.From, w.To-1))
		var items []transfer.ItemEntity
		err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, options), step, w).Get(ctx, &items)
		if err != nil {
			if !worthRepeating(err) {
				return err
			}
			workflow.GetLogger(ctx).Warn("The window goes on item by item.", "from", w.From, "to", w.To, "error", err)
			return nil
		}
		for _, item := range items {
			m.ended(item)
		}
		m.show(ctx)
	}
	return nil
}

// keepTrying retries each remaining item by itself, independent of its siblings, until none is left.
func (m *mover) keepTrying(ctx workflow.Context) error {
	for i, item := range m.items {
		if item.Status == transfer.ItemComplete || item.Status == transfer.ItemFailed {
			continue
		}
		ordinal := m.window.From + i
		itemCtx, drop := workflow.WithCancel(ctx)
		m.drop[ordinal] = drop
		options := workflow.WithActivityOptions(itemCtx, untilMoved(ordinal, m.plan.Policy.ItemDeadline))
		attempt := workflow.ExecuteActivity(options, steps.MoveItem, m.window.TransferID, ordinal)
		workflow.Go(ctx, func(ctx workflow.Context) { m.await(ctx, ordinal, attempt) })
	}
	if err := workflow.Await(ctx, func() bool { return m.done() || m.broken != nil }); err != nil {
		return err
	}
	return m.broken
}

// await takes the end of one item. An activity that was dropped has nothing more to say: its item ended before.
func (m *mover) await(ctx workflow.Context, ordinal int, attempt workflow.Future) {
	var item transfer.ItemEntity
	err := attempt.Get(ctx, &item)
	switch {
	case err == nil:
	case temporal.IsCanceledError(err):
		return
	case m.plan.Policy.ItemDeadline > 0 && worthRepeating(err):
		item, err = m.giveUpLate(ctx, ordinal)
	}
	if err != nil {
		m.broken = err
		return
	}
	m.ended(item)
	m.show(ctx)
}

// giveUpLate ends an item whose deadline, set by the deployment, has passed: retries have no other end, so an error
// that is worth repeating means just that. An item that ended in the ledger meanwhile is taken as it stands there (I-2).
func (m *mover) giveUpLate(ctx workflow.Context, ordinal int) (transfer.ItemEntity, error) {
	item, err := do[transfer.ItemEntity](ctx, "Deadline passed: give up "+itemSummary(ordinal), steps.GiveUpItem, m.window.TransferID, activities.GiveUp{
		RequestID: "deadline", Actor: transfer.Actor{Operator: true}, Item: ordinal,
		Reason: fmt.Sprintf("Not moved within the %s that this platform allows.", m.plan.Policy.ItemDeadline),
	})
	if refusal, refused := activities.RefusalOf(err); refused && refusal.Cause == transfer.ItemEnded {
		return do[transfer.ItemEntity](ctx, "Read "+itemSummary(ordinal), steps.MoveItem, m.window.TransferID, ordinal)
	}
	return item, err
}

// ended records how an item stands. Told twice, it counts once.
func (m *mover) ended(item transfer.ItemEntity) {
	i := item.ID - m.window.From
	if before := m.items[i].Status; before == transfer.ItemComplete || before == transfer.ItemFailed {
		return
	}
	m.items[i] = item
	switch item.Status {
	case transfer.ItemComplete:
		m.counts.InProgress--
		m.counts.Complete++
	case transfer.ItemFailed:
		m.counts.InProgress--
		m.counts.Failed++
	default:
		return
	}
	if drop, trying := m.drop[item.ID]; trying {
		drop()
	}
}

// attempted lists the items that were attempted, in order.
func (m *mover) attempted() []transfer.ItemEntity {
	var items []transfer.ItemEntity
	for _, item := range m.items {
		if item.Status != transfer.NoItem {
			items = append(items, item)
		}
	}
	return items
}

// moveItems moves every line item of the transfer, by this run or by children.
func (p *process) moveItems(ctx workflow.Context) error {
	total := p.header.Items.Total()
	if total > rangeSize {
		return p.moveByChildren(ctx, total)
	}
	p.mover = newMover(activities.Window{TransferID: p.header.ID, To: total}, p.plan, p.show)
	if err := p.mover.firstAttempts(ctx); err != nil || p.mover.done() {
		return err
	}
	p.publish(ctx)
	defer p.watchOverdue(ctx)()
	return p.mover.keepTrying(ctx)
}

// moveByChildren shares the line items out by ordinal, so that no history holds more than one range.
func (p *process) moveByChildren(ctx workflow.Context, total int) error {
	p.moved = transfer.ItemCounts{InProgress: total}
	p.publish(ctx)
	defer p.watchOverdue(ctx)()
	atWork := workflow.NewSemaphore(ctx, mostChildren)
	for from := 0; from < total; from += rangeSize {
		if err := atWork.Acquire(ctx, 1); err != nil {
			return err
		}
		r := Range{Window: rangeOf(from, total), Plan: p.plan}
		r.TransferID = p.header.ID
		p.ranges = append(p.ranges, RangeWorkflowID(p.header.ID, r.From, r.To))
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer atWork.Release(1)
			p.moveRange(ctx, r)
		})
	}
	return workflow.Await(ctx, func() bool { return p.moved.InProgress == 0 })
}

// rangeOf is the range of line items that holds the ordinal.
func rangeOf(ordinal, total int) activities.Window {
	from := ordinal / rangeSize * rangeSize
	return activities.Window{From: from, To: min(from+rangeSize, total)}
}

// moveRange waits for one child. A child that was ended from outside is begun again: the ledger knows what is done.
func (p *process) moveRange(ctx workflow.Context, r Range) {
	options := workflow.WithChildOptions(ctx, rangeOptions(r))
	for {
		var counts transfer.ItemCounts
		err := workflow.ExecuteChildWorkflow(options, MoveRange, r).Get(ctx, &counts)
		if err == nil {
			p.moved.InProgress -= counts.Total()
			p.moved.Complete += counts.Complete
			p.moved.Failed += counts.Failed
			p.show(ctx)
			return
		}
		workflow.GetLogger(ctx).Error("A range of line items was ended from outside and begins again.", "from", r.From, "error", err)
		if workflow.Sleep(ctx, childPause) != nil {
			return
		}
	}
}

// watchOverdue flags the transfer when items still run 72 hours after submit. The returned function stops watching.
func (p *process) watchOverdue(ctx workflow.Context) (stop func()) {
	ctx, cancel := workflow.WithCancel(ctx)
	left := p.header.SubmittedTime.Add(transfer.OverdueAfter).Sub(workflow.Now(ctx))
	workflow.Go(ctx, func(ctx workflow.Context) {
		timer := workflow.NewTimerWithOptions(ctx, left, workflow.TimerOptions{Summary: "Overdue 72 hours after submit"})
		if timer.Get(ctx, nil) != nil {
			return
		}
		workflow.GetMetricsHandler(ctx).Counter(overdueMetric).Inc(1)
		p.overdue = true
		p.publish(ctx)
		p.show(ctx)
		if _, err := do[any](ctx, "Flag as overdue", steps.FlagOverdue, p.header.ID); err != nil {
			workflow.GetLogger(ctx).Error("The transfer could not be flagged as overdue.", "error", err)
		}
	})
	return cancel
}

func itemActivityID(ordinal int) string { return fmt.Sprintf("item-%d", ordinal) }

func itemSummary(ordinal int) string { return fmt.Sprintf("line item %d", ordinal) }
