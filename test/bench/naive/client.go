package naive

import (
	"context"

	"go.temporal.io/sdk/client"

	"handover/internal/transfer"
	"handover/workflows"
)

// Client gives the naive workflow the same two commands, by the same kind of call, as transferclient.Client gives the
// real one.
type Client struct {
	Temporal client.Client
}

// WorkflowID is the workflow id of a transfer.
func WorkflowID(transferID string) string { return "naive/" + transferID }

// Create requests a transfer and waits until it is Pending.
func (c Client) Create(ctx context.Context, r transfer.Request) (workflows.Receipt, error) {
	r, err := transfer.DefaultPolicy().Normalize(r)
	if err != nil {
		return workflows.Receipt{}, err
	}
	options := workflows.StartOptions(r)
	options.ID = WorkflowID(transfer.NewID(r))
	options.TaskQueue = TaskQueue
	handle, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.Temporal.NewWithStartWorkflowOperation(options, workflowType, r),
		UpdateOptions:          update(options.ID, workflows.UpdateOpen, r),
	})
	if err != nil {
		return workflows.Receipt{}, err
	}
	return receipt(ctx, handle)
}

// Submit approves the transfer as the source and waits until the line items exist.
func (c Client) Submit(ctx context.Context, id string, a workflows.Approval) (workflows.Receipt, error) {
	handle, err := c.Temporal.UpdateWorkflow(ctx, update(WorkflowID(id), workflows.UpdateSubmit, a))
	if err != nil {
		return workflows.Receipt{}, err
	}
	return receipt(ctx, handle)
}

func update(workflowID, name string, argument any) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: name, Args: []any{argument}, WaitForStage: client.WorkflowUpdateStageCompleted,
	}
}

// receipt waits for the end of the update.
func receipt(ctx context.Context, handle client.WorkflowUpdateHandle) (workflows.Receipt, error) {
	var r workflows.Receipt
	return r, handle.Get(ctx, &r)
}
