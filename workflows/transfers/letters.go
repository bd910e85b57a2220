package transfers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"go.temporal.io/sdk/workflow"

	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// letter is a command that waits for its answer, or what is wrong with it.
type letter struct {
	command transfer.Message
	refusal *kernel.Refusal
}

// inboxOf is what can be said to a transfer.
func inboxOf(ctx workflow.Context) *run.Inbox[letter] {
	signal := func(name, description string, read func([]byte) (transfer.Message, error)) run.Signal[letter] {
		return run.Signal[letter]{Name: name, Description: description, Read: func(data []byte) letter { return open(data, read) }}
	}
	return run.NewInbox(ctx,
		signal(SignalSourceApproval, "The source approved, look at the ledger; or, from a Temporal client, approves: requestId, actor, lineItems or allEligible", readApproval),
		signal(SignalTargetRequest, "The target asks for the transfer", readRequest),
		signal(SignalTargetCancel, "The target withdraws the request: requestId, actor", readDecision(transfer.VerbCancel)),
		signal(SignalSourceDecline, "The source says no: requestId, actor, reason", readDecision(transfer.VerbDecline)),
	)
}

// open reads a command. Signals have no validator, so whatever comes must be survived: what cannot be read is refused, under
// a request id made from its bytes so that it is logged once.
func open(data []byte, read func([]byte) (transfer.Message, error)) letter {
	if len(data) > MostCommand {
		return letter{transfer.Message{Approval: &transfer.Approval{RequestID: unreadID(data)}}, kernel.Refuse(kernel.InvalidInput, tooLarge)}
	}
	c, err := read(data)
	switch {
	case err != nil:
		return letter{transfer.Message{Approval: &transfer.Approval{RequestID: unreadID(data)}},
			kernel.Refuse(kernel.InvalidInput, "The signal's payload is not a JSON object of the form that this signal takes.")}
	case c.Actor().Platform || c.Actor().Operator:
		return letter{transfer.Message{Approval: &transfer.Approval{RequestID: unreadID(data)}},
			kernel.Refuse(kernel.InvalidInput, "A signal cannot claim to come from the platform.")}
	case len(c.Actor().PartnerTenantID) > longestActor || len(c.Actor().UserID) > longestActor:
		return letter{transfer.Message{Approval: &transfer.Approval{RequestID: unreadID(data)}},
			kernel.Refuse(kernel.InvalidInput, "The ids of the actor may have %d characters each.", longestActor)}
	case c.RequestID() == "" || len(c.RequestID()) > kernel.LongestRequestID:
		return letter{transfer.Message{Approval: &transfer.Approval{RequestID: unreadID(data), Actor: c.Actor()}},
			kernel.Refuse(kernel.InvalidInput, "requestId is required, at most %d characters; it makes a repeated decision safe.", kernel.LongestRequestID)}
	}
	return letter{command: c}
}

// longestActor bounds the ids of an actor, in bytes; a GUID has 36.
const longestActor = 128

// unreadID is the request id of a payload that has none of its own.
func unreadID(data []byte) string {
	sum := sha256.Sum256(data)
	return "unread-" + hex.EncodeToString(sum[:8])
}

func readRequest(data []byte) (transfer.Message, error) {
	var r transfer.Request
	err := json.Unmarshal(data, &r)
	return transfer.Message{Verb: transfer.VerbCreate, Request: &r}, err
}

func readApproval(data []byte) (transfer.Message, error) {
	var a transfer.Approval
	err := json.Unmarshal(data, &a)
	return transfer.Message{Verb: transfer.VerbSubmit, Approval: &a}, err
}

func readDecision(verb transfer.Verb) func([]byte) (transfer.Message, error) {
	return func(data []byte) (transfer.Message, error) {
		var d transfer.Decision
		err := json.Unmarshal(data, &d)
		return transfer.Message{Verb: verb, Decision: &d}, err
	}
}
