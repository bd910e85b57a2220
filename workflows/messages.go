package workflows

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"go.temporal.io/sdk/converter"

	"handover/activities"
	"handover/internal/transfer"
)

// Approval is the payload of the source-approval signal and of the submit update. Anybody who can signal a workflow can
// send it, so nothing in it is trusted before the domain has checked it.
type Approval struct {
	RequestID    string                 `json:"requestId"` // idempotency key of the decision
	Actor        transfer.Actor         `json:"actor"`
	LineItems    []transfer.Pick        `json:"lineItems,omitempty"`
	AllEligible  bool                   `json:"allEligible,omitempty"`
	ProductTypes []transfer.ProductType `json:"productTypes,omitempty"` // narrows allEligible
}

func (a Approval) submission() activities.Submission {
	return activities.Submission{
		RequestID: a.RequestID, Actor: a.Actor,
		Selection: transfer.Selection{LineItems: a.LineItems, AllEligible: a.AllEligible, ProductTypes: a.ProductTypes},
	}
}

// Receipt is the answer to a command: what the transfer is now.
type Receipt struct {
	TransferID     string              `json:"transferId"`
	Status         transfer.Status     `json:"status"`
	Items          transfer.ItemCounts `json:"items"`
	ExpirationTime string              `json:"expirationTime,omitempty"`
}

// Snapshot is the answer to the state query, in the operator's view.
type Snapshot struct {
	Transfer transfer.Entity     `json:"transfer"` // with the line items attempted so far, unless children move them
	Items    transfer.ItemCounts `json:"items"`
	Overdue  bool                `json:"overdue,omitempty"`
	Ranges   []string            `json:"ranges,omitempty"`  // workflow ids of the children that know the line items
	Refused  []string            `json:"refused,omitempty"` // the latest decisions that were not accepted, as sentences
	Mail     []string            `json:"mail,omitempty"`    // events whose e-mail is still being delivered
}

// DecodeApproval reads the payload of a signal. Signals have no validator, so whatever comes must be survived: a payload
// that cannot be read is an InvalidInput refusal, under a request id made from its bytes so that it is audited once.
func DecodeApproval(raw converter.RawValue) (Approval, error) {
	data := raw.Payload().GetData()
	var a Approval
	if err := json.Unmarshal(data, &a); err != nil {
		return Approval{RequestID: unreadID(data)},
			transfer.Refuse(transfer.InvalidInput, "The signal's payload is not a JSON object with requestId, actor and lineItems.")
	}
	if a.Actor.Platform || a.Actor.Operator {
		return Approval{RequestID: unreadID(data)}, transfer.Refuse(transfer.InvalidInput, "A signal cannot claim to come from the platform.")
	}
	if a.RequestID == "" || len(a.RequestID) > longestRequestID {
		return Approval{RequestID: unreadID(data), Actor: a.Actor},
			badRequestID()
	}
	return a, nil
}

// longestRequestID bounds request ids, in bytes; a GUID has 36.
const longestRequestID = 128

func badRequestID() *transfer.Refusal {
	return transfer.Refuse(transfer.InvalidInput, "requestId is required, at most %d characters; it makes a repeated decision safe.", longestRequestID)
}

// Fingerprint tells two messages apart that claim to be the same request.
func Fingerprint(message any) string {
	data, err := json.Marshal(message)
	if err != nil {
		return "" // messages are plain structs; what cannot be written cannot have been received
	}
	sum := sha256.Sum256(bytes.ToLower(data)) // ids are the same in any case
	return hex.EncodeToString(sum[:16])
}

// unreadID is the request id of a payload that has none of its own.
func unreadID(data []byte) string {
	sum := sha256.Sum256(data)
	return "unread-" + hex.EncodeToString(sum[:8])
}
