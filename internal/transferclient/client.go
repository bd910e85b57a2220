// Package transferclient speaks to transfers over Temporal alone: it brings commands to their runs, by signal, and asks how
// they stand. The starter, the demo and tests use it; it needs no ledger.
//
//	client.go   create and decide
//	read.go     get, list
//	failure.go  what went wrong, in the words of the domain
package transferclient

import (
	"context"
	"encoding/json"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// Temporal is what a Client needs of a connection; every client.Client is one.
type Temporal interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	ListWorkflow(ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
}

// Client gives commands to transfers and reads them. Every error is a *kernel.Refusal, wraps ErrUnavailable (and ErrFailing,
// when it is one run that does not answer) or ErrAbandoned, or is the context's own.
type Client struct {
	temporal Temporal
	key      []byte // signs commands; empty for none
	operator string
}

// New makes a client. It does not own the connection.
func New(t Temporal) *Client { return &Client{temporal: t} }

// Signing is the same client, which signs its commands with the key for the system's user who gives them. Without a key it does not.
func (c *Client) Signing(key []byte, operator string) *Client {
	return &Client{temporal: c.temporal, key: key, operator: operator}
}

// Create requests a transfer and waits until it is Pending. The same request again gets the same answer. Refusals:
// all of transfer.Policy.Normalize and CheckOpen, RequestIDReused.
func (c *Client) Create(ctx context.Context, r transfer.Request) (transfer.Answer, error) {
	opening, err := leavingTypesToTheWorker().Normalize(r)
	if err != nil {
		return transfer.Answer{}, err
	}
	asked := opening.Request()
	return c.bring(ctx, transfers.SignalTargetRequest, transfer.Message{TransferID: transfer.NewID(asked), Verb: transfer.VerbCreate, Request: &asked})
}

// leavingTypesToTheWorker is a policy that refuses no product type that some deployment might allow (OQ-5).
func leavingTypesToTheWorker() transfer.Policy {
	p := transfer.DefaultPolicy()
	p.ProductTypes = append(p.ProductTypes, subscription.Software, subscription.SaaS)
	return p
}

// Submit approves the transfer as the source (T2). It answers once the line items exist; the move goes on by itself.
func (c *Client) Submit(ctx context.Context, id string, a transfer.Approval) (transfer.Answer, error) {
	return c.bring(ctx, transfers.SignalSourceApproval, transfer.Message{TransferID: id, Verb: transfer.VerbSubmit, Approval: &a})
}

// Cancel withdraws the request as the target (T3).
func (c *Client) Cancel(ctx context.Context, id string, d transfer.Decision) (transfer.Answer, error) {
	return c.bring(ctx, transfers.SignalTargetCancel, transfer.Message{TransferID: id, Verb: transfer.VerbCancel, Decision: &d})
}

// Decline says no as the source (T7).
func (c *Client) Decline(ctx context.Context, id string, d transfer.Decision) (transfer.Answer, error) {
	return c.bring(ctx, transfers.SignalSourceDecline, transfer.Message{TransferID: id, Verb: transfer.VerbDecline, Decision: &d})
}

// bring signals the command to the transfer's run, starting one where none is open, and waits for the answer.
func (c *Client) bring(ctx context.Context, signal string, command transfer.Message) (transfer.Answer, error) {
	id, err := kernel.ParseID("the transfer id", command.TransferID)
	if err != nil {
		return transfer.Answer{}, err
	}
	command.TransferID = id
	if len(c.key) > 0 {
		command = command.Signed(c.key, c.operator)
	}
	message := command.Content()
	text, err := json.Marshal(message)
	switch {
	case err != nil:
		return transfer.Answer{}, err
	case !arrives(command):
		return transfer.Answer{}, kernel.Refuse(kernel.InvalidInput, "The command holds text that is not UTF-8, so it would arrive as another one. Write it in UTF-8.")
	case len(text) > transfers.MostCommand:
		return transfer.Answer{}, tooLarge()
	}
	options := transfers.StartOptions(id, stateOf(command))
	_, err = c.temporal.SignalWithStartWorkflow(ctx, options.ID, signal, message, options, transfers.Type, transfers.Input{TransferID: id})
	if err != nil {
		return transfer.Answer{}, explain(err)
	}
	return c.awaitAnswer(ctx, id, command)
}

// arrives tells whether the run will read the command as it was given: JSON replaces what is not UTF-8, and an answer to something
// else would be waited for in vain.
func arrives(command transfer.Message) bool {
	text, err := json.Marshal(command)
	var read transfer.Message
	return err == nil && json.Unmarshal(text, &read) == nil && read.Fingerprint() == command.Fingerprint()
}

// stateOf is what a start can say of the transfer before its run has looked.
func stateOf(c transfer.Message) transfer.State {
	if c.Request == nil {
		return transfer.State{}
	}
	return transfer.State{
		CustomerTenantID: c.Request.CustomerTenantID, SourceTenantID: c.Request.SourcePartnerTenantID, TargetTenantID: c.Request.TargetPartnerTenantID,
	}
}

// The pauses between two questions for an answer, which usually is there at once.
const (
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second
)

// awaitAnswer asks the run until it has the answer to the command. The same request id with other content is another command.
func (c *Client) awaitAnswer(ctx context.Context, id string, command transfer.Message) (transfer.Answer, error) {
	of := command.Fingerprint()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		s, err := c.query(ctx, transfer.WorkflowID(id))
		if err != nil {
			return transfer.Answer{}, err
		}
		for _, a := range s.Answers {
			if a.RequestID == command.RequestID() && a.Of == of {
				return a, refused(a)
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return transfer.Answer{}, explain(ctx.Err())
		case <-timer.C:
		}
	}
}

// refused is the refusal in the answer, if it is one.
func refused(a transfer.Answer) error {
	if a.Refusal == nil {
		return nil
	}
	return a.Refusal
}

// query asks a run how it stands.
func (c *Client) query(ctx context.Context, workflowID string) (transfers.Snapshot, error) {
	var s transfers.Snapshot
	answer, err := c.temporal.QueryWorkflow(ctx, workflowID, "", transfers.QueryState)
	if err == nil {
		err = answer.Get(&s)
	}
	if isMissing(err) {
		return s, transfer.NoSuchTransfer()
	}
	return s, explain(err)
}
