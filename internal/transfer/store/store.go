// Package transferstore keeps transfers and their line items. Every change of a transfer is one transaction that locks it, asks
// internal/transfer what may happen, and writes all of its effects together.
//
//	store.go        transfers in a database, and its sessions
//	records.go      transfers and line items as rows; columns.go what only the ledger knows of them; policies.go the rules of each transfer
//	step.go         the frame of every decision; effects.go what it writes besides the state, mail.go whom it is told
//	parties.go      the facts that decisions need; taken.go which holdings another transfer has
//	transitions.go  the transitions of a transfer as a whole; submit.go the one that makes line items; preview.go what would be refused
//	labels.go       what each party calls a transfer
//	facts.go        what the mover has to know of line items, and its leave to call a billing system
//	moving.go       what became of line items; window.go those that are recorded at once; families.go add-ons and their bases
//	giveup.go       the operator's end to line items; held.go what nobody knows of them
//	answers.go      what a billing system says unasked; late.go what it says too late; ended.go what it is asked about later
//	look.go         how a transfer stands, for its run
//	runs.go         which runs there are; resume.go an operator's word to them, resent.go what was said about e-mail
//	forget.go       what is personal about them is forgotten
//	follow.go       what a run owes; watch.go what nobody did; stuck.go what does not go on by itself
//	reads.go        one transfer, or a few; search.go many, page by page
//	audit.go        what the log of a transfer says; report.go what became of it
package transferstore

import (
	"context"

	"handover/internal/command"
	"handover/internal/store"
	"handover/internal/transfer"
)

// Store is the transfers in a database.
type Store struct {
	db     *store.DB
	policy transfer.Policy
	rules  *rulebook
}

// Open is the transfers in the database; new ones are decided by the policy, which is written down for them.
func Open(ctx context.Context, db *store.DB, policy transfer.Policy) (*Store, error) {
	s := &Store{db: db, policy: policy}
	return s, s.enterPolicy(ctx)
}

// Over is the same over another view of the database.
func (s *Store) Over(db *store.DB) *Store {
	return &Store{db: db, policy: s.policy, rules: s.rules}
}

// session is a transaction, or a read, with what is done to transfers in one.
type session struct{ store.Tx }

// read answers a question outside a transaction.
func read[T any](ctx context.Context, s *Store, what string, ask func(session) (T, error)) (T, error) {
	return store.Read(ctx, s.db, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// write makes a change in one transaction. Of a change that is made again nothing of an earlier try must be kept.
func write[T any](ctx context.Context, s *Store, what string, do func(session) (T, error)) (T, error) {
	return store.Write(ctx, s.db, what, func(t store.Tx) (T, error) { return do(session{t}) })
}

// snapshot asks several questions of one committed instant.
func snapshot[T any](ctx context.Context, s *Store, what string, ask func(session) (T, error)) (T, error) {
	return store.Snapshot(ctx, s.db, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// carryOut carries a command out under its terms. Errors: those of command.Execute.
func carryOut[T any](ctx context.Context, s *Store, what string, terms command.Terms[T], do func(session) (T, error)) (T, error) {
	return command.Execute(ctx, s.db, what, terms, func(t store.Tx) (T, error) { return do(session{t}) })
}
