package workflows

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handover/internal/transfer"
)

// StartOptions are how a transfer is started, by whoever starts it. The request must be normalised. A repeated start finds
// the run there is, open or closed: the id is derived from the target and its request id.
func StartOptions(r transfer.Request) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       WorkflowID(transfer.NewID(r)),
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            fmt.Sprintf("Customer %s: %s → %s", r.CustomerTenantID, r.SourcePartnerTenantID, r.TargetPartnerTenantID),
		Priority:                 temporal.Priority{FairnessKey: r.TargetPartnerTenantID}, // a merger must not hold up everybody else
		TypedSearchAttributes: temporal.NewSearchAttributes(
			StatusKey.ValueSet(string(transfer.Pending)),
			CustomerKey.ValueSet(r.CustomerTenantID),
			SourceKey.ValueSet(r.SourcePartnerTenantID),
			TargetKey.ValueSet(r.TargetPartnerTenantID),
			OverdueKey.ValueSet(false),
		),
	}
}
