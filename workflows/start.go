package workflows

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handover/internal/transfer"
)

// StartOptions are how the run of a transfer is started, by whoever starts it: of the parties' ids and the status, as far as
// they are known. A needless start does no harm, because a run knows only an id and looks: so the id may be used again, and a
// run that is open is used as it is.
func StartOptions(transferID string, s transfer.State) client.StartWorkflowOptions {
	options := client.StartWorkflowOptions{
		ID:                       transfer.WorkflowID(transferID),
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}
	if s.TargetTenantID != "" {
		options.StaticSummary = fmt.Sprintf("Customer %s: %s → %s", s.CustomerTenantID, s.SourceTenantID, s.TargetTenantID)
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
	return client.StartWorkflowOptions{
		ID:                       transfer.RangeWorkflowID(r.TransferID, r.From, r.To),
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            rangeSummary(r),
	}
}

func rangeSummary(r Range) string { return fmt.Sprintf("Line items %d to %d", r.From, r.To-1) }
