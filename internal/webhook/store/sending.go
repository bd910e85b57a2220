package webhookstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/webhook"
)

// live are the events that are still to be sent, and isFirst those of them that may be: of several about the same thing the first, so that
// each is heard in order. The empty text keeps databases from looking for it among everything that waits for the partner.
const (
	live    = `d.partner_tenant_id = $1 AND d.status = 'waiting' AND {no index}d.registered_at >= $2`
	isFirst = `NOT EXISTS (SELECT 1 FROM webhook_deliveries e WHERE e.resource_id = d.resource_id AND (e.happened_at, e.id) < (d.happened_at, d.id)
		AND e.status = 'waiting' AND e.partner_tenant_id || '' = d.partner_tenant_id)`
)

var (
	// selectDue finds what is due by its time, and what waits since before the registration was replaced.
	selectDue = store.Both(`SELECT ` + deliveries.Columns.Of("d") + ` FROM webhook_deliveries d WHERE ` + live + ` AND ({no index}d.next_at <= $3 OR {no index}d.registered_at < $4)
		AND ` + isFirst + ` ORDER BY d.happened_at, d.id LIMIT $5`)
	// selectNext is asked when nothing is due: what was due by then waits behind something else.
	selectNext   = store.Both(`SELECT d.next_at FROM webhook_deliveries d WHERE ` + live + ` AND d.next_at > $3 AND ` + isFirst + ` ORDER BY d.next_at LIMIT 1`)
	countWaiting = store.Both(`SELECT (SELECT COUNT(*) FROM (SELECT d.id FROM webhook_deliveries d WHERE d.partner_tenant_id = $1 AND d.status = 'waiting'
		LIMIT ` + fmt.Sprint(webhook.MostCounted+1) + `) AS bounded), MIN(happened_at) FROM webhook_deliveries WHERE partner_tenant_id = $1 AND status = 'waiting'`)
)

// Standing is how delivering to one partner stands.
type Standing struct {
	Registration webhook.Registration // zero when there is none
	Due          []webhook.Delivery   // to be sent now, in this order
	Waiting      int                  // with those that are due, counted up to one more than webhook.MostCounted
	Oldest       time.Time            // when the first of them happened
	Next         time.Time            // when something is due, with nothing due; zero only when nothing waits
	At           time.Time            // of the look
	Buried       int                  // events that it made dead letters of
}

// LookAtWebhook looks what the partner is owed and buries what is not sent any more: it writes where there is such a thing. It tells how
// delivering stands, and what is due: at most limit events, in the order in which they happened. Nothing is due while the endpoint rests.
// What the registration does not have any more is buried, too. One look buries at most MostBuried; when there is more of it, something is
// still to be done now.
//
// As long as something waits, something is due or there is a next time, because everything is read at one instant: of what is about one
// thing the first is due, or comes later, or is not sent any more. Then the caller has more to do at once.
func (s *Store) LookAtWebhook(ctx context.Context, partner string, limit int) (Standing, error) {
	store.Lower(&partner)
	now, unburied, err := s.look(ctx, partner, limit)
	if err != nil || !unburied {
		return now, err
	}
	buried, err := s.bury(ctx, partner)
	if err != nil {
		return now, err
	}
	now, unburied, err = s.look(ctx, partner, limit)
	now.Buried = buried
	if (unburied || buried == MostBuried) && now.Waiting > 0 && len(now.Due) == 0 {
		now.Next = now.At
	}
	return now, err
}

func (s *Store) look(ctx context.Context, partner string, limit int) (at Standing, unburied bool, err error) {
	at, err = store.Read(ctx, s.db, "look at what a partner is owed", func(tx store.Tx) (at Standing, err error) {
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
		if unburied, err = hasUnburied(ctx, tx, partner, at.Registration); err != nil || !at.Registration.Called() {
			return at, err
		}
		at.Due, at.Next, err = dueOf(ctx, tx, at, limit)
		found := len(at.Due)
		at.Due = slices.DeleteFunc(at.Due, func(d webhook.Delivery) bool { return !at.Registration.Wants(d.Name) })
		for i, d := range at.Due {
			at.Due[i] = d.Under(at.Registration)
		}
		unburied = unburied || len(at.Due) < found
		return at, err
	})
	return at, unburied, err
}

// dueOf is what is to be sent now to an endpoint that is called, or when something is: once it has rested, if it rests.
func dueOf(ctx context.Context, tx store.Tx, at Standing, limit int) (due []webhook.Delivery, next time.Time, err error) {
	r, by := at.Registration, at.At
	resting := r.Health.Rests(by)
	if resting {
		by, limit = r.Health.RestsUntil, 1
	}
	due, err = store.All(ctx, tx, selectDue, deliveries.Fields, r.PartnerTenantID, store.Stamp(r.CalledSince), store.Stamp(by), store.Stamp(r.ModifiedAt), limit)
	switch {
	case err != nil:
		return nil, next, err
	case len(due) > 0 && resting:
		return nil, by, nil
	case len(due) > 0:
		return due, next, nil
	}
	first, _, err := store.One(ctx, tx, selectNext, store.Value[store.Stamp], r.PartnerTenantID, store.Stamp(r.CalledSince), store.Stamp(by))
	return nil, time.Time(first), err
}

