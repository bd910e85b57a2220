package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"handover/workflows"
)

// histories is what replay needs of Temporal.
type histories interface {
	// OpenWorkflows is one page of the running workflows of this program, of any type, that match the filter as well when
	// there is one, and the token of the next page, empty after the last. The index may lag a moment behind.
	//
	// Errors: *usageError, for a filter that Temporal does not understand; transferclient.ErrUnavailable.
	OpenWorkflows(ctx context.Context, filter string, page []byte) ([]workflowRun, []byte, error)
	// History is what happened to the run so far. Errors: errGone; transferclient.ErrUnavailable.
	History(ctx context.Context, r workflowRun) (*historypb.History, error)
}

// workflowRun names one run of a workflow.
type workflowRun struct{ kind, workflowID, runID string }

// errGone says that Temporal knows nothing of a run any more.
var errGone = errors.New("the run is not kept any more")

func (s *service) OpenWorkflows(ctx context.Context, filter string, page []byte) ([]workflowRun, []byte, error) {
	answer, err := s.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: openWorkflows(filter), PageSize: runsPerPage, NextPageToken: page,
	})
	var misunderstood *serviceerror.InvalidArgument
	switch {
	case errors.As(err, &misunderstood) && filter != "":
		return nil, nil, &usageError{fmt.Errorf("--query: %w", err)}
	case err != nil:
		return nil, nil, &unreachableError{err}
	}
	found := make([]workflowRun, 0, len(answer.GetExecutions()))
	for _, info := range answer.GetExecutions() {
		found = append(found, workflowRun{info.GetType().GetName(), info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId()})
	}
	return found, answer.GetNextPageToken(), nil
}

// openWorkflows is the question in the words of Temporal's index.
func openWorkflows(filter string) string {
	query := "ExecutionStatus = 'Running' AND WorkflowType IN ('" + strings.Join(workflows.Types(), "', '") + "')"
	if filter != "" {
		query += " AND (" + filter + ")"
	}
	return query
}

func (s *service) History(ctx context.Context, r workflowRun) (*historypb.History, error) {
	var history historypb.History
	events := s.temporal.GetWorkflowHistory(ctx, r.workflowID, r.runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		var gone *serviceerror.NotFound
		switch {
		case errors.As(err, &gone):
			return nil, errGone
		case err != nil:
			return nil, &unreachableError{err}
		}
		history.Events = append(history.Events, event)
	}
	return &history, nil
}
