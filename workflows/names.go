package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// TaskQueue is where workers wait for transfers.
const TaskQueue = "transfers"

// Workflow types.
const (
	TransferType  = "Transfer"
	MoveRangeType = "MoveRange"
)

// Messages to a Transfer.
const (
	// SignalSourceApproval submits without waiting for the answer: any Temporal client, the Web UI's signal form.
	SignalSourceApproval = "source-approval"
	// UpdateOpen comes with the start and answers once the transfer is Pending or refused.
	UpdateOpen = "open"
	// UpdateSubmit approves with line items and answers with the state reached (T2).
	UpdateSubmit = "submit"
	// UpdateCancel withdraws the request, by the target (T3).
	UpdateCancel = "cancel"
	// UpdateDecline is the source's no (T7).
	UpdateDecline = "decline"
	// UpdateGiveUp ends the retries of one line item, by an operator.
	UpdateGiveUp = "give-up"
	// QueryState answers with a Snapshot. MoveRange answers it too, with its own line items.
	QueryState = "state"
)

// signalItemEnded tells a MoveRange that somebody else ended one of its line items.
const signalItemEnded = "item-ended"

// The search attributes, typed. Eventually consistent: for finding transfers, never for deciding.
var (
	StatusKey   = temporal.NewSearchAttributeKeyKeyword("TransferStatus")
	CustomerKey = temporal.NewSearchAttributeKeyKeyword("CustomerTenantId")
	SourceKey   = temporal.NewSearchAttributeKeyKeyword("SourcePartnerTenantId")
	TargetKey   = temporal.NewSearchAttributeKeyKeyword("TargetPartnerTenantId")
	OverdueKey  = temporal.NewSearchAttributeKeyBool("TransferOverdue")
)

// overdueMetric counts the transfers that became overdue, for operators to be alerted by.
const overdueMetric = "handover_transfers_overdue"

const idPrefix = "transfer/"

// WorkflowID is the workflow id of a transfer; TransferID is its inverse.
func WorkflowID(transferID string) string { return idPrefix + transferID }

// TransferID is the transfer that the workflow id belongs to, and whether it is one.
func TransferID(workflowID string) (string, bool) {
	id, ok := strings.CutPrefix(workflowID, idPrefix)
	return id, ok && !strings.Contains(id, "/")
}

// RangeWorkflowID is the workflow id of the child that moves the line items from (included) to (excluded).
func RangeWorkflowID(transferID string, from, to int) string {
	return fmt.Sprintf("%s%s/items/%d-%d", idPrefix, transferID, from, to)
}
