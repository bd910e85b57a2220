// Package transfers holds the steps of a transfer. Each touches the world once and may be repeated: the ledger and the
// billing system recognise what was done before. What may happen is decided in internal/transfer, in which order in
// workflows/transfers.
//
//	activities.go  what the steps need of the world
//	looking.go     how the transfer stands, and what the time brings about
//	commands.go    commands that came through Temporal instead of the API
//	moving.go      line items: windows of first attempts, then one by one
//	round.go       one round of attempts: leave, the calls of the billing system, one record of all results
//	again.go       when a line item is attempted again
//	asking.go      moves that a billing system accepted, and answers that come too late
//	fencing.go     the end of a line item that a billing system may be at work on
//	notifying.go   the hand-over to the mail relay
package transfers

import (
	"context"
	"time"

	"handover/internal/billing"
	"handover/internal/command"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Prefix begins the name of every activity of this room.
const Prefix = "transfer."

// Watched says what a run knows and wants to know when it looks, by a name that workflows may use.
type Watched = transferstore.Watched

// Ledger is what the steps need of the system of record. *ledger.Ledger implements it.
type Ledger interface {
	Look(ctx context.Context, id string, w transferstore.Watched) (transfer.Standing, error)
	Expire(ctx context.Context, id string) (transfer.Standing, error)
	CloseTransfer(ctx context.Context, id string) (transfer.Standing, error)
	FlagOverdue(ctx context.Context, id string) (transfer.Standing, error)
	GiveUpLate(ctx context.Context, id string) (transfer.Standing, error)
	Remind(ctx context.Context, id string, n int) (transfer.Standing, error)

	OpenTransfer(ctx context.Context, r transfer.Request, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Submit(ctx context.Context, id string, s transfer.Approval, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Cancel(ctx context.Context, id string, d transfer.Decision, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	Decline(ctx context.Context, id string, d transfer.Decision, terms command.Terms[transferstore.Outcome]) (transferstore.Outcome, error)
	RecordRefused(ctx context.Context, r transferstore.Refused) error

	MoveFacts(ctx context.Context, id string, ordinals []int) (transfer.Transfer, []transferstore.MoveFact, error)
	Leave(ctx context.Context, id string, ordinals []int) (map[int]bool, error)
	RecordItems(ctx context.Context, id string, results []transferstore.ItemResult) ([]transfer.LineItem, error)
	TakeLate(ctx context.Context, id string, results []transferstore.ItemResult, recorded []transfer.LineItem) ([]transferstore.Contradiction, error)
	RangeMoved(ctx context.Context, id string, from, to int) error
}

// Activities are the steps with what they act on. A nil value serves workflows as type-checked method references.
type Activities struct {
	Ledger Ledger
	Mover  billing.Mover
	// AskEvery is how soon a billing system that accepted a move is asked what became of it, unless it says when; 5 s when zero.
	AskEvery time.Duration
	// Contradicted is told what the billing system moved although it had ended otherwise; nil when nobody wants to know.
	Contradicted func(transferstore.Contradiction)
	// HandOver wakes the mail relay; nil where none is near. What it is to deliver stands in the ledger.
	HandOver func()
	// DoorClosed says that this deployment takes commands by its API only.
	DoorClosed bool
	// CommandKey is what commands that come through Temporal must be signed with; empty when they need not be.
	CommandKey []byte
}
