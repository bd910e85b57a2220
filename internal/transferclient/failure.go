package transferclient

import (
	"context"
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"handover/activities"
	"handover/internal/transfer"
)

// ErrUnavailable says that Temporal, or a worker behind it, gave no answer in time. Whatever was asked may be asked again
// with the same request id.
var ErrUnavailable = errors.New("the transfer service gave no answer")

// explain puts a failure into the words of the domain. The workflow id is looked up when the run turns out to be over or
// unknown: then the reason is the transfer's state, not the engine's.
func (c *Client) explain(ctx context.Context, workflowID string, err error) error {
	if err == nil {
		return nil
	}
	if refusal, ok := activities.RefusalOf(err); ok {
		return refusal
	}
	var missing *serviceerror.NotFound
	var terminated *temporal.TerminatedError
	if errors.As(err, &missing) || errors.As(err, &terminated) {
		return c.explainMissing(ctx, workflowID)
	}
	if isTooLarge(err) {
		return tooLarge()
	}
	if silent(err) {
		return fmt.Errorf("%w: check that Temporal runs and a worker is connected, then repeat the command (%s)", ErrUnavailable, err.Error())
	}
	return err
}

// explainMissing tells a transfer that never was from one that is over.
func (c *Client) explainMissing(ctx context.Context, workflowID string) error {
	notFound := transfer.NoSuchTransfer()
	described, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return notFound
	case err != nil:
		return c.explain(ctx, workflowID, err)
	}
	state, known := statusOf(described.GetWorkflowExecutionInfo().GetSearchAttributes())
	switch {
	case !known:
		return notFound // the request was refused, so there never was a transfer
	case !state.Final():
		return abandoned(described.GetWorkflowExecutionInfo().GetStatus())
	default:
		return transfer.Refuse(transfer.AlreadyFinal, "The transfer is %s; nothing about it can change any more.", state)
	}
}

// ErrAbandoned says that somebody ended the run of a transfer that is not over, past all of its rules. The ledger still
// has the transfer open; only an operator of Temporal can bring the run back, by resetting it.
var ErrAbandoned = errors.New("the transfer's run was ended from outside")

func abandoned(ended enumspb.WorkflowExecutionStatus) error {
	return fmt.Errorf("%w (%s) although the transfer is not over; reset the workflow in Temporal", ErrAbandoned, ended)
}

// tooLarge is the refusal of a request that Temporal does not carry.
func tooLarge() error {
	return transfer.Refuse(transfer.InvalidInput, "The request is too large for Temporal. Ask for everything eligible, which has no limit, or name fewer line items.")
}

// isTooLarge tells a request that is over the size of a payload (2 MB) or of a gRPC message (4 MB).
func isTooLarge(err error) bool {
	var invalid *serviceerror.InvalidArgument
	text := err.Error()
	return strings.Contains(text, "larger than max") || (errors.As(err, &invalid) && strings.Contains(text, "size exceeds limit"))
}

// silent tells that nobody answered, as opposed to a no.
func silent(err error) bool {
	var unavailable *serviceerror.Unavailable
	var exceeded *serviceerror.DeadlineExceeded
	var updateTimeout *client.WorkflowUpdateServiceTimeoutOrCanceledError
	code := status.Code(err)
	return errors.As(err, &unavailable) || errors.As(err, &exceeded) || errors.As(err, &updateTimeout) ||
		errors.Is(err, context.DeadlineExceeded) || code == codes.Unavailable || code == codes.DeadlineExceeded
}

// IsTechnical tells a failure of the machinery from a refusal, which is an answer.
func IsTechnical(err error) bool {
	_, refused := activities.RefusalOf(err)
	return err != nil && !refused
}
