// Package replay proves that the current workflows still understand the histories of earlier ones.
package replay

import (
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
	"handover/workflows"
)

const folder = "testdata"

// endings are the shapes that must have been recorded. Removing one makes the test fail, not pass.
var endings = []string{
	"cancelled", "complete", "complete-retried", "declined", "expired", "failed", "given-up", "large", "large-range", "partially-complete", "refused",
	"refused-signal",
}

func TestRecordedHistoriesReplay(t *testing.T) {
	files := recorded(t, folder)
	for _, file := range files {
		t.Run(name(file), func(t *testing.T) {
			replayer := worker.NewWorkflowReplayer()
			workflows.RegisterWorkflows(replayer)
			require.NoError(t, replay(replayer, load(t, file)))
		})
	}
}

func TestEveryEndingIsRecorded(t *testing.T) {
	var names []string
	for _, file := range recorded(t, folder) {
		names = append(names, name(file))
	}
	sort.Strings(names)
	require.Equal(t, endings, names)
}

// An empty folder proves nothing, so it must not pass for proof.
func TestAnEmptyFolderFails(t *testing.T) {
	_, err := histories(t.TempDir())
	require.ErrorContains(t, err, "no recorded history")
}

// The replayer must notice a changed workflow; otherwise the tests above show nothing.
func TestAChangedWorkflowIsCaught(t *testing.T) {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(withAnExtraTimer, workflow.RegisterOptions{Name: workflows.TransferType})
	err := replay(replayer, load(t, filepath.Join(folder, "complete.json")))
	require.ErrorContains(t, err, "TMPRL1100")
}

func withAnExtraTimer(ctx workflow.Context, r transfer.Request) (workflows.Receipt, error) {
	if err := workflow.Sleep(ctx, 1); err != nil {
		return workflows.Receipt{}, err
	}
	return workflows.Transfer(ctx, r)
}

// No history may come near the server's limits, however large the transfer (design section 5).
func TestHistoriesStaySmall(t *testing.T) {
	limits := map[string]int{"complete": 45, "expired": 30, "large": 100}
	for file, most := range limits {
		events := load(t, filepath.Join(folder, file+".json")).GetEvents()
		require.LessOrEqual(t, len(events), most, "events of %s", file)
	}
}

// replay runs the history under the workflow id it was recorded with, and without the replayer's own report of what it
// found: the error says it.
func replay(replayer worker.WorkflowReplayer, h *historypb.History) error {
	id := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
	options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	return replayer.ReplayWorkflowHistoryWithOptions(quiet, h, options)
}

func recorded(t *testing.T, dir string) []string {
	t.Helper()
	files, err := histories(dir)
	require.NoError(t, err)
	return files
}

func load(t *testing.T, file string) *historypb.History {
	t.Helper()
	content, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, content.Close()) }()
	history, err := client.HistoryFromJSON(content, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}

func name(file string) string { return strings.TrimSuffix(filepath.Base(file), ".json") }
