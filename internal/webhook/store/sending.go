package webhookstore

import (
	"context"
	"math/rand/v2"
	"time"

	"handover/internal/store"
	"handover/internal/webhook"
)

// isFirst tells of an event that waits that it is the first about its resource, and so may be sent: each is heard in order.
const isFirst = `NOT EXISTS (
	SELECT 1 FROM webhook_deliveries e WHERE e.partner_tenant_id = d.partner_tenant_id AND e.status = 'waiting' AND e.resource_id = d.resource_id
		AND (e.happened_at, e.id) < (d.happened_at, d.id))`

// unblocked are the events that may be sent.
const unblocked = ` FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.status = 'waiting' AND ` + isFirst

var (
	selectDue    = store.Both(`SELECT ` + deliveries.Columns.Of("d") + unblocked + ` AND d.next_at <= $2 ORDER BY d.happened_at, d.id LIMIT $3`)
	selectNext   = store.Both(`SELECT MIN(d.next_at)` + unblocked)
	countWaiting = store.Both(`SELECT COUNT(*), MIN(happened_at) FROM webhook_deliveries WHERE partner_tenant_id = $1 AND status = 'waiting'`)
)

// Standing is how delivering to one partner stands.
type Standing struct {
	Registration webhook.Registration // zero when there is none
	Due          []webhook.Delivery   // to be sent now, in this order
	Waiting      int                  // with those that are due
	Oldest       time.Time            // when the first of them happened
	Next         time.Time            // when something is due, with nothing due; zero when nothing waits
	At           time.Time            // of the look
}

// LookAtWebhook tells how delivering to the partner stands, and what is due: at most limit events, in the order in which they happened.
// Nothing is due while the endpoint rests. Where it is switched off, or there is none, what waits becomes dead letters.
func (s *Store) LookAtWebhook(ctx context.Context, partner string, limit int) (Standing, error) {
	store.Lower(&partner)
	now, err := s.look(ctx, partner, limit)
	if err != nil || now.Waiting == 0 || !now.Registration.Health.Off() && now.Registration.URL != "" {
		return now, err
	}
	_, err = store.Write(ctx, s.db, "bury what nobody wants to hear", func(tx store.Tx) (int64, error) {
		r, _, err := store.One(ctx, tx, lockRegistration, registrations.Fields, partner)
		switch {
		case err != nil, r.URL != "" && !r.Health.Off():
			return 0, err
		case r.URL == "":
			return bury(ctx, tx, partner, webhook.FaultUnregistered, now.At)
		}
		return bury(ctx, tx, partner, webhook.FaultOff, now.At)
	})
	if err != nil {
		return now, err
	}
	return s.look(ctx, partner, limit)
}

func (s *Store) look(ctx context.Context, partner string, limit int) (Standing, error) {
	return store.Read(ctx, s.db, "look at what a partner is owed", func(tx store.Tx) (at Standing, err error) {
		if at.At, err = s.db.Time(ctx, tx); err != nil {
			return at, err
		}
		row, _, err := store.One(ctx, tx, selectRegistration, registrations.Fields, partner)
		if err != nil {
			return at, err
		}
		at.Registration = row.read()
		type count struct {
			waiting int
			oldest  store.Stamp
		}
		c, _, err := store.One(ctx, tx, countWaiting, func(c *count) []any { return []any{&c.waiting, &c.oldest} }, partner)
		if at.Waiting, at.Oldest = c.waiting, time.Time(c.oldest); err != nil || at.Waiting == 0 {
			return at, err
		}
		health := at.Registration.Health
		if !health.Rests(at.At) {
			at.Due, err = store.All(ctx, tx, selectDue, deliveries.Fields, partner, store.Stamp(at.At), limit)
			if err != nil || len(at.Due) > 0 {
				return at, err
			}
		}
		next, _, err := store.One(ctx, tx, selectNext, store.Value[store.Stamp], partner)
		if at.Next = time.Time(next); at.Next.Before(health.RestsUntil) {
			at.Next = health.RestsUntil
		}
		return at, err
	})
}

