package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/outage"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	outages "handover/workflows/billing"
	"handover/workflows/transfers"
)

// The run of an outage is about no transfer and is started all the same; one whose transfer is gone is not.
func TestDescribe(t *testing.T) {
	starts, err := describe(t.Context(), []runs.Run{
		{WorkflowID: outage.WorkflowID, WorkflowType: outage.WorkflowType, SubjectID: outage.Billing, Cause: transferstore.CauseAnswered},
		{WorkflowID: transfer.WorkflowID("gone"), WorkflowType: transfer.WorkflowType, SubjectID: "gone"},
		{WorkflowID: transfer.WorkflowID("t"), WorkflowType: transfer.WorkflowType, SubjectID: "t", Cause: transferstore.CauseSubmitted,
			About: []string{string(transfer.InProgress), "", "", ""}},
	})
	require.NoError(t, err)
	require.Len(t, starts, 2)
	outage := starts[outage.WorkflowID]
	require.Equal(t, outages.OutageStartOptions(), outage.Options)
	require.Nil(t, outage.Input)
	require.Empty(t, outage.Signal, "it is told to look")
	require.Equal(t, transfers.SignalSourceApproval, starts[transfer.WorkflowID("t")].Signal)
}
