package ledger

import (
	"context"

	"handover/internal/store"
)

// session is a transaction, or a read, with what the ledger does in one.
type session struct{ store.Tx }

// read answers a question outside a transaction.
func read[T any](ctx context.Context, l *Ledger, what string, ask func(session) (T, error)) (T, error) {
	return store.Read(ctx, l.DB, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}

// write makes a change in one transaction. Of a change that is made again nothing of an earlier try must be kept.
func write[T any](ctx context.Context, l *Ledger, what string, do func(session) (T, error)) (T, error) {
	return store.Write(ctx, l.DB, what, func(t store.Tx) (T, error) { return do(session{t}) })
}

// snapshot asks several questions of one committed instant.
func snapshot[T any](ctx context.Context, l *Ledger, what string, ask func(session) (T, error)) (T, error) {
	return store.Snapshot(ctx, l.DB, what, func(t store.Tx) (T, error) { return ask(session{t}) })
}
