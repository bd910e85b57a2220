package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"
	"google.golang.org/protobuf/types/known/timestamppb"

	"handover/activities/failing"
	"handover/config"
	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/internal/transferclient"
	processes "handover/workflows/transfers"
)

// temporal is a service on a mocked connection.
func temporal(t *testing.T) (*service, *mocks.Client) {
	connection := &mocks.Client{}
	connection.Test(t)
	return &service{Client: transferclient.New(connection), temporal: connection}, connection
}

func execution(workflowID, status string) *workflowpb.WorkflowExecutionInfo {
	return &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID},
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
			processes.StatusKey.GetName(): {Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(status)},
		}},
	}
}

func TestOpenRunsReadsOnePageOfTheIndex(t *testing.T) {
	t.Parallel()
	s, connection := temporal(t)
	page := mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool {
		return string(r.NextPageToken) == "page 2" && r.PageSize == runsPerPage &&
			r.Query == "WorkflowType = 'Transfer' AND ExecutionStatus = 'Running' AND TransferStatus IS NOT NULL"
	})
	connection.On("ListWorkflow", mock.Anything, page).Return(&workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflowpb.WorkflowExecutionInfo{
			execution(transfer.WorkflowID(transferID), `"Pending"`),
			execution("somebody-elses", `"Pending"`),
		},
		NextPageToken: []byte("page 3"),
	}, nil)
	open, next, err := s.OpenRuns(t.Context(), []byte("page 2"))
	require.NoError(t, err)
	assert.Equal(t, []openRun{{transferID, transfer.Pending}}, open)
	assert.Equal(t, "page 3", string(next))
}

func TestOpenRunsWithoutAnswer(t *testing.T) {
	t.Parallel()
	s, connection := temporal(t)
	connection.On("ListWorkflow", mock.Anything, mock.Anything).Return(nil, serviceerror.NewUnavailable("away"))
	_, _, err := s.OpenRuns(t.Context(), nil)
	require.ErrorIs(t, err, transferclient.ErrUnavailable)

	s, connection = temporal(t)
	connection.On("ListWorkflow", mock.Anything, mock.Anything).Return(&workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflowpb.WorkflowExecutionInfo{execution(transfer.WorkflowID(transferID), `{`)},
	}, nil)
	_, _, err = s.OpenRuns(t.Context(), nil)
	require.ErrorContains(t, err, transferID)
}

func TestRunning(t *testing.T) {
	t.Parallel()
	answer := func(status enumspb.WorkflowExecutionStatus) *workflowservice.DescribeWorkflowExecutionResponse {
		return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: status}}
	}
	cases := map[string]struct {
		answer  *workflowservice.DescribeWorkflowExecutionResponse
		err     error
		running bool
		want    error
	}{
		"running":    {answer: answer(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING), running: true},
		"completed":  {answer: answer(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED)},
		"terminated": {answer: answer(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)},
		"never was":  {err: serviceerror.NewNotFound("no such workflow")},
		"silent":     {err: serviceerror.NewUnavailable("away"), want: transferclient.ErrUnavailable},
	}
	for name, c := range cases {
		s, connection := temporal(t)
		connection.On("DescribeWorkflowExecution", mock.Anything, transfer.WorkflowID(transferID), "").Return(c.answer, c.err)
		running, err := s.Running(t.Context(), transfer.WorkflowID(transferID))
		assert.ErrorIs(t, err, c.want, name)
		assert.Equal(t, c.running, running, name)
	}
}

// TestHealth: a run is not well while its task fails again and again, or waits for a worker. A task that a worker took down with it is
// simply taken by another.
func TestHealth(t *testing.T) {
	t.Parallel()
	type state = enumspb.PendingWorkflowTaskState
	const scheduled, started state = enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED, enumspb.PENDING_WORKFLOW_TASK_STATE_STARTED
	for name, c := range map[string]struct {
		attempt int32
		state   state
		waits   time.Duration
		want    runHealth
	}{
		"no task":                {want: runWell},
		"a task just made":       {1, scheduled, time.Second, runWell},
		"at work for long":       {1, started, time.Hour, runWell},
		"the worker died":        {2, started, time.Second, runWell},
		"fails again and again":  {3, started, time.Second, runFailing},
		"about to be tried anew": {30, scheduled, time.Hour, runFailing},
		"no worker":              {1, scheduled, time.Hour, runUntaken},
	} {
		s, connection := temporal(t)
		answer := &workflowservice.DescribeWorkflowExecutionResponse{
			WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING},
		}
		if c.attempt > 0 {
			answer.PendingWorkflowTask = &workflowpb.PendingWorkflowTaskInfo{
				Attempt: c.attempt, State: c.state, OriginalScheduledTime: timestamppb.New(time.Now().Add(-c.waits)),
			}
		}
		connection.On("DescribeWorkflowExecution", mock.Anything, "delivery/p", "").Return(answer, nil)
		now, err := s.Health(t.Context(), "delivery/p")
		require.NoError(t, err)
		assert.Equal(t, c.want, now, name)
	}
}

