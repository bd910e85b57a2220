package transfers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/kernel/kerneltest"
	"handover/internal/transfer"
)

// Whatever is heard after a look, no more line items end than it found running, and their progress can be written.
func TestCountsSinceTheLook(t *testing.T) {
	for name, c := range map[string]struct {
		looked transfer.ItemCounts
		ended  activities.Moved
		now    transfer.ItemCounts
		says   string
	}{
		"nothing":              {transfer.ItemCounts{InProgress: 2}, activities.Moved{}, transfer.ItemCounts{InProgress: 2}, "░░░░░░░░░░░░░░░░░░░░ 0 of 2 line items moved, 2 to go"},
		"one each":             {transfer.ItemCounts{InProgress: 4}, activities.Moved{Complete: 1, Failed: 1}, transfer.ItemCounts{InProgress: 2, Complete: 1, Failed: 1}, "██████████░░░░░░░░░░ 1 of 4 line items moved, 1 failed, 2 to go"},
		"all":                  {transfer.ItemCounts{InProgress: 2}, activities.Moved{Complete: 2}, transfer.ItemCounts{Complete: 2}, "████████████████████ 2 of 2 line items moved"},
		"counted by the look":  {transfer.ItemCounts{Complete: 3}, activities.Moved{Complete: 1}, transfer.ItemCounts{Complete: 3}, "████████████████████ 3 of 3 line items moved"},
		"heard of twice":       {transfer.ItemCounts{InProgress: 1, Complete: 1}, activities.Moved{Complete: 2}, transfer.ItemCounts{Complete: 2}, "████████████████████ 2 of 2 line items moved"},
		"failed, heard of too": {transfer.ItemCounts{InProgress: 1, Failed: 1}, activities.Moved{Complete: 1, Failed: 2}, transfer.ItemCounts{Complete: 1, Failed: 1}, "████████████████████ 1 of 2 line items moved, 1 failed"},
	} {
		t.Run(name, func(t *testing.T) {
			now := (&mover{ended: c.ended}).since(c.looked)
			require.Equal(t, c.now, now)
			require.Equal(t, c.says, progress(now))
		})
	}
}

// Whoever may start runs chooses their ids, and the Web UI shows texts as Markdown: what is not ours is words or code in them.
func TestWhatTheWebUIShowsIsText(t *testing.T) {
	for name, text := range kerneltest.Hostile() {
		hostile := transfer.State{CustomerTenantID: text, SourceTenantID: text, TargetTenantID: text}
		isText(t, name, StartOptions(text, hostile).StaticSummary)
		isText(t, name, rangeDetails(Range{TransferID: text, To: 2}, &mover{}, transfer.Standing{}))
		for _, l := range []life{{id: text, restored: true}, {id: text, at: transfer.Standing{Status: transfer.Status(text)}}} {
			isText(t, name, shown(t, l))
		}
	}
}

// isText takes away what is ours and what is code, and looks whether anything else is Markdown.
func isText(t *testing.T, name, shown string) {
	t.Helper()
	var outside strings.Builder
	for i, part := range strings.Split(shown, "`") {
		if i%2 == 0 {
			outside.WriteString(part)
		}
	}
	require.Zero(t, strings.Count(shown, "`")%2, name)
	require.NotContains(t, strings.ReplaceAll(outside.String(), "**", ""), "*", name)
	for _, sign := range []string{"<", "[", "](", "://", "www.", "|", "_", "#"} {
		require.NotContains(t, outside.String(), sign, name)
	}
	for _, line := range strings.Split(shown, "\n") {
		kerneltest.Shown(t, line, name)
	}
}

// shown is what the run would show.
func shown(t *testing.T, l life) string {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error { l.show(ctx); return nil })
	require.NoError(t, env.GetWorkflowError())
	value, err := env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(t, value.Get(&metadata))
	return metadata.CurrentDetails
}
