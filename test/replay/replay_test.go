package replay

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"handover/workflows"
	"handover/workflows/transfers"
)

func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ recorded, h *historypb.History) { require.NoError(t, replay(current(), h)) })
}

// A worker of this version may take over a run wherever it is, not only at its end.
func TestOpenRunsReplay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ recorded, h *historypb.History) {
		cuts := openStates(h)
		require.NotEmpty(t, cuts)
		for _, cut := range cuts {
			require.NoError(t, replay(current(), &historypb.History{Events: h.Events[:cut]}), "the first %d events", cut)
		}
	})
}

// openStates are the lengths of the history after each of its workflow tasks, with the commands that the task gave.
func openStates(h *historypb.History) []int {
	var cuts []int
	for i, event := range h.Events {
		if event.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		end := i + 1
		for end < len(h.Events) && isCommand(h.Events[end]) {
			end++
		}
		cuts = append(cuts, end)
	}
	return cuts
}

// isCommand tells an event that a workflow task asked for from one that happened to the run.
func isCommand(e *historypb.HistoryEvent) bool {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_MARKER_RECORDED, enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		enumspb.EVENT_TYPE_TIMER_STARTED, enumspb.EVENT_TYPE_TIMER_CANCELED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED,
		enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED, enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return true
	default:
		return false
	}
}

// Every ending and every wake-up is recorded, and each history is what its name says.
func TestHistoriesAreWhatTheyAreCalled(t *testing.T) {
	t.Parallel()
	for _, g := range Generations() {
		names, err := Names(g.Dir(Folder))
		require.NoError(t, err)
		require.Equal(t, slices.Sorted(maps.Keys(g.Shapes)), names, g.Name)
	}
	each(t, func(t *testing.T, of recorded, h *historypb.History) {
		shape, found := of.Shapes[of.history], counts{}
		for _, event := range h.Events {
			found[event.GetEventType()]++
		}
		assert.Len(t, h.Events, shape.Events, shape.About)
		require.NotEmpty(t, shape.Contains)
		for kind, count := range shape.Contains {
			assert.Equal(t, count, found[kind], "%s: %s", shape.About, kind)
		}
	})
}

// An empty folder proves nothing, so it must not pass for proof.
func TestAnEmptyFolderFails(t *testing.T) {
	t.Parallel()
	_, err := Names(t.TempDir())
	require.ErrorContains(t, err, "no recorded history")
}

// The replayer must notice a changed workflow, in a run that is over and in one that is open; otherwise the tests above show
// nothing.
func TestAChangedWorkflowIsCaught(t *testing.T) {
	t.Parallel()
	for name, changed := range map[string]any{"an extra timer": withAnExtraTimer, "an extra step": withAnExtraLook} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := load(t, "complete")
			open := &historypb.History{Events: whole.Events[:openStates(whole)[0]]}
			for _, h := range []*historypb.History{whole, open} {
				replayer := worker.NewWorkflowReplayer()
				replayer.RegisterWorkflowWithOptions(changed, workflow.RegisterOptions{Name: transfers.Type})
				require.ErrorContains(t, replay(replayer, h), "TMPRL1100", "%d events", len(h.Events))
			}
		})
	}
}

func withAnExtraTimer(ctx workflow.Context, in transfers.Input) (transfers.Receipt, error) {
	if err := workflow.Sleep(ctx, 1); err != nil {
		return transfers.Receipt{}, err
	}
	return transfers.Transfer(ctx, in)
}

func withAnExtraLook(ctx workflow.Context, in transfers.Input) (transfers.Receipt, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 1})
	workflow.ExecuteActivity(ctx, "transfer.Look", in.TransferID)
	return transfers.Transfer(ctx, in)
}

// No history may come near the server's limits, however large the transfer (design section 5).
func TestHistoriesStaySmall(t *testing.T) {
	t.Parallel()
	most := map[string]int{"complete": 17, "expired": 30, "large": 50, "large-range": 20}
	each(t, func(t *testing.T, of recorded, h *historypb.History) {
		if limit, has := most[of.history]; has {
			assert.LessOrEqual(t, len(h.GetEvents()), limit)
		}
	})
}

// current is a replayer with the workflows as they are.
func current() worker.WorkflowReplayer {
	replayer := worker.NewWorkflowReplayer()
	workflows.RegisterWorkflows(replayer)
	return replayer
}

// replay runs the history under the workflow id it was recorded with, and without the replayer's own report of what it
// found: the error says it. The replayer changes what it reads, so it gets a copy.
func replay(replayer worker.WorkflowReplayer, h *historypb.History) error {
	id := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
	options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	return replayer.ReplayWorkflowHistoryWithOptions(quiet, proto.CloneOf(h), options)
}

// recorded names a history.
type recorded struct {
	Generation
	history string
}

// each runs the test for every recorded history of every generation.
func each(t *testing.T, test func(t *testing.T, of recorded, h *historypb.History)) {
	t.Helper()
	for _, g := range Generations() {
		names, err := Names(g.Dir(Folder))
		require.NoError(t, err)
		for _, name := range names {
			t.Run(g.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				h, err := Load(g.Dir(Folder), name)
				require.NoError(t, err)
				test(t, recorded{g, name}, h)
			})
		}
	}
}

// load reads a history of the first generation.
func load(t *testing.T, name string) *historypb.History {
	t.Helper()
	h, err := Load(Generations()[0].Dir(Folder), name)
	require.NoError(t, err, fmt.Sprintf("the history %s", name))
	return h
}