// TestARefusalSurvivesTheWayThroughTemporal: what a run refuses with is what the command reports.
func TestARefusalSurvivesTheWayThroughTemporal(t *testing.T) {
	t.Parallel()
	s, connection := temporal(t)
	refusal := kernel.Refuse(kernel.WrongParty, "Only the target may do this.")
	connection.On("SignalWithStartWorkflow", mock.Anything, transfer.WorkflowID(transferID), processes.SignalTargetCancel,
		mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, failing.RefusalError(refusal))
	_, err := s.Cancel(t.Context(), transferID, transfer.Decision{RequestID: freshID})
	assert.Equal(t, failure{status: 3, Code: "900150", Cause: "WrongParty", Message: refusal.Message, Data: []string{}}, ending(t.Context(), err))
}

func TestUnreachableKeepsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("certificate expired")
	err := &unreachableError{cause}
	assert.ErrorIs(t, err, cause)
	assert.ErrorIs(t, err, transferclient.ErrUnavailable)
}

// TestTheTemporalServerIsNotLinked keeps the programs small: only standalone may contain the server.
func TestTheTemporalServerIsNotLinked(t *testing.T) {
	t.Parallel()
	listed, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "handover/starter", "handover/worker").CombinedOutput()
	require.NoError(t, err, string(listed))
	linked := strings.Fields(string(listed))
	require.Contains(t, linked, "go.temporal.io/sdk/client", "the list is the programs'")
	for _, pkg := range linked {
		assert.NotRegexp(t, `^go\.temporal\.io/server(/|$)`, pkg)
	}
}

// TestTheRealSurroundings opens a real ledger and dials a port where nobody listens.
func TestTheRealSurroundings(t *testing.T) {
	t.Setenv("HANDOVER_LEDGER_URL", "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"))
	book, err := surroundings().openLedger(t.Context(), "")
	require.NoError(t, err)
	empty, err := book.Empty(t.Context())
	require.NoError(t, err)
	assert.True(t, empty)
	require.NoError(t, book.Close())

	_, err = surroundings().openLedger(t.Context(), "mysql://root@localhost/handover")
	assert.Equal(t, statusUsage, ending(t.Context(), err).status)
	t.Setenv("HANDOVER_LEDGER_URL", "")
	_, err = surroundings().openLedger(t.Context(), "")
	assert.ErrorContains(t, err, "name the ledger's database with --ledger or HANDOVER_LEDGER_URL")

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = surroundings().connect(t.Context(), address, "default")
	assert.Equal(t, statusUnavailable, ending(t.Context(), err).status)
	assert.ErrorContains(t, err, address)
	assert.NotEmpty(t, surroundings().user())
}

// TestTheLedgerAtHand: the flag counts before the environment, which counts before standalone's own in the working folder.
func TestTheLedgerAtHand(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TEMPORAL_ADDRESS", "")
	t.Setenv("HANDOVER_LEDGER_URL", "")
	atHand := func(url, address string) string {
		at, err := ledgerAt(config.Load, url, address)
		require.NoError(t, err)
		return at
	}
	assert.Empty(t, atHand("", ""), "there is none")

	require.NoError(t, os.Mkdir(".handover", 0o700))
	require.NoError(t, os.WriteFile(standaloneLedger, nil, 0o600))
	assert.Equal(t, "sqlite://.handover/ledger.db", atHand("", ""))
	assert.Equal(t, "sqlite://.handover/ledger.db", atHand("", "127.0.0.1:7233"))
	assert.Empty(t, atHand("", "temporal.example:7233"), "another Temporal has another ledger")
	t.Setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
	assert.Empty(t, atHand("", ""))

	t.Setenv("HANDOVER_LEDGER_URL", "postgres://db/handover")
	assert.Equal(t, "postgres://db/handover", atHand("", ""))
	assert.Equal(t, "postgres://db/other", atHand("postgres://db/other", ""))

	_, err := ledgerAt(config.Load, "sqlite://no/such.db", "")
	assert.Equal(t, statusUsage, ending(t.Context(), err).status)
	assert.ErrorContains(t, err, "there is no ledger at sqlite://no/such.db")
	assert.NoDirExists(t, "no", "looking makes nothing")
}