var (
	lockDelivery   = store.Both(`SELECT ` + deliveries.Columns.Of("d") + ` FROM webhook_deliveries d WHERE d.id = $1 FOR UPDATE`)
	insertAttempts = attempts.Insert("ON CONFLICT (delivery_id, n) DO NOTHING")
	updateDelivery = store.OverRows(`UPDATE webhook_deliveries SET status = r.status, attempts = r.attempts, attempts_before = r.attempts_before, next_at = r.next_at,
		ended_at = r.ended_at, last_status = r.last_status, last_fault = r.last_fault FROM {rows} WHERE webhook_deliveries.id = r.id`, deliveries.Columns)
)

// Recorded is what became of attempts.
type Recorded struct {
	Health webhook.Health // of the endpoint after them
	Ended  bool           // the endpoint was switched off by them
	Dead   int            // events that became dead letters
}

// RecordWebhookAttempts writes what became of attempts to tell one partner, in order, and what follows from it for events and endpoint. An
// attempt of an event that somebody else sent meanwhile is not counted a second time; it was made for an event with the same id. Nor is one
// that failed at an endpoint that was replaced meanwhile.
func (s *Store) RecordWebhookAttempts(ctx context.Context, partner string, made ...webhook.Attempt) (Recorded, error) {
	store.Lower(&partner)
	return store.Write(ctx, s.db, "record what an endpoint answered", func(tx store.Tx) (Recorded, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return Recorded{}, err
		}
		row, exists, err := store.One(ctx, tx, lockRegistration, registrations.Fields, partner)
		if err != nil {
			return Recorded{}, err
		}
		r := row.read()
		done := Recorded{Health: r.Health}
		for _, a := range made {
			if exists && !a.Delivered() && !a.Registered.Equal(r.ModifiedAt) {
				continue // the endpoint was another one, and the event is still to be sent to this one
			}
			d, counts, err := attempted(ctx, tx, a, now)
			if err != nil {
				return done, err
			}
			if counts {
				done.Health = done.Health.After(a.Answer, now)
			}
			if counts && d.Status == webhook.Dead {
				done.Dead++
			}
		}
		if !exists || done.Health == r.Health && done.Dead == 0 {
			return done, nil
		}
		return conclude(ctx, tx, r, done, now)
	})
}

// conclude writes what attempts made of an endpoint, and tells its owner of what is wrong.
func conclude(ctx context.Context, tx store.Tx, r webhook.Registration, done Recorded, now time.Time) (Recorded, error) {
	if done.Ended = done.Health.Off() && !r.Health.Off(); done.Ended {
		buried, err := bury(ctx, tx, r.PartnerTenantID, webhook.FaultOff, now)
		if done.Dead += int(buried); err != nil {
			return done, err
		}
	}
	r.Health = done.Health
	if err := save(ctx, tx, r); err != nil {
		return done, err
	}
	return done, alarm(ctx, tx, r.PartnerTenantID, done, now)
}

// attempted writes one attempt, and tells whether it counts: the event still waited for it.
func attempted(ctx context.Context, tx store.Tx, a webhook.Attempt, now time.Time) (webhook.Delivery, bool, error) {
	d, exists, err := store.One(ctx, tx, lockDelivery, deliveries.Fields, a.DeliveryID)
	if err != nil || !exists || d.Status != webhook.Waiting || a.N != d.Attempts+1 {
		return d, false, err
	}
	d = d.After(a.Answer, now, rand.Float64()) //nolint:gosec // nobody gains by guessing it
	row := attempt{Attempt: a, millis: a.Took.Milliseconds()}
	if _, err := tx.Exec(ctx, insertAttempts, attempts.Rows([]attempt{row})); err != nil {
		return d, false, err
	}
	_, err = tx.Exec(ctx, updateDelivery, deliveries.Rows([]webhook.Delivery{d}))
	return d, true, err
}
