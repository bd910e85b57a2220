package transferstore

// An operator's word about transfers that changes none of them, as both participants' logs have it.

import (
	"context"
	"time"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// LogResent writes into the logs of both participants of each transfer that the operator had e-mails about it sent again, in the
// transaction that does so. Which ones, and to whom, it does not say: neither learns of the other's address. Ids without a transfer
// are passed over.
func LogResent(ctx context.Context, tx store.Tx, operator kernel.Actor, origin kernel.Origin, now time.Time, ids ...string) error {
	return session{tx}.say(ctx, transfer.EventMailResent, operator, origin, now, ids...)
}

// say writes into the logs of both participants of each transfer what an operator did.
func (tx session) say(ctx context.Context, event transfer.Event, operator kernel.Actor, origin kernel.Origin, now time.Time, ids ...string) error {
	about, err := tx.named(ctx, ids)
	if err != nil || len(about) == 0 {
		return err
	}
	var rows []activitylogstore.AuditEntry
	for _, t := range about {
		said, err := saidByOperator(t, event, operator, origin, now)
		if err != nil {
			return err
		}
		rows = append(rows, said...)
	}
	return activitylogstore.Append(ctx, tx.Tx, rows...)
}
