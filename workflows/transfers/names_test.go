package transfers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"handover/internal/transfer"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// Every search attribute that a transfer starts with is one that a namespace is told of.
func TestSearchAttributes(t *testing.T) {
	var told []string
	for _, key := range transfers.SearchAttributes() {
		told = append(told, key.GetName())
	}
	var started []string
	for key := range transfers.StartOptions("t", transfer.State{Status: transfer.Pending}).TypedSearchAttributes.GetUntypedValues() {
		started = append(started, key.GetName())
	}
	require.ElementsMatch(t, told, started)
}

// A start is needless or not, and never harmful: an open run is used, a closed one followed by another.
func TestStartOptions(t *testing.T) {
	state := transfer.State{Status: transfer.Pending, CustomerTenantID: customer, SourceTenantID: sourceID, TargetTenantID: targetID, CreatedTime: time.Now()}
	options := transfers.StartOptions("t", state)
	require.Equal(t, "transfer/t", options.ID)
	require.Equal(t, run.TaskQueue, options.TaskQueue)
	require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, options.WorkflowIDReusePolicy)
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, options.WorkflowIDConflictPolicy)
	require.Equal(t, targetID, options.Priority.FairnessKey)
	require.Zero(t, options.WorkflowExecutionTimeout+options.WorkflowRunTimeout)
	require.NotContains(t, options.StaticSummary, "Contoso")

	unknown := transfers.StartOptions("t", transfer.State{})
	require.Zero(t, unknown.TypedSearchAttributes.Size(), "a request that is still to be decided is no transfer")
	require.Empty(t, unknown.StaticSummary)
}

func TestRangeStartOptions(t *testing.T) {
	options := transfers.RangeStartOptions(transfers.Range{TransferID: "t", From: 250, To: 500})
	id, from, to, ok := transfer.ParseRangeWorkflowID(options.ID)
	require.True(t, ok)
	require.Equal(t, []any{"t", 250, 500}, []any{id, from, to})
	require.Equal(t, "Line items 250 to 499", options.StaticSummary)
	_, isTransfer := transfer.OfWorkflow(options.ID)
	require.False(t, isTransfer)
}
