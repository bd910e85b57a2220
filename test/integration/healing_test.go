package integration

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	activities "handover/activities/transfers"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// stepsLedger is the ledger as the steps of a worker see it.
type stepsLedger = activities.Ledger

// failing is the fault of a subscription that moves later than anybody waits.
const failing = "transient:1000"

// states are how transfers stand in the stories below, and how each gets there.
var states = []struct {
	name string
	make func(*testing.T, *ledger.Ledger, parties) string
	over bool
}{
	{"Pending", opened, false},
	{"InProgress", submitted, false},
	{"Cancel", cancelled, true},
}

// largeFailing is world.Large all of whose line items keep failing.
func largeFailing(customers int) ledger.World {
	w := world.Large(customers, 1)
	for n := range customers {
		w = withFaults(w, largeParties(n).customer, failing)
	}
	return w
}

// finishes brings an open transfer to its end by what there is to decide about it.
func finishes(t *testing.T, book *ledger.Ledger, p parties, id string) {
	t.Helper()
	now, err := book.Transfer(t.Context(), id)
	require.NoError(t, err)
	if now.Status == transfer.InProgress {
		givesUp(t, book, id)
		return
	}
	_, err = book.Cancel(t.Context(), id, withdrawal(p), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
}

// Row 21 of the races: a run is terminated, deleted or ends in error while its transfer is open. The comparison of the two
// sides finds it, or an operator says so; another run goes on where the ledger is.
func TestALostRunComesBack(t *testing.T) {
	t.Parallel()
	losses := []struct {
		name string
		lose func(*testing.T, *platform.Platform, string)
	}{{"terminated", terminates}, {"deleted", deletes}, {"failed", fails}}
	p := startWorking(t, platform.Options{}, largeFailing(2*2*len(losses)))
	customer := 0
	for _, loss := range losses {
		for _, state := range states[:2] { // the open ones
			for _, heal := range []string{"reconcile", "resume"} {
				who := largeParties(customer)
				customer++
				t.Run(loss.name+" while "+state.name+", "+heal, func(t *testing.T) {
					id := state.make(t, p.Ledger, who)
					follows(t, p.Ledger, p.Connection, id)
					loss.lose(t, p, id)
					require.NotEqual(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, runOf(t, p.Connection, id))
					if heal == "resume" {
						resumes(t, p.Ledger, id)
					} else {
						eventually(t, "a comparison finds it", func() bool { // Temporal's list of open runs lags
							report, err := p.Worker.Reconcile(t.Context())
							require.NoError(t, err)
							return report.Raised > 0
						})
					}
					follows(t, p.Ledger, p.Connection, id)
					finishes(t, p.Ledger, who, id)
					follows(t, p.Ledger, p.Connection, id)
				})
			}
		}
	}
}

func terminates(t *testing.T, p *platform.Platform, id string) {
	require.NoError(t, p.Connection.TerminateWorkflow(t.Context(), transfer.WorkflowID(id), "", "by mistake"))
}

func deletes(t *testing.T, p *platform.Platform, id string) {
	_, err := p.Connection.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: platform.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: transfer.WorkflowID(id)},
	})
	require.NoError(t, err)
	eventually(t, "it is deleted", func() bool { return runOf(t, p.Connection, id) == enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED })
}

// fails puts a run in the transfer's place that cannot begin.
func fails(t *testing.T, p *platform.Platform, id string) {
	options := transfers.StartOptions(id, transfer.State{})
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
	run, err := p.Connection.ExecuteWorkflow(t.Context(), options, transfers.Type, transfers.Input{TransferID: "another"})
	require.NoError(t, err)
	require.Error(t, run.Get(t.Context(), nil))
}

// Row 22 of the races: a run is reset to its first task, however far its transfer is. It looks, and is there.
func TestARunThatIsResetLooks(t *testing.T) {
	t.Parallel()
	p := startWorking(t, platform.Options{}, largeFailing(len(states)))
	for n, state := range states {
		t.Run(state.name, func(t *testing.T) {
			who := largeParties(n)
			id := state.make(t, p.Ledger, who)
			follows(t, p.Ledger, p.Connection, id)
			resetToItsBeginning(t, p.Connection, id)
			follows(t, p.Ledger, p.Connection, id)
			if !state.over {
				finishes(t, p.Ledger, who, id)
				follows(t, p.Ledger, p.Connection, id)
			}
		})
	}
}

func resetToItsBeginning(t *testing.T, c client.Client, id string) {
	t.Helper()
	resetsToItsBeginning(t, c, transfer.WorkflowID(id))
}

// resetsToItsBeginning resets the run of the workflow to its first task.
func resetsToItsBeginning(t *testing.T, c client.Client, workflowID string) {
	t.Helper()
	before, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
	require.NoError(t, err)
	run := before.GetWorkflowExecutionInfo().GetExecution()
	first := int64(0)
	// It waits for events: the run may have begun a moment ago.
	events := c.GetWorkflowHistory(t.Context(), run.GetWorkflowId(), run.GetRunId(), true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() && first == 0 {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			first = event.GetEventId()
		}
	}
	reset, err := c.WorkflowService().ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: platform.Namespace, WorkflowExecution: run, Reason: "somebody tries something", RequestId: key("reset", parties{customer: workflowID}),
		WorkflowTaskFinishEventId: first,
	})
	require.NoError(t, err)
	require.NotEqual(t, run.GetRunId(), reset.GetRunId())
}

