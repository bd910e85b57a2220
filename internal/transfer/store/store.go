// Package transferstore keeps transfers and their line items. Every change of a transfer is one transaction that locks it, asks
// internal/transfer what may happen, and writes all of its effects together.
//
//	step.go         the frame of every decision; effects.go what it writes besides the state, mail.go whom it is told
//	transitions.go  the transitions of a transfer as a whole; submit.go the one that makes line items
//	moving.go       what became of line items, a window at a time; giveup.go the operator's end to one
//	late.go         what a billing system says too late; held.go what nobody knows; answers.go what comes unasked
//	look.go         how a transfer stands, for its run; follow.go what a run owes, watch.go what nobody did, followed.go which runs there are
//	reads.go        everything that only asks; search.go lists of many transfers, page by page; report.go what became of one
//	preview.go      what would be refused, by the rules of the real thing
//	labels.go       what each party calls a transfer; audit.go what its log says; resume.go an operator's word to runs
//	policies.go     the rules under which each transfer was opened
//	records.go      transfers and line items as rows; parties.go and taken.go the facts that decisions need
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

// Open are those in the database; new ones are decided by the policy, which is written down for them.
func Open(ctx context.Context, db *store.DB, policy transfer.Policy) (*Store, error) {
	l := &Store{db: db, policy: policy}
	return l, l.enterPolicy(ctx)
}

// Over is the same over another view of the database.
func (l *Store) Over(db *store.DB) *Store {
	return &Store{db: db, policy: l.policy, rules: l.rules}
}

// session is a transaction, or a read, with what is done to transfers in one.
type session struct{ store.Tx }

// read answers a question outside a transaction.
func read[T any](ctx context.Context, l *Store, what string, ask func(session) (T, error)) (T, error) {
	return store.Read(ctx, l.db, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// write makes a change in one transaction. Of a change that is made again nothing of an earlier try must be kept.
func write[T any](ctx context.Context, l *Store, what string, do func(session) (T, error)) (T, error) {
	return store.Write(ctx, l.db, what, func(t store.Tx) (T, error) { return do(session{t}) })
}

// snapshot asks several questions of one committed instant.
func snapshot[T any](ctx context.Context, l *Store, what string, ask func(session) (T, error)) (T, error) {
	return store.Snapshot(ctx, l.db, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// carryOut carries a command out under its terms. Errors: those of command.Execute.
func carryOut[T any](ctx context.Context, l *Store, what string, terms command.Terms[T], do func(session) (T, error)) (T, error) {
	return command.Execute(ctx, l.db, what, terms, func(t store.Tx) (T, error) { return do(session{t}) })
}
