package webhookstore

import (
	"context"
	"time"

	"handover/internal/store"
)

// Counts are how telling everybody stands.
type Counts struct {
	Waiting int           // events that are to be sent, with those that are due
	Oldest  time.Duration // since the first of them happened; zero when none waits
	Due     int           // that only we hold up: not tried yet, nor anything before them about the same thing, and the endpoint takes things
	DueFor  time.Duration // since the first of those was to be sent; zero when none is due

	Endpoints int // that are registered
	Failing   int // of those, that are called and take nothing
	Off       int // of those, that are not called any more
}

var (
	countOwed = store.Both(`WITH owed AS (SELECT d.happened_at, ` + nextAt + ` AS next_at, w.failing_since IS NULL AND d.attempts = d.attempts_before AND ` + isDueBy("$1") + `
			AND NOT EXISTS (SELECT 1 FROM webhook_deliveries e WHERE e.partner_tenant_id = d.partner_tenant_id AND e.status = 'waiting'
				AND e.resource_id = d.resource_id AND (e.happened_at, e.id) < (d.happened_at, d.id) AND e.attempts > e.attempts_before) AS due
		` + underRegistration + ` WHERE ` + isWaiting + `)
		SELECT COUNT(*), MIN(happened_at), COUNT(CASE WHEN due THEN 1 END), MIN(CASE WHEN due THEN next_at END) FROM owed`)
	countEndpoints = store.Both(`SELECT COUNT(*), COUNT(CASE WHEN off_at IS NULL THEN failing_since END), COUNT(off_at) FROM webhook_registrations`)
	countDead      = store.Both(`SELECT COUNT(*)` + underRegistration + ` WHERE ` + isDead)
)

// CountWebhooks tells how telling everybody stands. It costs as much as there are events that wait.
func (s *Store) CountWebhooks(ctx context.Context) (Counts, error) {
	return store.Read(ctx, s.db, "count what partners are owed", func(tx store.Tx) (c Counts, err error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return c, err
		}
		type owed struct {
			waiting, due  int
			oldest, since store.Stamp
		}
		o, _, err := store.One(ctx, tx, countOwed, func(o *owed) []any { return []any{&o.waiting, &o.oldest, &o.due, &o.since} }, store.Stamp(now))
		if err != nil {
			return c, err
		}
		c, _, err = store.One(ctx, tx, countEndpoints, func(c *Counts) []any { return []any{&c.Endpoints, &c.Failing, &c.Off} })
		if c.Waiting = o.waiting; o.waiting > 0 {
			c.Oldest = max(0, now.Sub(time.Time(o.oldest)))
		}
		if c.Due = o.due; o.due > 0 {
			c.DueFor = max(0, now.Sub(time.Time(o.since)))
		}
		return c, err
	})
}

// CountDeadWebhooks counts the dead letters of everybody, buried or not. It costs as much as there are, and as there are events that wait.
func (s *Store) CountDeadWebhooks(ctx context.Context) (int, error) {
	return store.Read(ctx, s.db, "count dead letters", func(tx store.Tx) (int, error) {
		dead, _, err := store.One(ctx, tx, countDead, store.Value[int])
		return dead, err
	})
}
