package transfers

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// mover moves the line items of one range of a transfer, each until it is over.
type mover struct {
	transferID string
	from, to   int
	windowed   bool   // first attempts were made in bulk
	share      string // whose share of the billing system it takes
	items      map[int]*attempting
	ended      activities.Moved // since the latest look, in counts
	onEnd      func(workflow.Context)
}

// attempting is an activity that works on one line item.
type attempting struct {
	fencing bool
	stop    workflow.CancelFunc
}

func newMover(transferID string, from, to int, onEnd func(workflow.Context)) *mover {
	return &mover{transferID: transferID, from: from, to: to, items: map[int]*attempting{}, onEnd: onEnd}
}

func (m *mover) busy() bool { return len(m.items) > 0 }

// pursue starts what the ledger has open and is not under way, and stops what it has not. Items that an operator wants ended
// are fenced instead of moved.
func (m *mover) pursue(ctx workflow.Context, at transfer.Standing) {
	rules := rulesOf(at.Rules)
	m.ended, m.share = activities.Moved{}, rules.ShareOf(at.Target, at.Items.Total())
	open, ending := at.Open.Numbers(), map[int]bool{}
	for _, n := range at.Ending.Numbers() {
		ending[n] = true
	}
	m.stopOthers(open, ending)
	if !m.windowed {
		m.windowed = true
		open = m.firstAttempts(ctx, open, rules.WindowSize)
	}
	for _, n := range open {
		if m.items[n] == nil {
			m.start(ctx, n, ending[n])
		}
	}
}

// stopOthers stops the attempts at items that ended otherwise or are to be fenced.
func (m *mover) stopOthers(open []int, ending map[int]bool) {
	for _, n := range workflow.DeterministicKeys(m.items) {
		if a := m.items[n]; !slices.Contains(open, n) || ending[n] && !a.fencing {
			a.stop()
			delete(m.items, n)
		}
	}
}

// stopAll stops every attempt, when the transfer is over.
func (m *mover) stopAll() {
	if m != nil {
		m.stopOthers(nil, nil)
	}
}

// firstAttempts gives the open items a first attempt inside the workflow task, a window at a time: one event each. It returns
// those that are still open. A window that cannot be attempted goes on item by item.
func (m *mover) firstAttempts(ctx workflow.Context, open []int, window int) []int {
	var left []int
	for from := m.from; from < m.to; from += window {
		to := min(from+window, m.to)
		in := slices.DeleteFunc(slices.Clone(open), func(n int) bool { return n < from || n >= to })
		if len(in) == 0 {
			continue
		}
		summary := fmt.Sprintf("First attempt of line items %d to %d", from, to-1)
		moved, err := run.AtOnce(ctx, summary, moveWindow(m.transferID, transfer.OrdinalsOf(in)))
		if err != nil {
			workflow.GetLogger(ctx).Warn("The window goes on item by item.", "from", from, "to", to, "error", err)
			left = append(left, in...)
			continue
		}
		m.count(moved)
		left = append(left, moved.Open.Numbers()...)
	}
	return left
}

func (m *mover) count(moved activities.Moved) {
	m.ended.Complete += moved.Complete
	m.ended.Failed += moved.Failed
}

// start goes on with one item by itself, independent of its siblings.
func (m *mover) start(ctx workflow.Context, ordinal int, fencing bool) {
	step, id, summary := moveItem, fmt.Sprintf("item-%d", ordinal), fmt.Sprintf("line item %d", ordinal)
	if fencing {
		step, id, summary = fenceItem, fmt.Sprintf("fence-%d", ordinal), fmt.Sprintf("give up line item %d at the billing system", ordinal)
	}
	ctx, stop := workflow.WithCancel(ctx)
	a := &attempting{fencing: fencing, stop: stop}
	m.items[ordinal] = a
	attempt := run.Start(ctx, run.EverSlower(MovesQueue, id, summary, m.share), step(m.transferID, ordinal))
	workflow.Go(ctx, func(ctx workflow.Context) {
		moved, err := attempt.Get(ctx)
		if temporal.IsCanceledError(err) || m.items[ordinal] != a {
			return // it was stopped, because the item ended otherwise
		}
		if err != nil {
			workflow.GetLogger(ctx).Error("A line item could not be gone on with; the next look says how it stands.", "item", ordinal, "error", err)
		}
		delete(m.items, ordinal)
		m.count(moved)
		m.onEnd(ctx)
	})
}

// pursueItems moves the line items of a transfer that is small enough for its own run.
func (r *life) pursueItems(ctx workflow.Context) {
	if r.mover == nil {
		r.mover = newMover(r.id, 0, r.at.Items.Total(), func(ctx workflow.Context) {
			if !r.mover.busy() {
				r.woken = true // nothing is under way any more: look, and close
			}
			r.show(ctx)
		})
	}
	r.mover.pursue(ctx, r.at)
}
