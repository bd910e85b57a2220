package transfer

import (
	"bytes"
	"encoding/json"
	"time"

	"handover/internal/kernel"
)

// The words that parties bring to a transfer, as they stand in a signal: each shape once, for whoever sends or takes one.

// Verb is what a command that came through Temporal asks for.
type Verb string

// The verbs.
const (
	VerbCreate  Verb = "create"
	VerbSubmit  Verb = "submit"
	VerbCancel  Verb = "cancel"
	VerbDecline Verb = "decline"
)

// Approval is the source's word to submit, as any Temporal client may send it. Nothing in it is trusted before the domain has
// checked it.
type Approval struct {
	RequestID string       `json:"requestId"` // idempotency key of the decision
	Actor     kernel.Actor `json:"actor"`
	Signature *Signature   `json:"signature,omitempty"`
	Selection              // in the JSON beside the others
}

// Decision is a cancel by the target or a decline by the source. The reason is kept for a decline.
type Decision struct {
	RequestID string       `json:"requestId"`
	Actor     kernel.Actor `json:"actor"`
	Reason    string       `json:"reason,omitempty"`
	Signature *Signature   `json:"signature,omitempty"`
}

// Message is a command that a Temporal client brought to the run of a transfer: the one of the fields that the verb says.
type Message struct {
	TransferID string    `json:"transferId"`
	Verb       Verb      `json:"verb"`
	Request    *Request  `json:"request,omitempty"`
	Approval   *Approval `json:"approval,omitempty"`
	Decision   *Decision `json:"decision,omitempty"`
}

// RequestID is the key under which the command is remembered.
func (m Message) RequestID() string {
	switch {
	case m.Request != nil:
		return m.Request.RequestID
	case m.Approval != nil:
		return m.Approval.RequestID
	case m.Decision != nil:
		return m.Decision.RequestID
	}
	return ""
}

// Actor is who the command says gives it.
func (m Message) Actor() kernel.Actor {
	switch {
	case m.Request != nil:
		return m.Request.Actor
	case m.Approval != nil:
		return m.Approval.Actor
	case m.Decision != nil:
		return m.Decision.Actor
	}
	return kernel.Actor{}
}

// Content is what a signal with the message carries.
func (m Message) Content() any {
	switch {
	case m.Request != nil:
		return *m.Request
	case m.Approval != nil:
		return *m.Approval
	case m.Decision != nil:
		return *m.Decision
	}
	return nil
}

// Fingerprint tells two commands apart that claim to be the same, whoever signed them.
func (m Message) Fingerprint() string {
	data, err := json.Marshal(m.bearing(nil))
	if err != nil {
		return "" // messages are plain structs; what cannot be written cannot have been received
	}
	return kernel.FingerprintOf(bytes.ToLower(data))[:32] // ids are the same in any case
}

// Answer is what a command that came through Temporal was answered: what the transfer was then, or why not.
type Answer struct {
	RequestID      string          `json:"requestId"`
	Of             string          `json:"of"` // fingerprint of the command
	Status         Status          `json:"status,omitempty"`
	Items          ItemCounts      `json:"items"`
	ExpirationTime string          `json:"expirationTime,omitempty"`
	Refusal        *kernel.Refusal `json:"refusal,omitempty"`
}

// longestAnswer bounds the sentence of a refusal in an answer, in characters: runs keep answers, and people read them.
const longestAnswer = 300

// AnswerOf is the answer to the command.
func AnswerOf(m Message, t Transfer, refusal *kernel.Refusal) Answer {
	a := Answer{RequestID: m.RequestID(), Of: m.Fingerprint(), Status: t.Status, Items: t.Items}
	if t.Status == Pending {
		a.ExpirationTime = t.ExpirationTime.UTC().Format(time.RFC3339)
	}
	if refusal != nil {
		short := *refusal
		if said := []rune(short.Message); len(said) > longestAnswer {
			short.Message = string(said[:longestAnswer]) + "…"
		}
		short.Data = nil
		a.Refusal = &short
	}
	return a
}
