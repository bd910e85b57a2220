package transfers

import (
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// StartOptions are how the run of a transfer is started, by whoever starts it: of the parties' ids and the status, as far as
// they are known.
func StartOptions(transferID string, s transfer.State) client.StartWorkflowOptions {
	options := run.StartOptions(transfer.WorkflowID(transferID), "")
	if s.TargetTenantID != "" {
		options.StaticSummary = fmt.Sprintf("Customer %s: %s → %s", kernel.Markdown(s.CustomerTenantID), kernel.Markdown(s.SourceTenantID), kernel.Markdown(s.TargetTenantID))
		options.Priority = temporal.Priority{FairnessKey: s.TargetTenantID} // a merger must not hold up everybody else
	}
	if s.Status != transfer.None { // a request that is still to be decided is no transfer, and not found as one
		options.TypedSearchAttributes = temporal.NewSearchAttributes(
			StatusKey.ValueSet(string(s.Status)),
			CustomerKey.ValueSet(s.CustomerTenantID),
			SourceKey.ValueSet(s.SourceTenantID),
			TargetKey.ValueSet(s.TargetTenantID),
			OverdueKey.ValueSet(false),
		)
	}
	return options
}

// RangeStartOptions are how the run of a range of line items is started when the transfer's run is not there to do it.
func RangeStartOptions(r Range) client.StartWorkflowOptions {
	return run.StartOptions(transfer.RangeWorkflowID(r.TransferID, r.From, r.To), rangeSummary(r))
}

func rangeSummary(r Range) string { return fmt.Sprintf("Line items %d to %d", r.From, r.To-1) }