// Row 25 of the races: an old database of Temporal is put back. Runs that it never had begin, and those that it has from
// before go on where the ledger is.
func TestAnOldTemporalIsPutBack(t *testing.T) {
	t.Parallel()
	dir, w := t.TempDir(), largeFailing(3)
	before, moving, withdrawn := largeParties(0), largeParties(1), largeParties(2)
	p := startWorking(t, platform.Options{DataDir: dir}, w)
	kept := opened(t, p.Ledger, before)
	ended := opened(t, p.Ledger, withdrawn)
	follows(t, p.Ledger, p.Connection, kept)
	follows(t, p.Ledger, p.Connection, ended)
	p.Stop()
	old := t.TempDir()
	copied(t, dir, "temporal.db*", old)

	p = startWorking(t, platform.Options{DataDir: dir}, w)
	unknown := submitted(t, p.Ledger, moving)
	_, err := p.Ledger.Submit(t.Context(), kept, wholeOf(before), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	_, err = p.Ledger.Cancel(t.Context(), ended, withdrawal(withdrawn), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)
	for _, id := range []string{unknown, kept, ended} {
		follows(t, p.Ledger, p.Connection, id)
	}
	p.Stop()
	copied(t, dir, "ledger.db*", old)

	p = startWorking(t, platform.Options{DataDir: old}, w)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, runOf(t, p.Connection, unknown))
	report, err := p.Worker.Reconcile(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, report.Raised)
	follows(t, p.Ledger, p.Connection, unknown)
	_, _, err = p.Ledger.ResumeOpen(t.Context(), transferstore.Resumption{Cause: runs.CauseResumed, Actor: kernel.Actor{Operator: true}}, "", 100)
	require.NoError(t, err)
	resumes(t, p.Ledger, ended)
	for _, id := range []string{kept, ended} {
		follows(t, p.Ledger, p.Connection, id)
	}
	for who, id := range map[parties]string{before: kept, moving: unknown} {
		finishes(t, p.Ledger, who, id)
		follows(t, p.Ledger, p.Connection, id)
	}
}

// copied copies the files of a database that nobody uses.
func copied(t *testing.T, from, pattern, to string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(from, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, filepath.Base(name)), content, 0o600))
	}
}

// Rows 13 and 14 of the races: a run is told to look after it has ended, and while it closes its transfer, a hundred times.
// It looks again and ends; nothing happens twice.
func TestARunIsToldWhenAllIsOver(t *testing.T) {
	t.Parallel()
	const many = 100
	late := &lateNudges{}
	p := startWorking(t, platform.Options{Steps: withLedger(func(real *ledger.Ledger) stepsLedger {
		late.stepsLedger = real
		return late
	})}, world.Large(many, 1))
	late.nudge = func(ctx context.Context, id string) error {
		return p.Connection.SignalWorkflow(ctx, transfer.WorkflowID(id), "", run.SignalLook, run.Nudge{N: 1})
	}
	ids := make([]string, many)
	for n := range ids {
		ids[n] = submitted(t, p.Ledger, largeParties(n))
	}
	for _, id := range ids {
		follows(t, p.Ledger, p.Connection, id)
		now, err := p.Ledger.Transfer(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, transfer.Complete, now.Status)
	}
	assert.Equal(t, many, late.count())

	records, err := p.Ledger.AuditOf(t.Context(), ids[0])
	require.NoError(t, err)
	first, err := p.Connection.DescribeWorkflowExecution(t.Context(), transfer.WorkflowID(ids[0]), "")
	require.NoError(t, err)
	require.NoError(t, p.Ledger.WantRuns(t.Context(), runs.Wanted{
		WorkflowID: transfer.WorkflowID(ids[0]), WorkflowType: transfer.WorkflowType, SubjectID: ids[0], Cause: transferstore.CauseAnswered,
	}))
	eventually(t, "another run looked and ended", func() bool {
		now, err := p.Connection.DescribeWorkflowExecution(t.Context(), transfer.WorkflowID(ids[0]), "")
		require.NoError(t, err)
		info := now.GetWorkflowExecutionInfo()
		return info.GetExecution().GetRunId() != first.GetWorkflowExecutionInfo().GetExecution().GetRunId() &&
			info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	after, err := p.Ledger.AuditOf(t.Context(), ids[0])
	require.NoError(t, err)
	assert.Equal(t, records, after)
}

// lateNudges tells a run once that it is to look while it closes its transfer, after that is committed.
type lateNudges struct {
	stepsLedger
	nudge func(ctx context.Context, id string) error

	mu   sync.Mutex
	told map[string]bool
}

func (l *lateNudges) CloseTransfer(ctx context.Context, id string) (transfer.Standing, error) {
	now, err := l.stepsLedger.CloseTransfer(ctx, id)
	if err != nil || !l.first(id) {
		return now, err
	}
	return now, l.nudge(ctx, id)
}

func (l *lateNudges) first(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told == nil {
		l.told = map[string]bool{}
	}
	first := !l.told[id]
	l.told[id] = true
	return first
}

func (l *lateNudges) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told)
}
