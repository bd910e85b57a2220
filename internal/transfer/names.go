package transfer

import (
	"fmt"
	"strings"
)

// The names under which Temporal knows the runs of transfers. The ledger writes them, the dispatcher uses them, workflows
// answer to them.
const (
	WorkflowType      = "Transfer"
	RangeWorkflowType = "MoveRange"

	workflowPrefix = "transfer/"
)

// WorkflowID is the workflow id of a transfer; OfWorkflow is its inverse.
func WorkflowID(transferID string) string { return workflowPrefix + transferID }

// OfWorkflow is the transfer that the workflow id belongs to, and whether it is one.
func OfWorkflow(workflowID string) (string, bool) {
	id, ok := strings.CutPrefix(workflowID, workflowPrefix)
	return id, ok && !strings.Contains(id, "/")
}

// RangeWorkflowID is the workflow id of the child that moves the line items from (included) to (excluded).
func RangeWorkflowID(transferID string, from, to int) string {
	return fmt.Sprintf("%s%s/items/%d-%d", workflowPrefix, transferID, from, to)
}

// ParseRangeWorkflowID is the inverse of RangeWorkflowID, and whether it is one.
func ParseRangeWorkflowID(workflowID string) (transferID string, from, to int, ok bool) {
	rest, isTransfer := strings.CutPrefix(workflowID, workflowPrefix)
	id, numbers, isRange := strings.Cut(rest, "/items/")
	if !isTransfer || !isRange {
		return "", 0, 0, false
	}
	_, err := fmt.Sscanf(numbers, "%d-%d", &from, &to)
	return id, from, to, err == nil && 0 <= from && from < to
}
