// Package transferclient speaks to transfers over Temporal alone: it starts them, brings decisions to them and asks how
// they stand. The starter, the demo and the tests use it; it needs no ledger.
//
//	client.go   create and decide
//	read.go     get, list
//	failure.go  what went wrong, in the words of the domain
package transferclient

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"handover/activities"
	"handover/internal/transfer"
	"handover/workflows"
)

// Client gives commands to transfers and reads them. Every error is a *transfer.Refusal, wraps ErrUnavailable or
// ErrAbandoned, or is the context's own.
type Client struct {
	temporal  client.Client
	converter converter.DataConverter
}

// New makes a client. It does not own the connection.
func New(c client.Client) *Client {
	return &Client{temporal: c, converter: converter.GetDefaultDataConverter()}
}

// Create requests a transfer and waits until it is Pending. The same request again, also after the transfer is over, finds
// the same transfer and answers with its present state. Refusals: all of transfer.Policy.Normalize and CheckOpen,
// RequestIDReused.
func (c *Client) Create(ctx context.Context, r transfer.Request) (workflows.Receipt, error) {
	r, err := leavingTypesToTheWorker().Normalize(r)
	if err != nil {
		return workflows.Receipt{}, err
	}
	options := workflows.StartOptions(r)
	start := c.temporal.NewWithStartWorkflowOperation(options, workflows.Transfer, r)
	var receipt workflows.Receipt
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions:          c.update(options.ID, workflows.UpdateOpen, r),
	})
	if err == nil {
		err = handle.Get(ctx, &receipt)
	}
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return c.createdBefore(ctx, options.ID, r)
	}
	return receipt, c.explain(ctx, options.ID, err)
}

// leavingTypesToTheWorker is a policy that refuses no product type that some deployment might allow (OQ-5).
func leavingTypesToTheWorker() transfer.Policy {
	p := transfer.DefaultPolicy()
	p.ProductTypes = append(p.ProductTypes, transfer.Software, transfer.SaaS)
	return p
}

// createdBefore answers a repeated create whose run is over.
func (c *Client) createdBefore(ctx context.Context, workflowID string, r transfer.Request) (workflows.Receipt, error) {
	original, err := c.requestOf(ctx, workflowID)
	if err != nil {
		return workflows.Receipt{}, c.explain(ctx, workflowID, err)
	}
	if !reflect.DeepEqual(original, r) {
		return workflows.Receipt{}, transfer.Refuse(transfer.RequestIDReused, "The request id was used before for a different request. Use a new one.")
	}
	var receipt workflows.Receipt
	err = c.temporal.GetWorkflow(ctx, workflowID, "").Get(ctx, &receipt)
	return receipt, c.explain(ctx, workflowID, err)
}

// requestOf reads what a run was started with from the first event of its history.
func (c *Client) requestOf(ctx context.Context, workflowID string) (transfer.Request, error) {
	var r transfer.Request
	events := c.temporal.GetWorkflowHistory(ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !events.HasNext() {
		return r, errors.New("the history is empty")
	}
	first, err := events.Next()
	if err != nil {
		return r, err
	}
	return r, c.converter.FromPayloads(startedWith(first), &r)
}

// mostPayload is what Temporal carries in one payload, 2 MB by default, less room for what it adds. A larger update is
// not refused by the server: it keeps failing at the worker, until the caller's patience ends.
const mostPayload = 2<<20 - 8<<10

// Submit approves the transfer as the source (T2). It answers once the line items exist; the move goes on by itself. An
// approval that Temporal would not carry is an InvalidInput refusal, and nothing was sent.
func (c *Client) Submit(ctx context.Context, id string, a workflows.Approval) (workflows.Receipt, error) {
	payload, err := c.converter.ToPayload(a)
	if err != nil {
		return workflows.Receipt{}, fmt.Errorf("write the approval: %w", err)
	}
	if len(payload.GetData()) > mostPayload {
		return workflows.Receipt{}, tooLarge()
	}
	return c.decide(ctx, id, workflows.UpdateSubmit, a)
}

// Cancel withdraws the request as the target (T3).
func (c *Client) Cancel(ctx context.Context, id string, d activities.Decision) (workflows.Receipt, error) {
	return c.decide(ctx, id, workflows.UpdateCancel, d)
}

// Decline says no as the source (T7).
func (c *Client) Decline(ctx context.Context, id string, d activities.Decision) (workflows.Receipt, error) {
	return c.decide(ctx, id, workflows.UpdateDecline, d)
}

func (c *Client) decide(ctx context.Context, id, verb string, command any) (workflows.Receipt, error) {
	var receipt workflows.Receipt
	return receipt, c.send(ctx, id, c.update(workflows.WorkflowID(id), verb, command), &receipt)
}

// GiveUp ends the retries of one line item, as an operator.
func (c *Client) GiveUp(ctx context.Context, id string, g activities.GiveUp) (transfer.ItemEntity, error) {
	var item transfer.ItemEntity
	return item, c.send(ctx, id, c.update(workflows.WorkflowID(id), workflows.UpdateGiveUp, g), &item)
}

func (c *Client) send(ctx context.Context, id string, update client.UpdateWorkflowOptions, answer any) error {
	if _, err := transfer.ParseID("the transfer id", id); err != nil {
		return err
	}
	handle, err := c.temporal.UpdateWorkflow(ctx, update)
	if err == nil {
		err = handle.Get(ctx, answer)
	}
	return c.explain(ctx, update.WorkflowID, err)
}

// update names the update after all that it says, its request id and party included: the very same again gets the first
// one's answer, and nobody else does.
func (c *Client) update(workflowID, name string, message any) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: name, Args: []any{message}, WaitForStage: client.WorkflowUpdateStageCompleted,
		UpdateID: fmt.Sprintf("%s/%s", name, workflows.Fingerprint(message)),
	}
}

func startedWith(first *historypb.HistoryEvent) *commonpb.Payloads {
	return first.GetWorkflowExecutionStartedEventAttributes().GetInput()
}
