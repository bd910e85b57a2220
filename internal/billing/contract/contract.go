// Package contract checks over plain HTTP whether a billing system keeps docs/billing-http.md. It knows nothing of what is
// behind the address, so it fits any system that wants to be connected, and it really moves what it invents: point it at an
// installation where that does no harm.
//
//	contract.go  the clauses as a list, and how they are checked
//	peer.go      the billing system, as Handover speaks to it
//	answer.go    what its answers mean
//	move.go      moves that nobody else asks for
//	once.go      clauses: a key moves once
//	later.go     clauses: a move that takes longer
//	promise.go   clauses: a key that was given up never moves
//	door.go      clauses: who and what is let in
//	memory.go    clause: a restart forgets nothing
package contract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Clause is one thing that the contract asks of a billing system.
type Clause struct {
	Name     string
	Section  string // of docs/billing-http.md
	Sentence string // of that section, as it stands there

	// Check tries it. The error is one sentence that says what was expected and what came. Errors: *Note when there is
	// nothing to find fault with, although the clause could not be tried; the context's error.
	Check func(ctx context.Context, p *Peer) error
}

// Note says why a clause could not be tried on a billing system that keeps the contract nevertheless.
type Note struct{ Says string }

func (n *Note) Error() string { return n.Says }

// Outcome is what became of a clause.
type Outcome string

// The outcomes.
const (
	Kept   Outcome = "kept"
	Noted  Outcome = "not tried" // see Note
	Broken Outcome = "broken"
)

// Result is a clause that was checked.
type Result struct {
	Clause  Clause
	Outcome Outcome
	Says    string // what was expected and what came, or why it was not tried; empty when the clause is kept
}

// Clauses are all clauses, in the order of the document.
func Clauses() []Clause {
	return slices.Concat(once(), later(), promise(), door(), memory())
}

// Run checks every clause and returns the results in the order of Clauses. All run side by side, each with moves of its own;
// only the restart waits until the others are over. Errors: the system cannot be reached at all; the context's error.
func Run(ctx context.Context, p *Peer) ([]Result, error) {
	if err := p.reach(ctx); err != nil {
		return nil, err
	}
	clauses := Clauses()
	results := make([]Result, len(clauses))
	last := len(clauses) - 1
	var side sync.WaitGroup
	for i, clause := range clauses[:last] {
		side.Go(func() { results[i] = clause.try(ctx, p) })
	}
	side.Wait()
	results[last] = clauses[last].try(ctx, p)
	return results, ctx.Err()
}

func (c Clause) try(ctx context.Context, p *Peer) Result {
	err := c.Check(ctx, p)
	var note *Note
	switch {
	case err == nil:
		return Result{Clause: c, Outcome: Kept}
	case errors.As(err, &note):
		return Result{Clause: c, Outcome: Noted, Says: note.Says}
	default:
		return Result{Clause: c, Outcome: Broken, Says: err.Error()}
	}
}

// wrong is a clause that is broken: what we did, what should have come of it, and what came.
func wrong(did, want string, got answer) error {
	return fmt.Errorf("%s: expected %s, got %s", did, want, got)
}
