// Package naive is the transfer as a first version of it would be, to measure against: one regular activity for every step
// and every line item, all items at once, a search attribute upsert at every change of state. It runs the same steps and so
// writes the same to the ledger as the real one. What it lacks: batching, local activities,
// children for large transfers, reminders, expiry, cancel, decline and give-up.
package naive

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
	"handover/workflows"
)

// TaskQueue keeps the two implementations' work apart.
const TaskQueue = "naive-transfers"

const workflowType = "NaiveTransfer"

// Register adds the workflow and its activities to a worker on TaskQueue.
func Register(w workflows.Registry, a *activities.Activities) {
	w.RegisterWorkflowWithOptions(Transfer, workflow.RegisterOptions{Name: workflowType})
	w.RegisterActivity(a)
}

// steps names the activities; it is nil and only carries their types.
var steps *activities.Activities

// process is one run of Transfer.
type process struct {
	request  transfer.Request
	id       string
	state    transfer.State
	approval *workflows.Approval
	mails    []workflow.Future
}

// Transfer opens the request, waits for the source's approval, moves every line item and closes.
func Transfer(ctx workflow.Context, request transfer.Request) (workflows.Receipt, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	p := &process{request: request, id: transfer.NewID(request)}
	if err := p.listen(ctx); err != nil {
		return workflows.Receipt{}, err
	}
	for _, stage := range []func(workflow.Context) error{p.open, p.submit, p.move, p.close, p.awaitMail} {
		if err := stage(ctx); err != nil {
			return p.receipt(), err
		}
	}
	return p.receipt(), workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

func (p *process) listen(ctx workflow.Context) error {
	opened := func(ctx workflow.Context, _ transfer.Request) (workflows.Receipt, error) {
		err := workflow.Await(ctx, func() bool { return p.state.Status != transfer.None })
		return p.receipt(), err
	}
	if err := workflow.SetUpdateHandler(ctx, workflows.UpdateOpen, opened); err != nil {
		return err
	}
	return workflow.SetUpdateHandler(ctx, workflows.UpdateSubmit, func(ctx workflow.Context, a workflows.Approval) (workflows.Receipt, error) {
		p.approval = &a
		err := workflow.Await(ctx, func() bool { return p.state.Items.Total() > 0 })
		return p.receipt(), err
	})
}

func (p *process) open(ctx workflow.Context) error {
	var opened activities.Opened
	if err := workflow.ExecuteActivity(ctx, steps.OpenTransfer, p.request).Get(ctx, &opened); err != nil {
		return err
	}
	p.state = opened.State // the search attribute says Pending since the start
	p.mail(ctx, transfer.EventCreated)
	return nil
}

func (p *process) submit(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return p.approval != nil }); err != nil {
		return err
	}
	submission := activities.Submission{
		RequestID: p.approval.RequestID, Actor: p.approval.Actor,
		Selection: transfer.Selection{AllEligible: p.approval.AllEligible, LineItems: p.approval.LineItems},
	}
	var state transfer.State
	if err := workflow.ExecuteActivity(ctx, steps.SubmitTransfer, p.id, submission).Get(ctx, &state); err != nil {
		return err
	}
	return p.become(ctx, state)
}

// move starts an activity for every line item and waits for all of them.
func (p *process) move(ctx workflow.Context) error {
	moves := make([]workflow.Future, p.state.Items.Total())
	for ordinal := range moves {
		moves[ordinal] = workflow.ExecuteActivity(ctx, steps.MoveItem, p.id, ordinal)
	}
	return all(ctx, moves)
}

func (p *process) close(ctx workflow.Context) error {
	var state transfer.State
	if err := workflow.ExecuteActivity(ctx, steps.CloseTransfer, p.id).Get(ctx, &state); err != nil {
		return err
	}
	p.mail(ctx, transfer.EventCompleted)
	return p.become(ctx, state)
}

func (p *process) become(ctx workflow.Context, state transfer.State) error {
	p.state = state
	return workflow.UpsertTypedSearchAttributes(ctx, workflows.StatusKey.ValueSet(string(state.Status)))
}

// mail sends the event's e-mails beside the run.
func (p *process) mail(ctx workflow.Context, event transfer.Event) {
	p.mails = append(p.mails, workflow.ExecuteActivity(ctx, steps.MailParties, p.id, string(event)))
}

func (p *process) awaitMail(ctx workflow.Context) error { return all(ctx, p.mails) }

func all(ctx workflow.Context, futures []workflow.Future) error {
	for _, f := range futures {
		if err := f.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *process) receipt() workflows.Receipt {
	return workflows.Receipt{TransferID: p.id, Status: p.state.Status, Items: p.state.Items}
}
