package webhookstore

import (
	"context"
	"fmt"
	"time"

	"handover/internal/store"
	"handover/internal/webhook"
)

// MostBuried bounds how many events one look makes dead letters of, so that it takes no longer however many wait.
const MostBuried = 5000

// What waits for an endpoint that is switched off, or whose registration ended, is told as dead letters from that moment on (see
// webhook.Delivery.Under), and becomes them here, a portion at a time. A registration of today is not looked behind: what waits under it
// is not found by either.
var (
	selectAnyWaiting = store.Both(`SELECT d.id FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.status = 'waiting' LIMIT 1`)
	selectAnyBefore  = store.Both(`SELECT d.id FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.status = 'waiting' AND d.registered_at < $2 LIMIT 1`)

	buryUncalled = burying(`NOT EXISTS (SELECT 1 FROM webhook_registrations w WHERE w.partner_tenant_id = d.partner_tenant_id AND w.off_at IS NULL)
		ORDER BY d.happened_at, d.id`)
	buryBefore = burying(`d.registered_at < $4 ORDER BY d.registered_at`)

	// buryUnsubscribed is asked once something of it came to its turn, because it goes through all that waits.
	buryUnsubscribed = burying(`$4 NOT LIKE '% ' || d.event || ' %' ORDER BY d.happened_at, d.id`)
)

func burying(which string) store.Statement {
	return store.Both(`UPDATE webhook_deliveries SET status = 'dead', ended_at = $2, last_fault = CASE WHEN last_fault = '' THEN $3 ELSE last_fault END
	WHERE status = 'waiting' AND id IN (` + inOrder(`SELECT d.id FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.status = 'waiting' AND `+which+
		` LIMIT `+fmt.Sprint(MostBuried)) + `)`)
}

// hasUnburied tells whether something waits that is not sent any more.
func hasUnburied(ctx context.Context, tx store.Tx, partner string, r webhook.Registration) (waits bool, err error) {
	if !r.Called() {
		_, waits, err = store.One(ctx, tx, selectAnyWaiting, store.Value[string], partner)
		return waits, err
	}
	_, waits, err = store.One(ctx, tx, selectAnyBefore, store.Value[string], partner, store.Stamp(r.CalledSince))
	return waits, err
}

// bury makes dead letters of a portion of what is not sent any more, and tells of how many events: with MostBuried there may be more.
func (s *Store) bury(ctx context.Context, partner string) (int, error) {
	buried, err := store.Write(ctx, s.db, "bury what is not sent any more", func(tx store.Tx) (int64, error) {
		row, exists, err := store.One(ctx, tx, lockRegistration, registrations.Fields, partner)
		if err != nil {
			return 0, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		r := row.read()
		since := func(at time.Time) []any { return []any{partner, store.Stamp(at), r.Fault()} }
		switch {
		case r.Called():
			before, err := tx.Exec(ctx, buryBefore, append(since(r.CalledSince), store.Stamp(r.CalledSince))...)
			if err != nil || before > 0 {
				return before, err
			}
			return tx.Exec(ctx, buryUnsubscribed, partner, store.Stamp(now), webhook.FaultUnsubscribed, row.events)
		case exists:
			return tx.Exec(ctx, buryUncalled, since(r.Health.OffAt)...)
		default:
			return tx.Exec(ctx, buryUncalled, since(now)...)
		}
	})
	return int(buried), err
}
