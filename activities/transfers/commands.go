package transfers

import (
	"context"
	"encoding/json"
	"errors"

	"handover/activities/failing"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Command takes a command to the ledger, where it is decided like one that came by the API: once per party, key and content.
// A refusal is an answer, not a failure; it is noted in the log, up to a bound, that of the door itself too.
func (a *Activities) Command(ctx context.Context, c transfer.Message) (transfer.Answer, error) {
	origin, closed := a.door(c)
	if closed != nil {
		return transfer.AnswerOf(c, transfer.Transfer{}, closed), failing.Classified(a.noteRefusal(ctx, c, origin, closed))
	}
	outcome, err := a.carryOut(ctx, c, origin)
	var repeated *command.Repeated
	var refusal *kernel.Refusal
	switch {
	case errors.As(err, &repeated):
		var kept transfer.Answer
		return kept, json.Unmarshal(repeated.Answer.Body, &kept)
	case errors.As(err, &refusal):
		return transfer.AnswerOf(c, transfer.Transfer{}, refusal), failing.Classified(a.noteRefusal(ctx, c, origin, refusal))
	case err != nil:
		return transfer.Answer{}, failing.Classified(failing.UnlessPassing(ctx, err))
	}
	return transfer.AnswerOf(c, outcome.Transfer, nil), nil
}

// door says what is known of where a command comes from, and refuses one that may not come this way.
func (a *Activities) door(c transfer.Message) (kernel.Origin, *kernel.Refusal) {
	claimed := kernel.Origin{Via: kernel.BySignal}
	if a.DoorClosed {
		return claimed, kernel.Refuse(kernel.DoorClosed, "This platform takes commands by its HTTP API only.")
	}
	if len(a.CommandKey) == 0 {
		return claimed, nil
	}
	operator, ok := c.SignedBy(a.CommandKey)
	if !ok {
		return claimed, kernel.Refuse(kernel.DoorClosed,
			"This platform takes commands through Temporal only when they are signed with its key (HANDOVER_TRANSFERS_COMMAND_KEY).")
	}
	return kernel.Origin{Via: kernel.BySignedSignal, Operator: operator}, nil
}

func (a *Activities) carryOut(ctx context.Context, c transfer.Message, origin kernel.Origin) (transferstore.Outcome, error) {
	terms := command.Terms[transferstore.Outcome]{
		Claim: command.Claim{
			CallerTenantID: c.Actor().PartnerTenantID, Route: "signal " + string(c.Verb) + " " + c.TransferID, Key: c.RequestID(), Fingerprint: c.Fingerprint(),
		},
		Answer: func(o transferstore.Outcome, refusal *kernel.Refusal) (command.Answer, error) {
			if refusal != nil && refusal.Cause == transfer.NotFound {
				return command.Answer{}, nil // it may come to be: the same command is worth another try
			}
			return kept(transfer.AnswerOf(c, o.Transfer, refusal))
		},
		Origin: origin,
		ByRun:  true,
	}
	switch {
	case c.Verb == transfer.VerbCreate && c.Request != nil:
		return a.Ledger.OpenTransfer(ctx, *c.Request, terms)
	case c.Verb == transfer.VerbSubmit && c.Approval != nil:
		return a.Ledger.Submit(ctx, c.TransferID, *c.Approval, terms)
	case c.Verb == transfer.VerbCancel && c.Decision != nil:
		return a.Ledger.Cancel(ctx, c.TransferID, *c.Decision, terms)
	case c.Verb == transfer.VerbDecline && c.Decision != nil:
		return a.Ledger.Decline(ctx, c.TransferID, *c.Decision, terms)
	}
	return transferstore.Outcome{}, kernel.Refuse(kernel.InvalidInput, "There is no command %q.", c.Verb)
}

// kept is the answer as the ledger keeps it for a repetition.
func kept(a transfer.Answer) (command.Answer, error) {
	body, err := json.Marshal(a)
	status := 200
	if a.Refusal != nil {
		status = a.Refusal.HTTPStatus()
	}
	return command.Answer{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body}, err
}

// noteRefusal puts a refused decision into the log of who made it. A refused request has no transfer to log it with.
func (a *Activities) noteRefusal(ctx context.Context, c transfer.Message, origin kernel.Origin, refusal *kernel.Refusal) error {
	if c.Verb == transfer.VerbCreate {
		return nil
	}
	return a.record(ctx, Refused{TransferID: c.TransferID, RequestID: c.RequestID(), Asked: c.Fingerprint(), Actor: c.Actor(), Refusal: refusal, Origin: origin})
}

// Refused is a decision that was not accepted.
type Refused = transferstore.Refused

// RecordRefusal logs a decision that was not accepted, once per request id and content, and up to a bound.
func (a *Activities) RecordRefusal(ctx context.Context, r Refused) error {
	r.Origin = kernel.Origin{Via: kernel.BySignal}
	return a.record(ctx, r)
}

func (a *Activities) record(ctx context.Context, r Refused) error {
	err := a.Ledger.RecordRefused(ctx, r)
	if errors.Is(err, transfer.NotFound) {
		return nil // there is no log to put it into
	}
	return failing.Classified(err)
}
