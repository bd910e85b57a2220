package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/app"
	"handover/internal/telemetry"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	processes "handover/workflows/transfers"
)

// temporalRuns is what I-7 needs to know about workflow runs, beyond what a transfer says about itself.
type temporalRuns interface {
	// OpenRuns is one page of the transfers whose run Temporal's index holds for running, and the token of the next page,
	// empty after the last. The index may lag a moment behind.
	OpenRuns(ctx context.Context, page []byte) ([]openRun, []byte, error)
	// Running tells whether the run with the workflow id is running right now; a run that never was is not.
	Running(ctx context.Context, workflowID string) (bool, error)
	// Health tells the same, and whether the run gets on.
	Health(ctx context.Context, workflowID string) (runHealth, error)
}

// runHealth is how a run does.
type runHealth int

const (
	runClosed  runHealth = iota // or never begun
	runWell                     // it works, or waits for its time
	runFailing                  // its task fails, again and again
	runUntaken                  // its task waits for a worker
)

// failsTwice is more often than a task fails that a worker took down with it.
const failsTwice = 2

// openRun is a transfer whose run is running, with the status that the index has of it.
type openRun struct {
	id     string
	status transfer.Status
}

// runsPerPage is what Temporal gives at most by default.
const runsPerPage = 1000

// service is a connection to Temporal with the transfers behind it.
type service struct {
	*transferclient.Client
	temporal client.Client
}

// connect dials Temporal; empty arguments leave the choice to TEMPORAL_… . Every failure to connect counts as unavailable.
func connect(ctx context.Context, read loader, address, namespace string) (transfers, error) {
	settings, err := read()
	if err != nil {
		return nil, &usageError{err}
	}
	options, err := config.Temporal()
	if err != nil {
		return nil, &usageError{err}
	}
	if address != "" {
		options.HostPort = address
	}
	if namespace != "" {
		options.Namespace = namespace
	}
	connection, err := app.Dial(ctx, options, settings.Payloads.EncryptionKeys.ForClients(), zap.NewNop(), telemetry.Metrics{})
	if err != nil {
		return nil, &unreachableError{err}
	}
	return &service{Client: transferclient.New(connection).Signing(settings.Transfers.CommandKey, systemUser()), temporal: connection}, nil
}

// Close ends the connection.
func (s *service) Close() { s.temporal.Close() }

func (s *service) OpenRuns(ctx context.Context, page []byte) ([]openRun, []byte, error) {
	answer, err := s.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND %s IS NOT NULL",
			processes.Type, processes.StatusKey.GetName()),
		PageSize:      runsPerPage,
		NextPageToken: page,
	})
	if err != nil {
		return nil, nil, &unreachableError{err}
	}
	var found []openRun
	for _, execution := range answer.GetExecutions() {
		id, ok := transfer.OfWorkflow(execution.GetExecution().GetWorkflowId())
		if !ok {
			continue
		}
		var status string
		field := execution.GetSearchAttributes().GetIndexedFields()[processes.StatusKey.GetName()]
		if err := converter.GetDefaultDataConverter().FromPayload(field, &status); err != nil {
			return nil, nil, fmt.Errorf("read the status that the index has of transfer %s: %w", id, err)
		}
		found = append(found, openRun{id: id, status: transfer.Status(status)})
	}
	return found, answer.GetNextPageToken(), nil
}

func (s *service) Running(ctx context.Context, workflowID string) (bool, error) {
	now, err := s.Health(ctx, workflowID)
	return now != runClosed, err
}

func (s *service) Health(ctx context.Context, workflowID string) (runHealth, error) {
	described, err := s.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		return runClosed, nil
	case err != nil:
		return runClosed, &unreachableError{err}
	case described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return runClosed, nil
	}
	task := described.GetPendingWorkflowTask()
	switch {
	case task.GetAttempt() > failsTwice:
		return runFailing, nil
	case task.GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED && time.Since(task.GetOriginalScheduledTime().AsTime()) > tellWithin:
		return runUntaken, nil
	}
	return runWell, nil
}
