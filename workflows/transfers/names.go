package transfers

import (
	"go.temporal.io/sdk/temporal"

	"handover/internal/transfer"
)

// MovesQueue is the task queue for calls of the billing system. They have one of their own, so that no decision, reminder or
// expiry waits for one.
const MovesQueue = "moves"

// Workflow types.
const (
	Type      = transfer.WorkflowType
	RangeType = transfer.RangeWorkflowType
)

// Messages to a Transfer, beside the nudge (run.SignalLook). A full command is for clients that have Temporal and not the API.
const (
	// SignalSourceApproval is the nudge after a submit; with a full Approval it submits, from any Temporal client.
	SignalSourceApproval = "source-approval"
	// SignalTargetRequest brings a transfer.Request.
	SignalTargetRequest = "target-request"
	// SignalTargetCancel brings a Decision to withdraw the request.
	SignalTargetCancel = "target-cancel"
	// SignalSourceDecline brings a Decision with the source's reason.
	SignalSourceDecline = "source-decline"
	// QueryState answers with a Snapshot.
	QueryState = "state"
)

// The search attributes, typed. Eventually consistent: for finding transfers, never for deciding.
var (
	StatusKey   = temporal.NewSearchAttributeKeyKeyword("TransferStatus")
	CustomerKey = temporal.NewSearchAttributeKeyKeyword("CustomerTenantId")
	SourceKey   = temporal.NewSearchAttributeKeyKeyword("SourcePartnerTenantId")
	TargetKey   = temporal.NewSearchAttributeKeyKeyword("TargetPartnerTenantId")
	OverdueKey  = temporal.NewSearchAttributeKeyBool("TransferOverdue")
)

// SearchAttributes are those of transfers.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{StatusKey, CustomerKey, SourceKey, TargetKey, OverdueKey}
}

// The metrics of runs, for operators to be alerted by.
const (
	overdueMetric  = "handover_transfers_overdue"
	restoredMetric = "handover_ledger_behind_run"
	idleLookMetric = "handover_looks_without_news"
)
