package ledger

import (
	"context"

	"handover/internal/store"
	"handover/internal/transfer"
)

// transfersStore is the transfers in a database.
type transfersStore struct {
	db     *store.DB
	policy transfer.Policy
	rules  *rulebook
}

// openTransfers are those in the database; new ones are decided by the policy, which is written down for them.
func openTransfers(ctx context.Context, db *store.DB, policy transfer.Policy) (*transfersStore, error) {
	l := &transfersStore{db: db, policy: policy}
	return l, l.enterPolicy(ctx)
}

// over is the same over another view of the database.
func (l *transfersStore) over(db *store.DB) *transfersStore {
	return &transfersStore{db: db, policy: l.policy, rules: l.rules}
}

// session is a transaction, or a read, with what is done to transfers in one.
type session struct{ store.Tx }

// read answers a question outside a transaction.
func read[T any](ctx context.Context, l *transfersStore, what string, ask func(session) (T, error)) (T, error) {
	return store.Read(ctx, l.db, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// write makes a change in one transaction. Of a change that is made again nothing of an earlier try must be kept.
func write[T any](ctx context.Context, l *transfersStore, what string, do func(session) (T, error)) (T, error) {
	return store.Write(ctx, l.db, what, func(t store.Tx) (T, error) { return do(session{t}) })
}

// snapshot asks several questions of one committed instant.
func snapshot[T any](ctx context.Context, l *transfersStore, what string, ask func(session) (T, error)) (T, error) {
	return store.Snapshot(ctx, l.db, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// carryOut carries a command out under its terms. Errors: those of command.Execute.
func carryOut[T any](ctx context.Context, l *transfersStore, what string, terms Terms[T], do func(session) (T, error)) (T, error) {
	return execute(ctx, l.db, what, terms, func(t store.Tx) (T, error) { return do(session{t}) })
}
