package ledger

// What the parties of a transfer send to decide about it.

import (
	"handover/internal/kernel"
	"handover/internal/transfer"
)

// Submission is the source's approval of a transfer.
type Submission struct {
	RequestID string             `json:"requestId"`
	Actor     kernel.Actor       `json:"actor"`
	Selection transfer.Selection `json:"selection"`
}

// Decision is a cancel by the target or a decline by the source. Reason is kept for a decline.
type Decision struct {
	RequestID string       `json:"requestId"`
	Actor     kernel.Actor `json:"actor"`
	Reason    string       `json:"reason,omitempty"`
}
