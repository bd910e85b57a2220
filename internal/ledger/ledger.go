// Package ledger is the system of record: partners, customers, relationships, agreements, subscriptions, transfers, line
// items, audit records and the notification log, on PostgreSQL or SQLite. Every change of a transfer is one transaction
// that asks internal/transfer what may happen and writes all of its effects together; repeating a change gives the same
// result and writes nothing.
//
// Where to look:
//
//	open.go            opening a ledger by its database URL
//	transitions.go     the transitions of a transfer as a whole; submit.go the one that makes line items
//	moving.go          what became of line items, a window at a time; giveup.go the operator's end to one
//	effects.go         what every transition writes besides its state: audit records and notifications
//	outbox.go          e-mails from the transition that owes them to the relay that sends them; notifications.go their log
//	reads.go           everything that only asks; search.go lists of many transfers, page by page
//	preview.go         what would be refused, by the rules of the real thing; report.go what became of a transfer
//	requests.go        requests of the API's clients, executed once; labels.go what each party calls a transfer
//	directory.go       whom a partner deals with: its customers, their subscriptions; relations.go its partners
//	change.go          changes of a subscription by its owner; agreements.go what customers agreed to
//	activity.go        a partner's activity log, over transfers and everything else
//	verify.go          the invariants, checked over the whole ledger; ended.go what a billing system is asked to confirm
//	session.go         what the ledger adds to a transaction of package store, which runs the statements
//	runs.go            which workflow runs have yet to look at the ledger; listen.go who is woken; watch.go what nobody told
//	outages.go         a billing system that is away, the one fact that programs share about it
//	follow.go          what a run owes to the ledger; resume.go an operator's word to runs; stuck.go what does not go on
//	records.go         transfers and line items as rows; parties.go and subscriptions.go the facts decisions need
//	migrations/        the schema, which guards the invariants a second time
//
// Every method can also fail with ErrUnavailable, when the database cannot be reached and the call may be repeated, with
// ErrLocked, when somebody else holds what the call needs, and with the context's error. A refusal is always a *kernel.Refusal.
package ledger

import (
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Submission is the source's approval of a transfer.
type Submission struct {
	RequestID string             `json:"requestId"`
	Actor     kernel.Actor       `json:"actor"`
	Selection transfer.Selection `json:"selection"`
}

// Decision is a cancel by the target or a decline by the source. Reason is kept for a decline.
type Decision struct {
	RequestID string       `json:"requestId"`
	Actor     kernel.Actor `json:"actor"`
	Reason    string       `json:"reason,omitempty"`
}

// Refused is a decision that was not accepted, to be audited once (I-3) although nothing changed.
type Refused struct {
	TransferID string          `json:"transferId"`
	RequestID  string          `json:"requestId"`
	Actor      kernel.Actor    `json:"actor"`
	Refusal    *kernel.Refusal `json:"refusal"`
	Origin     kernel.Origin   `json:"origin"`
}

// ItemResult is what one attempt made of a line item.
type ItemResult struct {
	Ordinal              int
	TargetSubscriptionID string          // the item moved, to this subscription
	Refusal              *kernel.Refusal // the item can never move
	Uncertain            bool            // the refusal may not be about all that the billing system was asked before
	Failure              string          // the attempt failed, another may succeed
	Uncounted            bool            // it was no attempt to move: its base is not moved yet, or it was asked about or to be left
	Acceptance           Acceptance      // what the billing system says of a move that it does later
	Where                string          // where it wants to be asked about an accepted move; empty for where it said before
	Fence                Fence           // the item was given up, and this is what the billing system says to it
}

// Acceptance is what a billing system says of a move that it was asked for before.
type Acceptance string

// The words.
const (
	NothingNew Acceptance = ""
	Accepted   Acceptance = "accepted" // it is at work on it
	Forgotten  Acceptance = "unknown"  // it does not know of it, and is to be asked for it again
)

// Fence is what a billing system says when it is asked never to move a line item that it was asked to move before.
type Fence string

// The answers. That it has moved the item already is told as a move.
const (
	Unfenced        Fence = ""
	FencePromised   Fence = "promised"   // it never will
	FenceUnanswered Fence = "unanswered" // it cannot or did not say
)

// MoveFact is what the mover has to know of one line item.
type MoveFact struct {
	Item       transfer.LineItem
	Old        subscription.Subscription // as the source has it now
	BaseStatus transfer.ItemStatus       // of the add-on's base; NoItem when the item is not an add-on
	ReadAt     time.Time                 // by the ledger's clock
}

// AuditRecord is one entry of a partner's activity log (domain section 7).
type AuditRecord struct {
	ID               string
	TransferID       string
	EventKey         string // one record per event key and participant (I-3)
	PartnerTenantID  string // the participant whose log it is
	Participants     []string
	CustomerTenantID string
	CustomerName     string
	UserID           string
	Operation        activitylog.AuditOperation
	Status           string // succeeded, failed
	Detail           string // JSON, obeys the visibility of PartnerTenantID
	At               time.Time
}

// Filter narrows a list of transfers; empty fields do not narrow.
type Filter struct {
	CustomerTenantID string
	PartnerTenantID  string // as source or target
	Status           transfer.Status
	Limit            int // 0 for all
}
