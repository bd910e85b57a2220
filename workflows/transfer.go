// Package workflows holds the processes: what happens, in which order, waiting for whom. It decides nothing itself (that
// is internal/transfer) and touches nothing itself (that is activities).
//
//	transfer.go    the life of a transfer, from request to its final state
//	decisions.go   submit, cancel, decline, give up: signals and updates, one decision at a time
//	moving.go      line items: first attempts in windows, then each by itself until it succeeds
//	moverange.go   the child workflow that moves a range of a large transfer
//	telling.go     e-mail, search attributes and the text the Web UI shows
//	steps.go       how steps are run and retried
//	names.go       every name that others rely on
package workflows

import (
	"reflect"
	"time"

	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
)

// process is one run of Transfer.
type process struct {
	request   transfer.Request
	header    transfer.Transfer // without line items
	plan      activities.Plan
	opened    bool
	refusal   error // why the transfer was never opened
	approvals workflow.ReceiveChannel
	answering int      // signals being answered
	making    decision // the one that is being made; others get BeingProcessed
	decided   decision // the one that was accepted
	mover     *mover   // of the line items this run moves itself
	ranges    []string // workflow ids of the children that move them otherwise
	moved     transfer.ItemCounts
	overdue   bool
	refusals  int
	refused   []string // the latest of them
	mail      []string // events whose e-mail is on its way
}

// Transfer moves the billing ownership of a customer's subscriptions from source to target. It opens the request, waits
// for the source's approval, the target's cancel, the source's decline or the end of the 30th day, moves the line items
// and closes. It returns what the transfer became; a request that is refused fails with the refusal.
//
// A request that nobody answers has about 45 events, reminders included, one of three items about 33; a large one adds six
// or more per 500 items, the items being in the histories of its children.
func Transfer(ctx workflow.Context, request transfer.Request) (Receipt, error) {
	// Cancelling the run in Temporal would leave the ledger Pending with nobody to end it. Only the domain's cancel counts.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	p := &process{request: request}
	if err := p.listen(ctx); err != nil {
		return Receipt{}, err
	}
	if err := p.open(ctx); err != nil {
		return Receipt{}, p.neverOpened(ctx, err)
	}
	p.tell(ctx, transfer.EventCreated)
	if err := p.awaitDecision(ctx); err != nil {
		return Receipt{}, err
	}
	switch p.header.Status {
	case transfer.InProgress:
		if err := p.move(ctx); err != nil {
			return Receipt{}, err
		}
	case transfer.Rejected:
		p.tell(ctx, transfer.EventDeclined)
	default: // expired or cancelled: nobody gets e-mail
	}
	return p.receipt(), p.settle(ctx)
}

// open rechecks the prerequisites and makes the transfer Pending (T1).
func (p *process) open(ctx workflow.Context) error {
	if id := StartOptions(p.request).ID; id != workflow.GetInfo(ctx).WorkflowExecution.ID {
		return activities.RefusalError(transfer.Refuse(transfer.InvalidInput, "This request must run as workflow %s; start it with that id.", id))
	}
	opened, err := do[activities.Opened](ctx, "Check prerequisites and open the request", steps.OpenTransfer, p.request)
	if err != nil {
		return err
	}
	normal, err := opened.Plan.Policy.Normalize(p.request)
	if err != nil {
		return asFailure(err)
	}
	p.header = transfer.Transfer{
		ID: transfer.NewID(normal), Request: normal, State: opened.State,
		TargetPartnerName: opened.TargetPartnerName, LastModifiedUser: normal.Actor.UserID,
	}
	p.plan = opened.Plan
	p.opened = true
	p.publish(ctx)
	p.show(ctx)
	return nil
}

// neverOpened answers whoever waits for the opening and ends the run with the refusal.
func (p *process) neverOpened(ctx workflow.Context, err error) error {
	p.refusal = err
	p.show(ctx)
	if err := workflow.UpsertTypedSearchAttributes(ctx, StatusKey.ValueUnset()); err != nil {
		return err
	}
	if waiting := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); waiting != nil {
		return waiting
	}
	return err
}

