package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"

	"handover/internal/runs"
	"handover/workflows/run"
)

// Temporal is what a dispatcher needs of a client.Client.
type Temporal interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	ListWorkflow(ctx context.Context, request *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
}

// Start is how a run is started, and what it is told if it runs.
type Start struct {
	Options client.StartWorkflowOptions // the id and what happens to a run that is there are the dispatcher's
	Input   any
	Signal  string // run.SignalLook when empty
	Payload any    // a run.Nudge when nil
}

// nudge has Temporal take note that the run is to look. A run that is not there is started: it looks first of all.
func (d *Dispatcher) nudge(ctx context.Context, run runs.Run, starts map[string]Start, began time.Time) error {
	start, described := starts[run.WorkflowID]
	switch {
	case !described:
		return errNotDescribed
	case ctx.Err() != nil, time.Since(began) > startWithin:
		return errNotTried
	}
	calling, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err := d.call(calling, run, start)
	if err != nil && ctx.Err() != nil {
		return errNotTried // the dispatcher is to end; a call that was taken after all is made again
	}
	d.breaker.saw(err)
	return err
}

// call never sets the request id of a start: the server would answer "started" for a run that began under it and is closed.
func (d *Dispatcher) call(ctx context.Context, run runs.Run, start Start) error {
	options := start.Options
	options.ID = run.WorkflowID
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	var input []any
	if start.Input != nil {
		input = []any{start.Input}
	}
	switch {
	case run.Cause == runs.CauseReplaced:
		options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
		_, err := d.Temporal.ExecuteWorkflow(ctx, options, run.WorkflowType, input...)
		return err
	case run.Cause == runs.CauseOpened && run.Told == 0:
		if taken, err := d.begin(ctx, run, options, input); !taken {
			return err
		}
	}
	name, payload := start.message(run)
	_, err := d.Temporal.SignalWithStartWorkflow(ctx, run.WorkflowID, name, payload, options, run.WorkflowType, input...)
	return err
}

// begin starts a run that should be the first of its id, eagerly where that is possible, and tells whether another one has
// taken the id: that one may have looked already, and is about to end because there was nothing, so it has to be told.
func (d *Dispatcher) begin(ctx context.Context, run runs.Run, options client.StartWorkflowOptions, input []any) (taken bool, err error) {
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	options.EnableEagerStart = !d.Versioned
	_, err = d.Temporal.ExecuteWorkflow(ctx, options, run.WorkflowType, input...)
	var other *serviceerror.WorkflowExecutionAlreadyStarted
	return errors.As(err, &other), err
}

func (s Start) message(to runs.Run) (name string, payload any) {
	if s.Signal == "" {
		s.Signal = run.SignalLook
	}
	if s.Payload == nil {
		s.Payload = run.Nudge{N: to.Wanted, CorrelationID: to.CorrelationID}
	}
	return s.Signal, s.Payload
}

var (
	// errNotTried is the outcome of a run that nobody called Temporal about.
	errNotTried = errors.New("not tried")
	// errNotDescribed is the outcome of a run that nobody could say how to start.
	errNotDescribed = errors.New("nobody says how to start this run")
)

func isNotTried(err error) bool { return errors.Is(err, errNotTried) }

// away tells a Temporal that is not there, slow or in trouble from one that found fault with the call.
func away(err error) bool {
	return slices.Contains([]codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.Canceled}, serviceerror.ToStatus(err).Code())
}

// code names a failure without a word of what was sent.
func code(err error) string {
	switch {
	case err == nil:
		return "told"
	case isNotTried(err):
		return "NotTried"
	case errors.Is(err, errNotDescribed):
		return "NotDescribed"
	}
	return serviceerror.ToStatus(err).Code().String()
}

// complaints are loud, but of one kind not oftener than once a minute.
type complaints struct {
	logger *zap.Logger
	mu     sync.Mutex
	kinds  map[string]*rate.Sometimes
}

func (c *complaints) say(message, kind string, err error, fields ...zap.Field) {
	c.mu.Lock()
	if c.kinds == nil {
		c.kinds = map[string]*rate.Sometimes{}
	}
	sometimes, known := c.kinds[kind]
	if !known {
		sometimes = &rate.Sometimes{Interval: time.Minute}
		c.kinds[kind] = sometimes
	}
	c.mu.Unlock()
	sometimes.Do(func() { c.logger.Error(message, append(fields, zap.Error(err))...) })
}
