package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"handover/internal/command"
	"handover/internal/kernel"
)

// Answering is the answer to a command that is being carried out. Its terms go to the ledger with the command, and what they
// render there, inside the transaction, is what the client gets.
type Answering[T any] struct {
	Terms    command.Terms[T]
	request  *Request
	render   func(T) (command.Answer, error)
	rendered command.Answer
	refused  *kernel.Refusal // what was rendered, unless it was a result
}

// AnswerTo prepares the answer to the context's request, which the result of the command is rendered into; JSON makes one.
func AnswerTo[T any](ctx context.Context, render func(T) (command.Answer, error)) *Answering[T] {
	r, accept := RequestOf(ctx), acceptOf(ctx)
	w := &Answering[T]{request: r, render: render}
	w.Terms = command.Terms[T]{
		Claim: r.claim,
		Origin: kernel.Origin{
			Via: kernel.ByAPI, Application: r.Caller.ApplicationID, Correlation: r.correlation,
			UserID: r.Caller.UserID, UserPrincipalName: r.Caller.PrincipalName,
		},
		Answer: func(result T, refusal *kernel.Refusal) (answer command.Answer, err error) {
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
func lastWord(e *Error, accept string) (command.Answer, error) {
	answer, err := e.answer(accept)
	if err != nil || !final(answer) {
		return command.Answer{}, err
	}
	return answer, nil
}

// Of is the answer that was committed with the command, given what the command returned; or the error that ended it without
// an answer. An earlier try of the same command may have rendered something else.
func (w *Answering[T]) Of(result T, err error) (command.Answer, error) {
	refusal, refused := asRefusal(err)
	switch {
	case err == nil && w.rendered.Status == 0: // without a key nothing is kept
		return w.render(result)
	case err == nil, refused && refusal == w.refused && w.rendered.Status != 0:
		w.request.refused = refusal
		return w.rendered, nil
	}
	return command.Answer{}, err
}

// asRefusal finds the domain's refusal in an error.
func asRefusal(err error) (*kernel.Refusal, bool) {
	var refusal *kernel.Refusal
	return refusal, errors.As(err, &refusal)
}

// final tells an answer that a repetition gets again from one that asks for a repetition.
func final(answer command.Answer) bool {
	return answer.Status < http.StatusInternalServerError && answer.Header["Retry-After"] == ""
}

// JSON is an answer with the value as its body. Error: a value that JSON cannot say.
func JSON(status int, value any) (command.Answer, error) {
	var body bytes.Buffer
	err := jsonFormat.Marshal(&body, value)
	return command.Answer{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: body.Bytes()}, err
}

// again is an answer that was given before. A body that was too large to be kept is rendered once more.
func (r Route) again(ctx context.Context, before command.Answer) (command.Answer, error) {
	if r.Rerender == nil || before.Form == "" || len(before.Body) > 0 {
		return before, nil
	}
	once, err := r.Rerender(ctx, before)
	before.Body = once.Body
	return before, err
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
func give(w http.ResponseWriter, answer command.Answer) {
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // a client that is gone asks again and gets the same
}
