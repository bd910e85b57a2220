// Package command is the frame of every command of a client: it is carried out once, however often it is sent, and always gets
// the same answer. The claim of the request, its effect and its answer are one transaction: a twin that comes meanwhile
// waits for the claim and then finds the answer, and after a crash there is either all of it or nothing. It knows nothing of what
// commands are about; a context carries its own out by Execute.
//
//	command.go  what a command comes with, and how it is carried out
//	kept.go     requests that were answered, as they are kept
//	bounded.go  how many of them, and how large they are
//	forget.go   what is personal in them is forgotten
package command

import (
	"context"
	"errors"

	"handover/internal/kernel"
	"handover/internal/store"
)

// Claim is one command of a client on its way: who sent it, to what, under which key, and what it says. The zero Claim,
// with an empty key, asks for no idempotency: everything done under it is simply done.
type Claim struct {
	CallerTenantID string // at most 128 bytes; whoever comes through Temporal only claims it
	Route          string // method and path, or the door that it came through; at most 1,024 bytes
	Key            string // the client's name for the request, at most kernel.LongestRequestID bytes
	Fingerprint    string // of the content; two requests under one key must have the same
}

// Answer is what a client was told. A body beyond mostKept is not kept when the answer has a form: it is rendered again from
// the subject as it stands then.
type Answer struct {
	Status  int // HTTP, 100 to 599
	Header  map[string]string
	Body    []byte
	Subject string // id of what the answer is about
	Form    string // which rendering of the subject it is; empty when only the body tells
}

// Terms are what a command comes with besides its content. The zero value asks for nothing.
type Terms[T any] struct {
	Claim Claim
	// Match is asked about what the command would change, once it is permitted and before it is decided: its error, such as a
	// stale entity tag, ends the command without a trace. Nil accepts whatever that has become.
	Match func(T) error
	// Answer renders what is kept for a repetition, of the result or of the refusal. A refusal whose answer has no status
	// is not kept and leaves no trace; a result needs one. Nil keeps an empty 204.
	Answer func(result T, refusal *kernel.Refusal) (Answer, error)
	// Origin is through which door the command came, for the log.
	Origin kernel.Origin
	// ByRun says that the run of what the command is about brings it and looks by itself: nobody has to tell it.
	ByRun bool
}

// Repeated says that the very same request was answered before; it is to be answered with that again.
type Repeated struct{ Answer Answer }

func (*Repeated) Error() string { return "the request was answered before" }

// The bounds of what else identifies a request, in bytes; an index of PostgreSQL cannot hold much more.
const (
	longestCaller = 128
	longestRoute  = 1024
)

func (c Claim) check() error {
	if len(c.CallerTenantID) > longestCaller {
		return kernel.Refuse(kernel.InvalidInput, "The partner's id may have %d characters; this one has more.", longestCaller)
	}
	if len(c.Key) > kernel.LongestRequestID || len(c.Route) > longestRoute {
		return kernel.Refuse(kernel.InvalidInput,
			"The request id may have %d characters and the address %d; this request has more.", kernel.LongestRequestID, longestRoute)
	}
	return nil
}

// Execute carries a command out under its terms, in one transaction with the claim and the answer. do must refuse before it
// writes anything: a refusal is an outcome like any other, and its answer is committed too. what names the command in errors.
//
// Errors: the refusal; *Repeated; RequestIDReused when the key was used for something else; InvalidInput for a caller, key or
// route that is too long; whatever else do and the answer fail with, and then nothing is kept.
func Execute[T any](ctx context.Context, db *store.DB, what string, terms Terms[T], do func(store.Tx) (T, error)) (T, error) {
	var nothing T
	if terms.Claim.Key == "" {
		return store.Write(ctx, db, what, do)
	}
	if err := terms.Claim.check(); err != nil {
		return nothing, err
	}
	var refused error
	result, err := store.Write(ctx, db, what, func(tx store.Tx) (T, error) {
		refused = nil
		if err := terms.Claim.take(ctx, tx, db.Now()); err != nil {
			return nothing, err
		}
		result, err := do(tx)
		var refusal *kernel.Refusal
		if err != nil && !errors.As(err, &refusal) {
			return nothing, err
		}
		answer, failed := terms.answer(result, refusal)
		switch {
		case failed != nil:
			return nothing, failed
		case err != nil && answer.Status == 0:
			return nothing, err
		}
		refused = err
		return result, terms.Claim.keep(ctx, tx, answer, db.Now())
	})
	if err == nil {
		err = refused
	}
	return result, err
}

func (t Terms[T]) answer(result T, refusal *kernel.Refusal) (Answer, error) {
	if t.Answer == nil {
		return Answer{Status: 204}, nil
	}
	return t.Answer(result, refusal)
}
