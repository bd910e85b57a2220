package naive

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
)

const mailingType = "NaiveMailing"

// Mailing sends the e-mails about the creation of transfers, by an activity for each transfer.
func Mailing(ctx workflow.Context, transferIDs []string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	})
	places := workflow.NewSemaphore(ctx, AtOnce)
	mails := make([]workflow.Future, len(transferIDs))
	for i, id := range transferIDs {
		if err := places.Acquire(ctx, 1); err != nil {
			return err
		}
		mails[i] = workflow.ExecuteActivity(ctx, steps.Mail, id, transfer.EventCreated)
		workflow.Go(ctx, func(ctx workflow.Context) {
			_ = mails[i].Get(ctx, nil) // it is asked again below
			places.Release(1)
		})
	}
	return all(ctx, mails)
}

// Mail starts the run that sends the e-mails.
func (c Client) Mail(ctx context.Context, id string, transferIDs []string) (client.WorkflowRun, error) {
	return c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: TaskQueue}, mailingType, transferIDs)
}
