package app

import (
	"context"

	"handover/internal/dispatch"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	outages "handover/workflows/billing"
	deliveries "handover/workflows/delivery"
	"handover/workflows/subscriptions"
	"handover/workflows/transfers"
)

// describe says how the runs that the ledger wants are started and told: it knows what they are about, the dispatcher does
// not. It leaves out those whose transfer the ledger does not have. The run of an outage is about none.
func describe(_ context.Context, behind []runs.Run) (map[string]dispatch.Start, error) {
	starts := make(map[string]dispatch.Start, len(behind))
	for _, run := range behind {
		switch {
		case run.WorkflowType == outages.OutageType:
			starts[run.WorkflowID] = dispatch.Start{Options: outages.OutageStartOptions()}
		case run.WorkflowType == subscriptions.CancellationType:
			starts[run.WorkflowID] = dispatch.Start{
				Options: subscriptions.CancellationStartOptions(run.SubjectID), Input: subscriptions.Input{SubscriptionID: run.SubjectID},
			}
		case run.WorkflowType == deliveries.Type:
			starts[run.WorkflowID] = dispatch.Start{
				Options: deliveries.StartOptions(run.SubjectID), Input: deliveries.Input{PartnerTenantID: run.SubjectID},
			}
		case transferstore.StateOf(run).Status != transfer.None:
			starts[run.WorkflowID] = startOf(run)
		}
	}
	return starts, nil
}

func startOf(run runs.Run) dispatch.Start {
	if id, from, to, ok := transfer.ParseRangeWorkflowID(run.WorkflowID); ok {
		work := transfers.Range{TransferID: id, From: from, To: to}
		return dispatch.Start{Options: transfers.RangeStartOptions(work), Input: work}
	}
	start := dispatch.Start{Options: transfers.StartOptions(run.SubjectID, transferstore.StateOf(run)), Input: transfers.Input{TransferID: run.SubjectID}}
	if run.Cause == transferstore.CauseSubmitted {
		start.Signal = transfers.SignalSourceApproval
	}
	return start
}
