package transfers

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// Range is the part of a large transfer that one child moves: the line items from (included) to (excluded).
type Range struct {
	TransferID string `json:"transferId"`
	From       int    `json:"from"`
	To         int    `json:"to"`
	Known      string `json:"known,omitempty"` // newest record of the transfer that its run has seen
}

// ranges are the children of a run, by number of their range. Children outlive a run that begins afresh; the next one takes
// over those it finds.
type ranges struct {
	children map[int]*child
}

type child struct {
	taken time.Time // found at work, begun by an earlier run; zero for one of this run
	fails int
}

func (c *ranges) busy() bool { return len(c.children) > 0 }

// pursueRanges begins every range that has items to go on with and no child at work.
func (r *life) pursueRanges(ctx workflow.Context) {
	if r.ranges == nil {
		r.ranges = &ranges{children: map[int]*child{}}
	}
	rules, open := r.rules(), map[int]bool{}
	for _, n := range r.at.Ranges.Numbers() {
		open[n] = true
		if c := r.ranges.children[n]; c == nil || !c.taken.IsZero() && workflow.Now(ctx).Sub(c.taken) > rules.TakenFor {
			if len(r.ranges.children) < rules.MostChildren {
				r.beginRange(ctx, n)
			}
		}
	}
	for n := range rules.RangeCount(r.at.Items.Total()) {
		if c := r.ranges.children[n]; c != nil && !c.taken.IsZero() && !open[n] {
			delete(r.ranges.children, n) // begun by an earlier run, and over
		}
	}
}

// beginRange starts the child of a range and waits for its end beside everything else. A child that was ended from outside
// is begun again after a pause: the ledger knows what is done.
func (r *life) beginRange(ctx workflow.Context, n int) {
	rules := r.rules()
	from, to := rules.Range(n, r.at.Items.Total())
	work := Range{TransferID: r.id, From: from, To: to, Known: r.known}
	c := &child{}
	if before := r.ranges.children[n]; before != nil {
		c.fails = before.fails
	}
	r.ranges.children[n] = c
	options := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            transfer.RangeWorkflowID(r.id, from, to),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON, // beginning afresh closes a parent too
		StaticSummary:         rangeSummary(work),
	})
	running := workflow.ExecuteChildWorkflow(options, MoveRange, work)
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := running.Get(ctx, nil)
		switch {
		case err == nil:
			delete(r.ranges.children, n)
		case temporal.IsWorkflowExecutionAlreadyStartedError(err):
			c.taken = workflow.Now(ctx) // it tells the ledger when it is done, and the ledger this run
			return
		default:
			workflow.GetLogger(ctx).Error("A range of line items was ended from outside and begins again.", "from", from, "error", err)
			c.fails++
			if workflow.Sleep(ctx, rules.Pause(c.fails)) != nil {
				return
			}
			c.taken = time.Unix(1, 0) // due to be begun again
		}
		r.woken = true
	})
}

// recall makes every range look at the ledger, which was restored: they stop.
func (c *ranges) recall(ctx workflow.Context, id string, at transfer.Standing) {
	if c == nil {
		return
	}
	for _, n := range workflow.DeterministicKeys(c.children) {
		from, to := rulesOf(at.Rules).Range(n, at.Items.Total())
		workflow.SignalExternalWorkflow(ctx, transfer.RangeWorkflowID(id, from, to), "", run.SignalLook, run.Nudge{})
	}
}

// MoveRange moves a range of line items, as the ledger has them: it empties its inbox, looks, does what is open, waits, and
// lets the transfer's run know when nothing is left. At most RunRules.RangeSize items, so at most some 1,500 events when every
// single one of them has to be retried by itself; it begins afresh before that.
func MoveRange(ctx workflow.Context, work Range) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	var woken bool
	var at transfer.Standing
	messages := inboxOf(ctx)
	m := newMover(work.TransferID, work.From, work.To, nil)
	show := func(ctx workflow.Context) { workflow.SetCurrentDetails(ctx, rangeDetails(work, m, at)) }
	m.onEnd = func(ctx workflow.Context) { woken = woken || !m.busy(); show(ctx) }
	query := func() (Snapshot, error) { return rangeSnapshot(work, at), nil }
	if err := workflow.SetQueryHandler(ctx, QueryState, query); err != nil {
		return err
	}
	for {
		woken = false
		messages.Empty()
		messages.Letters = nil // commands are for the transfer's own run
		var err error
		if at, err = look(ctx, work.TransferID, activities.Watched{Known: work.Known, From: work.From, To: work.To}); err != nil {
			return err
		}
		if at.Status == transfer.InProgress && !at.Behind {
			m.pursue(ctx, at)
		} else {
			m.stopAll()
		}
		show(ctx)
		if !m.busy() {
			if err := leaveRange(ctx, work, at); err != nil {
				return err
			}
			if !messages.Waiting() {
				return nil
			}
			continue
		}
		if run.IsCrowded(ctx, messages.Received(), rulesOf(at.Rules).Crowded) && !messages.Waiting() {
			return workflow.NewContinueAsNewError(ctx, RangeType, work)
		}
		if err := workflow.Await(ctx, func() bool { return woken || messages.Waiting() }); err != nil {
			return err
		}
	}
}

// leaveRange lets the transfer's run know that the range has nothing left, unless the transfer is over, or the ledger was
// restored: then that run begins the range again, once an operator has told it to go on.
func leaveRange(ctx workflow.Context, work Range, at transfer.Standing) error {
	if at.Missing || at.Behind || at.Status.Final() {
		return nil
	}
	summary := fmt.Sprintf("Line items %d to %d are done", work.From, work.To-1)
	_, err := run.UntilDone(ctx, summary, rangeMoved(activities.Window{TransferID: work.TransferID, From: work.From, To: work.To}))
	return err
}
