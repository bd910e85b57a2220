package transferclient

import (
	"context"
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"handover/activities/failing"
	"handover/internal/kernel"
)

// ErrUnavailable says that Temporal, or a worker behind it, gave no answer in time. Whatever was asked may be asked again
// with the same request id.
var ErrUnavailable = errors.New("the transfer service gave no answer")

// ErrFailing says that the run of a transfer fails at its task, again and again, so that it does not answer. Others do.
var ErrFailing = errors.New("the transfer's run fails; the log of the workers says how")

// explain puts a failure into the words of the domain.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if refusal, ok := failing.RefusalOf(err); ok {
		return refusal
	}
	if isTooLarge(err) {
		return tooLarge()
	}
	if isFailing(err) {
		return fmt.Errorf("%w: %w (%s)", ErrUnavailable, ErrFailing, err.Error())
	}
	if IsSilence(err) {
		return fmt.Errorf("%w: check that Temporal runs and a worker is connected, then repeat the command (%s)", ErrUnavailable, err.Error())
	}
	return err
}

func isMissing(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}

// ErrAbandoned says that somebody ended the run of a transfer that is not over. The ledger still has the transfer open;
// starter resume makes another run follow it.
var ErrAbandoned = errors.New("the transfer's run was ended from outside")

func abandoned(id string, ended enumspb.WorkflowExecutionStatus) error {
	return fmt.Errorf("%w (%s) although the transfer is not over; run starter resume %s", ErrAbandoned, ended, id)
}

// tooLarge is the refusal of a command that a run does not take.
func tooLarge() error {
	return kernel.Refuse(kernel.InvalidInput, "The command is too large for Temporal. Ask for everything eligible, which has no limit, name fewer line items, or use the HTTP API.")
}

// isTooLarge tells a request that is over the size of a payload (2 MB) or of a gRPC message (4 MB).
func isTooLarge(err error) bool {
	var invalid *serviceerror.InvalidArgument
	text := err.Error()
	return strings.Contains(text, "larger than max") || (errors.As(err, &invalid) && strings.Contains(text, "size exceeds limit"))
}

// isFailing tells that one run cannot answer: its workflow task fails, or the worker could not bring it to where it stands.
func isFailing(err error) bool {
	var notReady *serviceerror.WorkflowNotReady
	var failed *serviceerror.QueryFailed
	return errors.As(err, &notReady) || errors.As(err, &failed)
}

// IsSilence tells that neither Temporal nor a worker behind it answered in time, as opposed to a no: ErrUnavailable, and every error
// of Temporal's that becomes one.
func IsSilence(err error) bool {
	var unavailable *serviceerror.Unavailable
	var exceeded *serviceerror.DeadlineExceeded
	code := status.Code(err)
	return errors.Is(err, ErrUnavailable) || errors.As(err, &unavailable) || errors.As(err, &exceeded) || errors.Is(err, context.DeadlineExceeded) ||
		code == codes.Unavailable || code == codes.DeadlineExceeded || isFailing(err)
}
