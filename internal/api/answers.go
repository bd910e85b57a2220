package api

import (
	"bytes"
	"context"
	"net/http"

	"handover/internal/kernel"
	"handover/internal/ledger"
)

// answering is the answer to a command that is being carried out. Its terms go to the ledger with the command, and what they
// render there, inside the transaction, is what the client gets.
type answering[T any] struct {
	terms    ledger.Terms[T]
	render   func(T) (ledger.Answer, error)
	rendered ledger.Answer
	refused  *kernel.Refusal // what was rendered, unless it was a result
}

// answerTo prepares the answer to the context's request.
func answerTo[T any](ctx context.Context, render func(T) (ledger.Answer, error)) *answering[T] {
	r, accept := requestOf(ctx), acceptOf(ctx)
	w := &answering[T]{render: render}
	w.terms = ledger.Terms[T]{
		Claim:  r.claim,
		Origin: kernel.Origin{Via: kernel.ByAPI, Application: r.caller.ApplicationID, Correlation: r.correlation},
		Answer: func(result T, refusal *kernel.Refusal) (answer ledger.Answer, err error) {
			if refusal == nil {
				answer, err = render(result)
			} else {
				answer, err = lastWord(fromRefusal(refusal), accept)
			}
			w.rendered, w.refused = answer, refusal
			return answer, err
		},
	}
	return w
}

// lastWord is the answer to a refused command. One that may succeed when it is repeated is not kept.
func lastWord(e *Error, accept string) (ledger.Answer, error) {
	answer, err := e.answer(accept)
	if err != nil || !final(answer) {
		return ledger.Answer{}, err
	}
	return answer, nil
}

// of is the answer that was committed with the command, given what the command returned; or the error that ended it without
// an answer. An earlier try of the same command may have rendered something else.
func (w *answering[T]) of(result T, err error) (ledger.Answer, error) {
	refusal, refused := asRefusal(err)
	switch {
	case err == nil && w.rendered.Status == 0: // without a key nothing is kept
		return w.render(result)
	case err == nil, refused && refusal == w.refused && w.rendered.Status != 0:
		return w.rendered, nil
	}
	return ledger.Answer{}, err
}

// final tells an answer that a repetition gets again from one that asks for a repetition.
func final(answer ledger.Answer) bool {
	return answer.Status < http.StatusInternalServerError && answer.Header["Retry-After"] == ""
}

// jsonAnswer is an answer with the value as its body.
func jsonAnswer(status int, value any) (ledger.Answer, error) {
	var body bytes.Buffer
	err := jsonFormat.Marshal(&body, value)
	return ledger.Answer{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body.Bytes()}, err
}

// The forms of answers about a transfer. They stand in the ledger with the answers that are too large to be kept whole.
const (
	formCreated           = "created"
	formSubmitted         = "submitted"
	formSubmittedUnlisted = "submitted-unlisted" // without its line items: there may be any number of them
	formTransfer          = "transfer"
)

// forms say how much of a transfer's present an answer shows: that to a create or submit tells of the moment of the command,
// also when it is rendered again much later.
var forms = map[string]func(ledger.Outcome) ledger.Outcome{
	formCreated: func(o ledger.Outcome) ledger.Outcome {
		o.Transfer, o.Items = o.Transfer.AsOpened(), nil
		return o
	},
	formSubmitted: func(o ledger.Outcome) ledger.Outcome {
		o.Transfer, o.Items = o.Transfer.AsSubmitted(o.Items)
		return o
	},
	formSubmittedUnlisted: func(o ledger.Outcome) ledger.Outcome {
		o.Transfer, o.Items = o.Transfer.AsSubmitted(nil)
		return o
	},
	formTransfer: func(o ledger.Outcome) ledger.Outcome { return o },
}

// transferAnswer renders what became of a transfer, for the caller, in the form.
func transferAnswer(ctx context.Context, form string) func(ledger.Outcome) (ledger.Answer, error) {
	viewer := requestOf(ctx).viewer()
	return func(o ledger.Outcome) (ledger.Answer, error) {
		o = forms[form](o)
		seen, err := view(o.Transfer, o.Items, o.Labels, viewer)
		if err != nil {
			return ledger.Answer{}, err
		}
		status := http.StatusOK
		if form == formCreated {
			status = http.StatusCreated
		}
		answer, err := jsonAnswer(status, seen)
		answer.Subject, answer.Form = o.Transfer.ID, form
		answer.Header["ETag"] = etag(o.Transfer, o.Labels, viewer)
		if form == formCreated {
			answer.Header["Location"] = "/v1/customers/" + o.Transfer.State.CustomerTenantID + "/transfers/" + o.Transfer.ID
		}
		return answer, err
	}
}

// again is an answer that was given before. A body that was too large to be kept is rendered once more.
func (a *API) again(ctx context.Context, before ledger.Answer) (ledger.Answer, error) {
	if before.Form == "" || len(before.Body) > 0 {
		return before, nil
	}
	now, err := a.outcome(ctx, before.Subject)
	if err != nil {
		return before, err
	}
	once, err := transferAnswer(ctx, before.Form)(now)
	before.Body = once.Body
	return before, err
}

// outcome is the transfer as it stands, with all its line items and the caller's labels.
func (a *API) outcome(ctx context.Context, id string) (ledger.Outcome, error) {
	t, err := a.Ledger.Transfer(ctx, id)
	if err != nil {
		return ledger.Outcome{}, err
	}
	items, err := a.itemsOf(ctx, t)
	if err != nil {
		return ledger.Outcome{}, err
	}
	labels, err := a.Ledger.Labels(ctx, id, requestOf(ctx).caller.TenantID)
	return ledger.Outcome{Transfer: t, Labels: labels, Items: items}, err
}

// singles are the headers of an answer that belong to it and not to the request it answers.
func singles(header http.Header) map[string]string {
	own := map[string]string{}
	for _, name := range []string{"Content-Type", "ETag", "Location", "Retry-After", "WWW-Authenticate"} {
		if value := header.Get(name); value != "" {
			own[name] = value
		}
	}
	return own
}

// give sends the answer.
func give(w http.ResponseWriter, answer ledger.Answer) {
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // a client that is gone asks again and gets the same
}
