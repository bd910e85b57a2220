package naive

import (
	"context"

	"go.temporal.io/sdk/client"

	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// Client gives the naive workflow its two commands, each by an update that waits for what became of it.
type Client struct {
	Temporal client.Client
}

// WorkflowID is the workflow id of a transfer.
func WorkflowID(transferID string) string { return "naive/" + transferID }

// Create requests a transfer, waits until it is Pending and returns its id.
func (c Client) Create(ctx context.Context, r transfer.Request) (id string, err error) {
	id = transfer.NewID(r)
	options := transfers.StartOptions(id, transfer.State{
		Status: transfer.Pending, CustomerTenantID: r.CustomerTenantID, SourceTenantID: r.SourcePartnerTenantID, TargetTenantID: r.TargetPartnerTenantID,
	})
	options.ID, options.TaskQueue = WorkflowID(id), TaskQueue
	handle, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.Temporal.NewWithStartWorkflowOperation(options, workflowType, r),
		UpdateOptions:          update(options.ID, updateOpen, r),
	})
	if err != nil {
		return id, err
	}
	return id, handle.Get(ctx, nil)
}

// Submit approves the transfer as the source and waits until the line items exist.
func (c Client) Submit(ctx context.Context, id string, s transfer.Approval) error {
	handle, err := c.Temporal.UpdateWorkflow(ctx, update(WorkflowID(id), updateSubmit, s))
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

func update(workflowID, name string, argument any) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: name, Args: []any{argument}, WaitForStage: client.WorkflowUpdateStageCompleted,
	}
}
