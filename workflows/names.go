package workflows

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"handover/internal/transfer"
)

// The task queues. Calls of a billing system have one of their own, so that no decision, reminder or expiry waits for one.
const (
	TaskQueue  = "transfers" // runs and their steps on the ledger
	MovesQueue = "moves"     // calls of the billing system
)

// Workflow types.
const (
	TransferType      = transfer.WorkflowType
	MoveRangeType     = transfer.RangeWorkflowType
	BillingOutageType = transfer.OutageWorkflowType
)

// Messages to a Transfer. None carries a decision of the ledger's: a nudge, {"n": 3}, only says that there is something to
// look at. A full command is for clients that have Temporal and not the API.
const (
	// SignalLook is the nudge. MoveRange and BillingOutage take it too.
	SignalLook = "look"
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

// Nudge is the payload of a nudge: which change it is about, for readers of a history.
type Nudge struct {
	N int64 `json:"n"`
}

// The search attributes, typed. Eventually consistent: for finding transfers, never for deciding.
var (
	StatusKey   = temporal.NewSearchAttributeKeyKeyword("TransferStatus")
	CustomerKey = temporal.NewSearchAttributeKeyKeyword("CustomerTenantId")
	SourceKey   = temporal.NewSearchAttributeKeyKeyword("SourcePartnerTenantId")
	TargetKey   = temporal.NewSearchAttributeKeyKeyword("TargetPartnerTenantId")
	OverdueKey  = temporal.NewSearchAttributeKeyBool("TransferOverdue")
)

// SearchAttributes are the types of the search attributes by name, for registering them with a namespace.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		StatusKey.GetName():   StatusKey.GetValueType(),
		CustomerKey.GetName(): CustomerKey.GetValueType(),
		SourceKey.GetName():   SourceKey.GetValueType(),
		TargetKey.GetName():   TargetKey.GetValueType(),
		OverdueKey.GetName():  OverdueKey.GetValueType(),
	}
}

// The metrics of runs, for operators to be alerted by.
const (
	overdueMetric  = "handover_transfers_overdue"
	restoredMetric = "handover_ledger_behind_run"
	idleLookMetric = "handover_looks_without_news"
)
