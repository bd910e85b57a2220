package webhookstore

import (
	"context"
	"time"

	"handover/internal/command"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/webhook"
)

// MostRedelivered bounds how many dead letters one request sends again.
const MostRedelivered = 1000

// Redelivered is what became of asking for dead letters.
type Redelivered struct {
	Count   int `json:"count"`   // that are sent again
	Skipped int `json:"skipped"` // of events that the registration does not have, in the whole time
}

// More tells that there may be more to send again.
func (r Redelivered) More() bool { return r.Count == MostRedelivered }

const deadThen = underRegistration + ` WHERE d.partner_tenant_id = $1 AND d.happened_at >= $2 AND d.happened_at < $3 AND ` + isDead

var (
	reviveDead = store.Both(`UPDATE webhook_deliveries SET status = 'waiting', attempts_before = attempts, next_at = $6, ended_at = NULL, registered_at = $7
		WHERE status <> 'delivered' AND id IN (` + inOrder(`SELECT d.id`+deadThen+` AND $4 LIKE '% ' || d.event || ' %' ORDER BY d.happened_at, d.id LIMIT $5`) + `)`)
	countUnsubscribed = store.Both(`SELECT COUNT(*)` + deadThen + ` AND $4 NOT LIKE '% ' || d.event || ' %'`)
)

// RedeliverDeadWebhooks sends the dead letters again that happened from then until then, zero times being the beginning of the log and now,
// the oldest first and at most MostRedelivered. Those of events that the registration does not have stay dead. An endpoint that rests is
// called.
//
// Refusals: NotRegistered; NothingToSend to an endpoint that is switched off. Errors: those of command.Execute.
func (s *Store) RedeliverDeadWebhooks(ctx context.Context, terms command.Terms[Redelivered], partner string, from, until time.Time) (Redelivered, error) {
	store.Lower(&partner)
	return command.Execute(ctx, s.db, "send dead letters again", terms, func(tx store.Tx) (done Redelivered, err error) {
		r, err := called(ctx, tx, partner)
		if err != nil {
			return done, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return done, err
		}
		if from.IsZero() {
			from = now.Add(-webhook.DeliveriesKept)
		}
		if until.IsZero() {
			until = now
		}
		if done, err = revive(ctx, tx, r, from, until, now); err != nil || done.Count == 0 {
			return done, err
		}
		if r, err = wake(ctx, tx, r, now); err != nil {
			return done, err
		}
		after := loggedRedelivery{From: from, Until: until, Count: done.Count}
		if err := noteRedelivery(ctx, tx, r, terms.Origin, after, now); err != nil {
			return done, err
		}
		return done, runs.Want(ctx, tx, delivering(partner, runs.CauseResumed, terms.Origin.Correlation, now))
	})
}

func revive(ctx context.Context, tx store.Tx, r webhook.Registration, from, until, now time.Time) (done Redelivered, err error) {
	then := []any{r.PartnerTenantID, store.Stamp(from), store.Stamp(until), stored(r).events}
	if done.Skipped, _, err = store.One(ctx, tx, countUnsubscribed, store.Value[int], then...); err != nil {
		return done, err
	}
	revived, err := tx.Exec(ctx, reviveDead, append(then, MostRedelivered, store.Stamp(now), store.Stamp(r.ModifiedAt))...)
	done.Count = int(revived)
	return done, err
}
