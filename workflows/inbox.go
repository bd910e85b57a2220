package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/kernel"
	"handover/internal/transfer"
)

// inbox is everything that is said to a run. A run empties it before it looks at the ledger: what was said before the look is
// covered by it, and what is said after it ends the wait that follows. So no nudge can be lost, and none is worth keeping.
type inbox struct {
	channels []said
	signals  int // received by this run
	commands []letter
}

// said is one kind of signal.
type said struct {
	channel workflow.ReceiveChannel
	read    func([]byte) (activities.Command, error) // nil for one that is always a nudge
}

// letter is a command that waits for its answer, or what is wrong with it.
type letter struct {
	command activities.Command
	refusal *kernel.Refusal
}

func newInbox(ctx workflow.Context) *inbox {
	open := func(name, description string, read func([]byte) (activities.Command, error)) said {
		options := workflow.SignalChannelOptions{Description: description}
		return said{workflow.GetSignalChannelWithOptions(ctx, name, options), read}
	}
	return &inbox{channels: []said{
		open(SignalLook, "The ledger has news: look at it", nil),
		open(SignalSourceApproval, "The source approved, look at the ledger; or, from a Temporal client, approves: requestId, actor, lineItems or allEligible", readApproval),
		open(SignalTargetRequest, "The target asks for the transfer", readRequest),
		open(SignalTargetCancel, "The target withdraws the request: requestId, actor", readDecision(activities.VerbCancel)),
		open(SignalSourceDecline, "The source says no: requestId, actor, reason", readDecision(activities.VerbDecline)),
	}}
}

// waiting tells whether something was said that has not been received.
func (b *inbox) waiting() bool {
	for _, s := range b.channels {
		if s.channel.Len() > 0 {
			return true
		}
	}
	return false
}

// empty receives everything there is: nudges are only counted, commands are put aside.
func (b *inbox) empty() {
	for _, s := range b.channels {
		var raw converter.RawValue
		for s.channel.ReceiveAsync(&raw) {
			b.signals++
			data := raw.Payload().GetData()
			if s.read == nil || isNudge(data) {
				continue
			}
			b.commands = append(b.commands, open(data, s.read))
		}
	}
}

// isNudge tells the dispatcher's word from a command.
func isNudge(data []byte) bool {
	var n struct {
		N         *int64 `json:"n"`
		RequestID string `json:"requestId"`
	}
	return len(data) <= mostNudge && json.Unmarshal(data, &n) == nil && n.N != nil && n.RequestID == ""
}

// mostNudge is more than a nudge has, in bytes: JSON takes six for some characters of a correlation id.
const mostNudge = 64 + 6*kernel.LongestRequestID

// open reads a command. Signals have no validator, so whatever comes must be survived: what cannot be read is refused, under
// a request id made from its bytes so that it is logged once.
func open(data []byte, read func([]byte) (activities.Command, error)) letter {
	if len(data) > MostCommand {
		return letter{activities.Command{Approval: &activities.Approval{RequestID: unreadID(data)}}, kernel.Refuse(kernel.InvalidInput, tooLarge)}
	}
	c, err := read(data)
	switch {
	case err != nil:
		return letter{activities.Command{Approval: &activities.Approval{RequestID: unreadID(data)}},
			kernel.Refuse(kernel.InvalidInput, "The signal's payload is not a JSON object of the form that this signal takes.")}
	case c.Actor().Platform || c.Actor().Operator:
		return letter{activities.Command{Approval: &activities.Approval{RequestID: unreadID(data)}},
			kernel.Refuse(kernel.InvalidInput, "A signal cannot claim to come from the platform.")}
	case len(c.Actor().PartnerTenantID) > longestActor || len(c.Actor().UserID) > longestActor:
		return letter{activities.Command{Approval: &activities.Approval{RequestID: unreadID(data)}},
			kernel.Refuse(kernel.InvalidInput, "The ids of the actor may have %d characters each.", longestActor)}
	case c.RequestID() == "" || len(c.RequestID()) > kernel.LongestRequestID:
		return letter{activities.Command{Approval: &activities.Approval{RequestID: unreadID(data), Actor: c.Actor()}},
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

func readRequest(data []byte) (activities.Command, error) {
	var r transfer.Request
	err := json.Unmarshal(data, &r)
	return activities.Command{Verb: activities.VerbCreate, Request: &r}, err
}

func readApproval(data []byte) (activities.Command, error) {
	var a activities.Approval
	err := json.Unmarshal(data, &a)
	return activities.Command{Verb: activities.VerbSubmit, Approval: &a}, err
}

func readDecision(verb activities.Verb) func([]byte) (activities.Command, error) {
	return func(data []byte) (activities.Command, error) {
		var d activities.Decision
		err := json.Unmarshal(data, &d)
		return activities.Command{Verb: verb, Decision: &d}, err
	}
}
