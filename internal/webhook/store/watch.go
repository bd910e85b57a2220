package webhookstore

import (
	"context"
	"fmt"
	"time"

	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/webhook"
)

const (
	// deliversWithin is how long after an event is due a run may take.
	deliversWithin = 5 * time.Minute
	// mostWatched bounds what is raised at once, and watchedEvery how often one run is.
	mostWatched  = 500
	watchedEvery = time.Hour
)

// selectOverdue passes over runs that are behind anyway, endpoints that rest, and what waits behind an earlier event.
var selectOverdue = store.Both(waitingPartners + ` SELECT p.id FROM waiting p
	LEFT JOIN webhook_registrations w ON w.partner_tenant_id = p.id
	LEFT JOIN runs r ON r.workflow_id = '` + webhook.WorkflowID("") + `' || p.id
	WHERE p.id IS NOT NULL AND COALESCE(r.told = r.wanted, TRUE) AND COALESCE(r.watched_at <= $3, TRUE) AND ` + isHeldUpBy("$2") + `
	ORDER BY p.id LIMIT $4`)

// WatchWebhooks makes the runs look that should have delivered something five minutes ago: at most 500, each once an hour. It tells how
// many.
func (s *Store) WatchWebhooks(ctx context.Context) (raised int, err error) {
	return store.Write(ctx, s.db, "look for what should have been delivered", func(tx store.Tx) (int, error) {
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return 0, err
		}
		partners, err := store.All(ctx, tx, selectOverdue, store.Value[string], "", store.Stamp(now.Add(-deliversWithin)), store.Stamp(now.Add(-watchedEvery)), mostWatched)
		if err != nil || len(partners) == 0 {
			return 0, err
		}
		wanted := make([]runs.Wanted, len(partners))
		for i, partner := range partners {
			wanted[i] = delivering(partner, runs.CauseWatch, "", now)
			wanted[i].Watched = true
		}
		return len(wanted), runs.Want(ctx, tx, wanted...)
	})
}

// forgottenAtOnce keeps one transaction of ForgetWebhooks short.
const forgottenAtOnce = 500

// Tests are found apart, because they are few and go earlier.
var (
	forgetDeliveries = forgetting("d.happened_at < $1")
	forgetTests      = forgetting("d.event = '" + string(webhook.TestCreated) + "' AND d.happened_at < $1")
)

func forgetting(which string) store.Statement {
	return store.Both(`DELETE FROM webhook_deliveries WHERE status <> 'waiting' AND id IN (` + inOrder(`SELECT d.id FROM webhook_deliveries d
		WHERE d.status <> 'waiting' AND `+which+` ORDER BY d.happened_at, d.id LIMIT `+fmt.Sprint(forgottenAtOnce)) + `)`)
}

// ForgetWebhooks deletes what became of events once its days are over, and tells how many. After an error those deleted so far are
// gone.
func (s *Store) ForgetWebhooks(ctx context.Context) (int64, error) {
	tests, err := s.forget(ctx, forgetTests, webhook.TestsKept)
	if err != nil {
		return tests, err
	}
	rest, err := s.forget(ctx, forgetDeliveries, webhook.DeliveriesKept)
	return tests + rest, err
}

func (s *Store) forget(ctx context.Context, which store.Statement, kept time.Duration) (forgotten int64, err error) {
	for {
		n, err := store.Write(ctx, s.db, "forget what partners were told", func(tx store.Tx) (int64, error) {
			now, err := s.db.Time(ctx, tx)
			if err != nil {
				return 0, err
			}
			return tx.Exec(ctx, which, store.Stamp(now.Add(-kept)))
		})
		forgotten += n
		if err != nil || n < forgottenAtOnce {
			return forgotten, err
		}
	}
}
