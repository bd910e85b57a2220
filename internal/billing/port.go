// Package billing is the port to the system that really moves a subscription, and its two adapters: Sandbox, where the
// ledger itself is the billing system, and HTTP, an operator's own.
//
//	port.go           what a billing system is asked, and how it may answer
//	sandbox.go        the ledger as the billing system, with faults to try things by
//	http.go           an operator's own: a request and its answer
//	http_move.go      what a move says; http_fence.go its withdrawal; http_answer.go how an answer is read
//	http_callback.go  billing systems that call back
//	failure.go        ways to fail, in words that can be kept
//	breaker.go        how it is found out that a billing system is away; guard.go nobody asks it then
//	compare.go        a line item that is over, held against the billing system's word
package billing

import (
	"context"
	"errors"
	"net/http"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Move is one line item on its way to the billing system.
type Move struct {
	Key      string // idempotency key, the same for every attempt: "<transfer id>/<subscription id>"
	Transfer transfer.Transfer
	Item     transfer.LineItem
	Old      subscription.Subscription // as the source has it now
	Attempts int                       // attempts of this item that failed before
	Sandbox  bool                      // of sandbox tenants: nothing about it is real
}

// Mover moves subscriptions in a billing system. Moving the same key twice has the effect of moving it once and gives
// the same id.
type Mover interface {
	// Move asks for the move once and returns the id of the target's new subscription. Errors: *AtWork when the billing system
	// accepted it and is not done; *kernel.Refusal with cause ProviderRefused when the item can never move;
	// *Unavailable for everything that another attempt may cure; the context's error.
	Move(ctx context.Context, m Move) (targetSubscriptionID string, err error)
	// Immediate tells whether Move usually answers within milliseconds, so that first attempts may run in bulk inside a
	// workflow task.
	Immediate() bool
}

// Question is about a move that was asked for before.
type Question struct {
	Key            string
	SubscriptionID string // of the source
	Where          string // where the billing system wants to be asked, from AtWork; empty for the usual place
}

// Asker is a Mover whose billing system tells what became of a move. Asking moves nothing.
type Asker interface {
	// Ask returns the id of the target's new subscription when the move is done. Errors: *AtWork while it is not; ErrUnknown
	// when the billing system does not know the key; *kernel.Refusal when it never moves under the key, be it that it
	// refused or that it promised so; *Unavailable; the context's error.
	Ask(ctx context.Context, q Question) (targetSubscriptionID string, err error)
}

// ErrUnknown says that the billing system does not know of a move, and so has not moved anything under its key.
var ErrUnknown = errors.New("the billing system does not know the move")

// AtWork says that the billing system accepted a move and is not done with it. It is no failure: the move goes on by itself
// and is asked about later.
type AtWork struct {
	Where      string        // where to ask; empty for the usual place
	RetryAfter time.Duration // when to ask, if it said
}

func (*AtWork) Error() string {
	return "The billing system has accepted the move and is still working on it."
}

// Fencer is a Mover whose billing system can be kept from a move that it was asked for.
type Fencer interface {
	// Fence asks never to move under the question's key from now on. It returns the id of the new subscription when the move is done
	// already, and an empty one for the promise that it never will be: a later Move of the key is refused. Errors:
	// ErrNoPromise when the billing system cannot promise that; *Unavailable; the context's error.
	Fence(ctx context.Context, q Question) (targetSubscriptionID string, err error)
}

// ErrNoPromise says that a billing system cannot be kept from a move that it was asked for.
var ErrNoPromise = errors.New("the billing system cannot promise never to move it")

// Unavailable says that the attempt failed and another may succeed.
type Unavailable struct {
	Cause      kernel.Cause  // ProviderUnavailable or StillSyncing
	RetryAfter time.Duration // what the billing system asked for; zero when it did not say
	Reason     string
	Of         Fault
	Status     int // of the HTTP answer; zero when there was none
}

// Foreign tells that the billing system is there and has no such question.
func (u *Unavailable) Foreign() bool {
	return u.Status == http.StatusMethodNotAllowed || u.Status == http.StatusNotImplemented
}

// Fault is whose fault it is that an attempt failed.
type Fault int

// The faults.
const (
	OfTheMove   Fault = iota // it says nothing about other moves
	OfTheSystem              // the billing system is not there, not well or not ours: others would fail alike
	OfThePace                // the billing system wants to be asked less often
)

func (u *Unavailable) Error() string { return u.Reason }

// Unwrap makes errors.Is(err, transfer.StillSyncing) work.
func (u *Unavailable) Unwrap() error { return u.Cause }