var (
	lockDeliveries = store.OverRows(`SELECT `+deliveries.Columns.Of("d")+` FROM webhook_deliveries d WHERE d.id IN (SELECT r.id FROM {rows}) ORDER BY d.id FOR UPDATE`, store.IDColumn)
	insertAttempts = attempts.Insert("ON CONFLICT (delivery_id, n) DO NOTHING")
	updateDelivery = store.OverRows(`UPDATE webhook_deliveries SET status = r.status, attempts = r.attempts, attempts_before = r.attempts_before, next_at = r.next_at,
		ended_at = r.ended_at, last_status = r.last_status, last_fault = r.last_fault, registered_at = r.registered_at, sent_to = r.sent_to FROM {rows} WHERE webhook_deliveries.id = r.id`, deliveries.Columns)
)

// Recorded is what became of attempts.
type Recorded struct {
	Health webhook.Health // of the endpoint after them
	Ended  bool           // the endpoint was switched off by them
	Dead   int            // events that became dead letters, without those that waited for an endpoint that was switched off
	Missed int            // of those, that are no tests: their owner is told
}

// RecordWebhookAttempts writes what became of attempts to tell one partner, in the order in which they were begun, and what follows from it
// for events and endpoint: in as many statements for a hundred as for one. An attempt of an event that somebody else sent meanwhile is not
// counted a second time; it was made for an event with the same id. Nor is one that failed at an endpoint that was replaced meanwhile.
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
		if exists {
			made = ofEndpoint(r, made)
		}
		counted, done, err := attempted(ctx, tx, r, made, now)
		if err != nil {
			return done, err
		}
		done.Health = r.Health.AfterAll(counted, now)
		if !exists || done.Health == r.Health && done.Missed == 0 {
			return done, nil
		}
		return conclude(ctx, tx, r, done, now)
	})
}

// ofEndpoint leaves out what failed at another endpoint than the one that is registered now: the event is still to be sent to this one.
func ofEndpoint(r webhook.Registration, made []webhook.Attempt) []webhook.Attempt {
	var its []webhook.Attempt
	for _, a := range made {
		if a.Delivered() || a.Registered.Equal(r.ModifiedAt) {
			its = append(its, a)
		}
	}
	return its
}

// conclude writes what attempts made of an endpoint, and tells its owner of what is wrong; that it is switched off stands in the log, too.
func conclude(ctx context.Context, tx store.Tx, r webhook.Registration, done Recorded, now time.Time) (Recorded, error) {
	was := r
	done.Ended = done.Health.Off() && !r.Health.Off()
	r.Health = done.Health
	if err := save(ctx, tx, r); err != nil {
		return done, err
	}
	if done.Ended {
		if err := note(ctx, tx, r, kernel.Origin{}, activitylog.AuditSwitchOffWebhook, logged(was), logged(r), now); err != nil {
			return done, err
		}
	}
	return done, alarm(ctx, tx, r.PartnerTenantID, done, now)
}

// attempted writes those attempts that count, because the event still waited for them under the partner's registration, and tells what was
// answered to them and how many events became dead letters.
func attempted(ctx context.Context, tx store.Tx, r webhook.Registration, made []webhook.Attempt, now time.Time) (counted []webhook.Answer, done Recorded, err error) {
	ids := make([]string, len(made))
	for i, a := range made {
		ids[i] = a.DeliveryID
	}
	events, err := store.All(ctx, tx, lockDeliveries, deliveries.Fields, store.IDRows(ids...))
	if err != nil {
		return nil, done, err
	}
	var rows []attempt
	for _, a := range made {
		at := slices.IndexFunc(events, func(d webhook.Delivery) bool { return d.ID == a.DeliveryID })
		if at < 0 || events[at].Under(r).Status != webhook.Waiting || a.N != events[at].Attempts+1 {
			continue
		}
		if a.Registered.Equal(r.ModifiedAt) {
			events[at] = events[at].To(r)
		}
		events[at] = events[at].After(a.Answer, r.ModifiedAt, now, rand.Float64()) //nolint:gosec // nobody gains by guessing it
		if events[at].Status == webhook.Dead {
			done.Dead++
		}
		if events[at].Status == webhook.Dead && events[at].Name != webhook.TestCreated {
			done.Missed++
		}
		counted, rows = append(counted, a.Answer), append(rows, attempt{Attempt: a, millis: a.Took.Milliseconds()})
	}
	if len(rows) == 0 {
		return nil, done, nil
	}
	if _, err := tx.Exec(ctx, insertAttempts, attempts.Rows(rows)); err != nil {
		return nil, done, err
	}
	_, err = tx.Exec(ctx, updateDelivery, deliveries.Rows(events))
	return counted, done, err
}
