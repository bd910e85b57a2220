package transfer_test

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
	"handover/test/replay"
	"handover/workflows"
)

// otherwise are rules by which a large transfer goes another way: in ranges of another size, and windows too.
func otherwise(r *transfer.RunRules) {
	r.RangeSize, r.WindowSize, r.CrowdedSignals = 100, 60, 400
}

// A rule may change at any time, under a number of its own: what was recorded under another one replays.
func TestHistoriesReplayBesideNewRules(t *testing.T) {
	added := transfer.AddRunRules(t, otherwise)
	require.Equal(t, added, transfer.LatestRunRules())
	for _, g := range replay.Generations() {
		names, err := replay.Names(dirOf(g))
		require.NoError(t, err)
		for _, name := range names {
			require.NoError(t, replayed(historyOf(t, g, name)), "%s/%s", g.Name, name)
		}
	}
}

// Under the number that a history follows it may not: the run would go another way than it did.
func TestHistoriesCatchRulesThatWereChanged(t *testing.T) {
	for _, name := range []string{"large", "large-range", "afresh-first"} {
		t.Run(name, func(t *testing.T) {
			transfer.ChangeRunRules(t, 0, otherwise)
			require.ErrorContains(t, replayed(historyOf(t, replay.Generations()[0], name)), "TMPRL1100")
		})
	}
}

// A run goes by the number that its looks tell, not by the latest one.
func TestRunsFollowTheNumberOfTheirLooks(t *testing.T) {
	large := func(t *testing.T) *historypb.History { return historyOf(t, replay.Generations()[0], "large") }
	same := transfer.AddRunRules(t, func(*transfer.RunRules) {})
	require.NoError(t, replayed(following(t, large(t), same)))

	other := transfer.AddRunRules(t, otherwise)
	require.ErrorContains(t, replayed(following(t, large(t), other)), "TMPRL1100")
}

// A worker of before a number was added leaves the runs that follow it to later ones.
func TestRunsOfUnknownRulesWait(t *testing.T) {
	h := historyOf(t, replay.Generations()[0], "complete")
	err := replayed(following(t, h, transfer.LatestRunRules()+1))
	require.ErrorContains(t, err, "a newer one has to take this run over")
}

func dirOf(g replay.Generation) string {
	return g.Dir(filepath.Join("..", "..", "test", "replay", replay.Folder))
}

func historyOf(t *testing.T, g replay.Generation, name string) *historypb.History {
	t.Helper()
	h, err := replay.Load(dirOf(g), name)
	require.NoError(t, err)
	return h
}

// following makes every look of the history tell that number.
func following(t *testing.T, h *historypb.History, number int) *historypb.History {
	t.Helper()
	looks := 0
	for _, event := range h.Events {
		for _, payloads := range event.GetMarkerRecordedEventAttributes().GetDetails() {
			for _, p := range payloads.GetPayloads() {
				looks += telling(t, p, number)
			}
		}
	}
	require.NotZero(t, looks)
	return h
}

// telling writes the number into a standing, and tells whether it was one.
func telling(t *testing.T, p *commonpb.Payload, number int) int {
	t.Helper()
	var standing map[string]any
	if json.Unmarshal(p.GetData(), &standing) != nil || standing["changeId"] == nil {
		return 0
	}
	assert.NotContains(t, standing, "rules", "the first rules are those of no number")
	standing["rules"] = number
	var err error
	p.Data, err = json.Marshal(standing)
	require.NoError(t, err)
	return 1
}

func replayed(h *historypb.History) error {
	replayer := worker.NewWorkflowReplayer()
	workflows.RegisterWorkflows(replayer)
	id := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId()
	options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id}}
	return replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), h, options)
}
