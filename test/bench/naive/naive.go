// Package naive is the transfer as a first version of it would be, to measure against: one regular activity for every step
// and every line item, all items at once, a search attribute upsert at every change of state, e-mail by an activity for each
// event, the request and the approval brought by update. It makes the same decisions on the same ledger and so writes the
// same to it as the real one. What it lacks: batching, local activities, children for large transfers, reminders, expiry,
// cancel, decline and give-up.
package naive

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
	"handover/workflows"
	"handover/workflows/transfers"
)

// TaskQueue keeps the two implementations' work apart.
const TaskQueue = "naive-transfers"

const (
	workflowType = "NaiveTransfer"
	updateOpen   = "open"
	updateSubmit = "submit"
)

// Register adds the workflows and its activities to a worker on TaskQueue.
func Register(w workflows.Registry, s *Steps) {
	w.RegisterWorkflowWithOptions(Transfer, workflow.RegisterOptions{Name: workflowType})
	w.RegisterWorkflowWithOptions(Mailing, workflow.RegisterOptions{Name: mailingType})
	w.RegisterActivity(s)
}

// steps names the activities; it is nil and only carries their types.
var steps *Steps

// process is one run of Transfer.
type process struct {
	request    transfer.Request
	id         string
	state      transfer.State
	submission *transfer.Approval
	mails      []workflow.Future
}

// Transfer opens the request, waits for the source's approval, moves every line item and closes. It returns what the
// transfer became.
func Transfer(ctx workflow.Context, request transfer.Request) (transfer.Status, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	p := &process{request: request, id: transfer.NewID(request)}
	if err := p.listen(ctx); err != nil {
		return p.state.Status, err
	}
	for _, stage := range []func(workflow.Context) error{p.open, p.submit, p.move, p.close, p.awaitMail} {
		if err := stage(ctx); err != nil {
			return p.state.Status, err
		}
	}
	return p.state.Status, workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

func (p *process) listen(ctx workflow.Context) error {
	opened := func(ctx workflow.Context, _ transfer.Request) (transfer.Status, error) {
		err := workflow.Await(ctx, func() bool { return p.state.Status != transfer.None })
		return p.state.Status, err
	}
	if err := workflow.SetUpdateHandler(ctx, updateOpen, opened); err != nil {
		return err
	}
	return workflow.SetUpdateHandler(ctx, updateSubmit, func(ctx workflow.Context, s transfer.Approval) (transfer.Status, error) {
		p.submission = &s
		err := workflow.Await(ctx, func() bool { return p.state.Items.Total() > 0 })
		return p.state.Status, err
	})
}

func (p *process) open(ctx workflow.Context) error {
	if err := workflow.ExecuteActivity(ctx, steps.Open, p.request).Get(ctx, &p.state); err != nil {
		return err
	}
	p.mail(ctx, transfer.EventCreated) // the search attribute says Pending since the start
	return nil
}

func (p *process) submit(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return p.submission != nil }); err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(ctx, steps.Submit, p.id, *p.submission).Get(ctx, &p.state); err != nil {
		return err
	}
	return p.showStatus(ctx)
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
	if err := workflow.ExecuteActivity(ctx, steps.Close, p.id).Get(ctx, &p.state.Status); err != nil {
		return err
	}
	p.mail(ctx, transfer.EventCompleted)
	return p.showStatus(ctx)
}

func (p *process) showStatus(ctx workflow.Context) error {
	return workflow.UpsertTypedSearchAttributes(ctx, transfers.StatusKey.ValueSet(string(p.state.Status)))
}

// mail sends the event's e-mails beside the run.
func (p *process) mail(ctx workflow.Context, event transfer.Event) {
	p.mails = append(p.mails, workflow.ExecuteActivity(ctx, steps.Mail, p.id, event))
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
