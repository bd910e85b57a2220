package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

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
	RequestID    string                     `json:"requestId"` // idempotency key of the decision
	Actor        kernel.Actor               `json:"actor"`
	LineItems    []transfer.Pick            `json:"lineItems,omitempty"`
	AllEligible  bool                       `json:"allEligible,omitempty"`
	ProductTypes []subscription.ProductType `json:"productTypes,omitempty"` // narrows allEligible
}

// Decision is a cancel by the target or a decline by the source.
type Decision = ledger.Decision

// Command is a command that a Temporal client brought to the run of a transfer: the one of the fields that the verb says.
type Command struct {
	TransferID string            `json:"transferId"`
	Verb       Verb              `json:"verb"`
	Request    *transfer.Request `json:"request,omitempty"`
	Approval   *Approval         `json:"approval,omitempty"`
	Decision   *Decision         `json:"decision,omitempty"`
}

// RequestID is the key under which the command is remembered.
func (c Command) RequestID() string {
	switch {
	case c.Request != nil:
		return c.Request.RequestID
	case c.Approval != nil:
		return c.Approval.RequestID
	case c.Decision != nil:
		return c.Decision.RequestID
	}
	return ""
}

// Actor is who the command says gives it.
func (c Command) Actor() kernel.Actor {
	switch {
	case c.Request != nil:
		return c.Request.Actor
	case c.Approval != nil:
		return c.Approval.Actor
	case c.Decision != nil:
		return c.Decision.Actor
	}
	return kernel.Actor{}
}

// Fingerprint tells two commands apart that claim to be the same.
func (c Command) Fingerprint() string {
	data, err := json.Marshal(c)
	if err != nil {
		return "" // messages are plain structs; what cannot be written cannot have been received
	}
	return kernel.FingerprintOf(bytes.ToLower(data))[:32] // ids are the same in any case
}

// Answer is what a command that came through Temporal was answered: what the transfer was then, or why not.
type Answer struct {
	RequestID      string              `json:"requestId"`
	Of             string              `json:"of"` // fingerprint of the command
	Status         transfer.Status     `json:"status,omitempty"`
	Items          transfer.ItemCounts `json:"items"`
	ExpirationTime string              `json:"expirationTime,omitempty"`
	Refusal        *kernel.Refusal     `json:"refusal,omitempty"`
}

// longestAnswer bounds the sentence of a refusal in an answer, in characters: runs keep answers, and people read them.
const longestAnswer = 300

// AnswerOf is the answer to the command.
func AnswerOf(c Command, t transfer.Transfer, refusal *kernel.Refusal) Answer {
	a := Answer{RequestID: c.RequestID(), Of: c.Fingerprint(), Status: t.Status, Items: t.Items}
	if t.Status == transfer.Pending {
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

// Command takes a command to the ledger, where it is decided like one that came by the API: once per party, key and content.
// A refusal is an answer, not a failure; it is noted in the log, up to a bound.
func (a *Activities) Command(ctx context.Context, c Command) (Answer, error) {
	if a.DoorClosed {
		return AnswerOf(c, transfer.Transfer{}, kernel.Refuse(kernel.DoorClosed,
			"This platform takes commands by its HTTP API only.")), nil
	}
	outcome, err := a.carryOut(ctx, c)
	var repeated *ledger.Repeated
	var refusal *kernel.Refusal
	switch {
	case errors.As(err, &repeated):
		var kept Answer
		return kept, json.Unmarshal(repeated.Answer.Body, &kept)
	case errors.As(err, &refusal):
		return AnswerOf(c, transfer.Transfer{}, refusal), failure(a.noteRefusal(ctx, c, refusal))
	case err != nil:
		return Answer{}, failure(unlessPassing(ctx, err))
	}
	return AnswerOf(c, outcome.Transfer, nil), nil
}

func (a *Activities) carryOut(ctx context.Context, c Command) (ledger.Outcome, error) {
	terms := ledger.Terms[ledger.Outcome]{
		Claim: ledger.Claim{
			CallerTenantID: c.Actor().PartnerTenantID, Route: "signal " + string(c.Verb) + " " + c.TransferID, Key: c.RequestID(), Fingerprint: c.Fingerprint(),
		},
		Answer: func(o ledger.Outcome, refusal *kernel.Refusal) (ledger.Answer, error) {
			if refusal != nil && refusal.Cause == transfer.NotFound {
				return ledger.Answer{}, nil // it may come to be: the same command is worth another try
			}
			return kept(AnswerOf(c, o.Transfer, refusal))
		},
		Origin: kernel.Origin{Via: kernel.BySignal},
		ByRun:  true,
	}
	switch {
	case c.Verb == VerbCreate && c.Request != nil:
		return a.Ledger.OpenTransfer(ctx, *c.Request, terms)
	case c.Verb == VerbSubmit && c.Approval != nil:
		return a.Ledger.Submit(ctx, c.TransferID, ledger.Submission{
			RequestID: c.Approval.RequestID, Actor: c.Approval.Actor,
			Selection: transfer.Selection{LineItems: c.Approval.LineItems, AllEligible: c.Approval.AllEligible, ProductTypes: c.Approval.ProductTypes},
		}, terms)
	case c.Verb == VerbCancel && c.Decision != nil:
		return a.Ledger.Cancel(ctx, c.TransferID, *c.Decision, terms)
	case c.Verb == VerbDecline && c.Decision != nil:
		return a.Ledger.Decline(ctx, c.TransferID, *c.Decision, terms)
	}
	return ledger.Outcome{}, kernel.Refuse(kernel.InvalidInput, "There is no command %q.", c.Verb)
}

// kept is the answer as the ledger keeps it for a repetition.
func kept(a Answer) (ledger.Answer, error) {
	body, err := json.Marshal(a)
	status := 200
	if a.Refusal != nil {
		status = a.Refusal.HTTPStatus()
	}
	return ledger.Answer{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body}, err
}

// noteRefusal puts a refused decision into the log of who made it. A refused request has no transfer to log it with.
func (a *Activities) noteRefusal(ctx context.Context, c Command, refusal *kernel.Refusal) error {
	if c.Verb == VerbCreate {
		return nil
	}
	return a.RecordRefusal(ctx, Refused{TransferID: c.TransferID, RequestID: c.RequestID(), Actor: c.Actor(), Refusal: refusal})
}

// Refused is a decision that was not accepted.
type Refused = ledger.Refused

// RecordRefusal logs a decision that was not accepted, once per request id and up to a bound.
func (a *Activities) RecordRefusal(ctx context.Context, r Refused) error {
	r.Origin = kernel.Origin{Via: kernel.BySignal}
	err := a.Ledger.RecordRefused(ctx, r)
	if errors.Is(err, transfer.NotFound) {
		return nil // there is no log to put it into
	}
	return failure(err)
}
