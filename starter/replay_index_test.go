package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"

	"handover/internal/transferclient"
)

func TestOpenWorkflowsReadsOnePageOfTheIndex(t *testing.T) {
	t.Parallel()
	for filter, more := range map[string]string{"": "", "A = 1 OR B = 2": " AND (A = 1 OR B = 2)"} {
		s, connection := temporal(t)
		asked := mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool {
			return string(r.NextPageToken) == "page 2" && r.PageSize == runsPerPage &&
				r.Query == "ExecutionStatus = 'Running' AND WorkflowType IN ('BillingOutage', 'Delivery', 'MoveRange', 'ScheduledCancellation', 'Transfer')"+more
		})
		connection.On("ListWorkflow", mock.Anything, asked).Return(&workflowservice.ListWorkflowExecutionsResponse{
			Executions: []*workflowpb.WorkflowExecutionInfo{{
				Type: &commonpb.WorkflowType{Name: "Transfer"}, Execution: &commonpb.WorkflowExecution{WorkflowId: "transfer/1", RunId: freshID},
			}},
			NextPageToken: []byte("page 3"),
		}, nil)
		runs, next, err := s.OpenWorkflows(t.Context(), filter, []byte("page 2"))
		require.NoError(t, err)
		assert.Equal(t, []workflowRun{{"Transfer", "transfer/1", freshID}}, runs)
		assert.Equal(t, "page 3", string(next))
	}
}

func TestOpenWorkflowsWithoutAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		filter string
		err    error
		status int
	}{
		"silent":                       {"", serviceerror.NewUnavailable("away"), statusUnavailable},
		"a filter it cannot read":      {"what?", serviceerror.NewInvalidArgument("invalid query"), statusUsage},
		"silent, asked with a filter":  {"A = 1", serviceerror.NewUnavailable("away"), statusUnavailable},
		"our own question is not good": {"", serviceerror.NewInvalidArgument("invalid query"), statusUnavailable},
	} {
		s, connection := temporal(t)
		connection.On("ListWorkflow", mock.Anything, mock.Anything).Return(nil, c.err)
		_, _, err := s.OpenWorkflows(t.Context(), c.filter, nil)
		assert.Equal(t, c.status, ending(t.Context(), err).status, name)
	}
}

func TestHistoryIsRead(t *testing.T) {
	t.Parallel()
	run := workflowRun{"Transfer", "transfer/1", freshID}
	read := func(err error) (*historypb.History, error) {
		s, connection := temporal(t)
		events := &mocks.HistoryEventIterator{}
		events.On("HasNext").Return(true).Twice()
		events.On("HasNext").Return(false)
		events.On("Next").Return(&historypb.HistoryEvent{EventId: 1}, nil).Once()
		events.On("Next").Return(&historypb.HistoryEvent{EventId: 2}, err)
		connection.On("GetWorkflowHistory", mock.Anything, "transfer/1", freshID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Return(events)
		return s.History(t.Context(), run)
	}
	history, err := read(nil)
	require.NoError(t, err)
	assert.Len(t, history.GetEvents(), 2)
	_, err = read(serviceerror.NewNotFound("no such run"))
	require.ErrorIs(t, err, errGone)
	_, err = read(serviceerror.NewUnavailable("away"))
	require.ErrorIs(t, err, transferclient.ErrUnavailable)
}