// awaitDecision waits until the request is no longer Pending: somebody decided, or its time ran out (R-20..R-22). The
// source is reminded on the way.
func (p *process) awaitDecision(ctx workflow.Context) error {
	for n, at := range p.remindersAhead(ctx) {
		decided, err := p.decidedBefore(ctx, at, "Reminder to the source")
		if decided || err != nil {
			return err
		}
		if err := p.remind(ctx, n+1); err != nil {
			return err
		}
	}
	for {
		decided, err := p.decidedBefore(ctx, p.header.ExpirationTime, "Request expires")
		if decided || err != nil {
			return err
		}
		if err := p.expire(ctx); err != nil {
			return err
		}
	}
}

// remindersAhead are the reminders still to come. Those that a stopped platform slept through are not caught up on.
func (p *process) remindersAhead(ctx workflow.Context) []time.Time {
	var ahead []time.Time
	for _, at := range transfer.Reminders(p.header.ExpirationTime) {
		if at.After(workflow.Now(ctx)) {
			ahead = append(ahead, at)
		}
	}
	return ahead
}

// decidedBefore waits for a decision until the given time and for one that is being made then.
func (p *process) decidedBefore(ctx workflow.Context, at time.Time, why string) (bool, error) {
	if left := at.Sub(workflow.Now(ctx)); left > 0 && !p.settled() {
		timerCtx, stop := workflow.WithCancel(ctx)
		timer := workflow.NewTimerWithOptions(timerCtx, left, workflow.TimerOptions{Summary: why})
		err := workflow.Await(ctx, func() bool { return p.settled() || timer.IsReady() || p.crowded(ctx) })
		stop()
		if err != nil {
			return false, err
		}
	}
	if !p.settled() && p.crowded(ctx) {
		return false, workflow.NewContinueAsNewError(ctx, TransferType, p.request)
	}
	if err := workflow.Await(ctx, func() bool { return !p.deciding() }); err != nil {
		return false, err
	}
	return p.settled(), nil
}

// crowded tells that so many refused decisions came that the history should begin afresh, and that nothing is under way
// that would be lost by it. The new run opens the transfer again, finds it as it is, and waits on.
func (p *process) crowded(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && p.quiet(ctx)
}

// quiet tells that all e-mail is delivered and everybody answered.
func (p *process) quiet(ctx workflow.Context) bool {
	return len(p.mail) == 0 && p.answering == 0 && p.approvals.Len() == 0 && workflow.AllHandlersFinished(ctx)
}

// settled tells that the request was decided.
func (p *process) settled() bool { return p.header.Status != transfer.Pending }

func (p *process) remind(ctx workflow.Context, n int) error {
	_, err := do[any](ctx, "Remind the source", steps.RemindSource, p.header.ID, n)
	if _, refused := activities.RefusalOf(err); refused {
		return nil // the request was answered meanwhile
	}
	if err != nil {
		return err
	}
	p.tell(ctx, reminder(n))
	return nil
}

// expire ends the request (T4). Decisions that come meanwhile are too late.
func (p *process) expire(ctx workflow.Context) error {
	state, err := do[transfer.State](ctx, "Expire the request", steps.ExpireTransfer, p.header.ID)
	if err != nil {
		return err
	}
	p.header.State = state
	p.show(ctx)
	return nil
}

// move moves every line item and closes the transfer (T5, T6).
func (p *process) move(ctx workflow.Context) error {
	if err := p.moveItems(ctx); err != nil {
		return err
	}
	state, err := do[transfer.State](ctx, "Close the transfer", steps.CloseTransfer, p.header.ID)
	if err != nil {
		return err
	}
	p.header.State = state
	p.show(ctx)
	if state.Status == transfer.Complete {
		p.tell(ctx, transfer.EventCompleted)
	}
	return nil
}

// settle lets everything end that was begun: answers, e-mails, signals that came too late. The ledger has the final state
// already; this only keeps the run open.
func (p *process) settle(ctx workflow.Context) error {
	p.publish(ctx)
	p.show(ctx)
	return workflow.Await(ctx, func() bool { return p.quiet(ctx) })
}

func (p *process) receipt() Receipt {
	r := Receipt{TransferID: p.header.ID, Status: p.header.Status, Items: p.header.Items}
	if p.header.Status == transfer.Pending {
		r.ExpirationTime = p.header.ExpirationTime.UTC().Format(time.RFC3339)
	}
	return r
}

// sameRequest tells whether a repeated create asks for what this run was started with.
func (p *process) sameRequest(other transfer.Request) bool {
	return reflect.DeepEqual(p.request, other)
}
