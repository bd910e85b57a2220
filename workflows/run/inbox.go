package run

import (
	"encoding/json"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"handover/internal/kernel"
)

// SignalLook is the nudge, which every run takes.
const SignalLook = "look"

// Nudge is the payload of a nudge: the number that the run was behind, to be seen in its history, and what changed it. It carries
// no decision: it only says that there is something to look at.
type Nudge struct {
	N             int64  `json:"n"`
	CorrelationID string `json:"correlationId,omitempty"`
}

// Inbox is everything that is said to a run. A run empties it before it looks at the ledger: what was said before the look is
// covered by it, and what is said after it ends the wait that follows. So no nudge can be lost, and none is worth keeping.
// What is no nudge becomes a letter.
type Inbox[Letter any] struct {
	Letters  []Letter // received and not dealt with, in order
	kinds    []open[Letter]
	received int
}

// Signal is one kind of signal that a run takes.
type Signal[Letter any] struct {
	Name        string
	Description string                   // for who looks at the run
	Read        func(data []byte) Letter // nil for one that is always a nudge; whatever comes must be survived
}

type open[Letter any] struct {
	channel workflow.ReceiveChannel
	read    func([]byte) Letter
}

// NewInbox takes nudges, and the other signals.
func NewInbox[Letter any](ctx workflow.Context, others ...Signal[Letter]) *Inbox[Letter] {
	b := &Inbox[Letter]{}
	for _, s := range append([]Signal[Letter]{{Name: SignalLook, Description: "The ledger has news: look at it"}}, others...) {
		options := workflow.SignalChannelOptions{Description: s.Description}
		b.kinds = append(b.kinds, open[Letter]{workflow.GetSignalChannelWithOptions(ctx, s.Name, options), s.Read})
	}
	return b
}

// Waiting tells whether something was said that has not been received.
func (b *Inbox[Letter]) Waiting() bool {
	for _, k := range b.kinds {
		if k.channel.Len() > 0 {
			return true
		}
	}
	return false
}

// Received is how many signals this run has received.
func (b *Inbox[Letter]) Received() int { return b.received }

// Empty receives everything there is: nudges are only counted, letters are put aside.
func (b *Inbox[Letter]) Empty() {
	for _, k := range b.kinds {
		var raw converter.RawValue
		for k.channel.ReceiveAsync(&raw) {
			b.received++
			data := raw.Payload().GetData()
			if k.read == nil || IsNudge(data) {
				continue
			}
			b.Letters = append(b.Letters, k.read(data))
		}
	}
}

// IsNudge tells the dispatcher's word from a command.
func IsNudge(data []byte) bool {
	var n struct {
		N         *int64 `json:"n"`
		RequestID string `json:"requestId"`
	}
	return len(data) <= mostNudge && json.Unmarshal(data, &n) == nil && n.N != nil && n.RequestID == ""
}

// mostNudge is more than a nudge has, in bytes: JSON takes six for some characters of a correlation id.
const mostNudge = 64 + 6*kernel.LongestRequestID
