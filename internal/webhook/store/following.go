package webhookstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/webhook"
)

// waitingPartners are the partners after $1 whom something waits for, each found from the one before: a hundred thousand events of one
// cost no more than one of another.
const waitingPartners = `WITH RECURSIVE waiting (id) AS (
	SELECT MIN(partner_tenant_id) FROM webhook_deliveries WHERE status = 'waiting' AND partner_tenant_id > $1
	UNION ALL
	SELECT (SELECT MIN(d.partner_tenant_id) FROM webhook_deliveries d WHERE d.status = 'waiting' AND d.partner_tenant_id > w.id)
		FROM waiting w WHERE w.id IS NOT NULL)`

var selectFollowed = store.Both(waitingPartners + ` SELECT p.id FROM waiting p LEFT JOIN runs r ON r.workflow_id = '` + webhook.WorkflowID("") + `' || p.id
	WHERE p.id IS NOT NULL AND COALESCE(r.told = r.wanted, TRUE) ORDER BY p.id LIMIT $2`)

// FollowedDeliveries is a page of the runs that must be open at Temporal, because something waits to be delivered and they were told
// everything: those with workflow ids greater than after, in that order, and at most limit. One whom nothing waits for ends by itself
// after a while: it may be open or not.
func (s *Store) FollowedDeliveries(ctx context.Context, after string, limit int) ([]runs.Wanted, error) {
	partner, more := runs.Within(after, webhook.WorkflowID(""), "")
	if !more {
		return nil, nil
	}
	return store.Read(ctx, s.db, "read the runs that deliver", func(tx store.Tx) ([]runs.Wanted, error) {
		partners, err := store.All(ctx, tx, selectFollowed, store.Value[string], partner, limit)
		followed := make([]runs.Wanted, len(partners))
		for i, p := range partners {
			followed[i] = delivering(p, runs.CauseWatch, "", time.Time{})
		}
		return followed, err
	})
}

// Troubled is a partner who is not told what it should be told.
type Troubled struct {
	PartnerTenantID string
	Health          webhook.Health
	Waiting         int
	Oldest          time.Time // when the first of them happened
	Next            time.Time // when that is sent, at the earliest
	LastStatus      int       // what came of it last; 0 and empty before its first attempt
	LastFault       string
	Dead            int
}

// selectTroubled takes what may be sent and was due, endpoints that do not rest, and those that fail or are switched off.
var selectTroubled = store.Both(waitingPartners + `, troubled (id) AS (
		SELECT w.partner_tenant_id FROM webhook_registrations w WHERE w.off_at IS NOT NULL OR w.failing_since <= $2
		UNION SELECT p.id FROM waiting p LEFT JOIN webhook_registrations w ON w.partner_tenant_id = p.id
			WHERE p.id IS NOT NULL AND ` + isHeldUpBy("$2") + `)
	SELECT t.id, w.failing_since, w.failed_at, COALESCE(w.failures, 0), w.rests_until, w.off_at, COALESCE(w.off_why, ''),
		(SELECT COUNT(*) FROM webhook_deliveries d WHERE d.partner_tenant_id = t.id AND ` + isWaiting + `),
		o.happened_at, ` + strings.ReplaceAll(nextAt, "d.", "o.") + `, COALESCE(o.last_status, 0), COALESCE(o.last_fault, ''),
		(SELECT COUNT(*) FROM webhook_deliveries d WHERE d.partner_tenant_id = t.id AND ` + isDead + `)
	FROM troubled t LEFT JOIN webhook_registrations w ON w.partner_tenant_id = t.id
	LEFT JOIN webhook_deliveries o ON o.id = (SELECT d.id FROM webhook_deliveries d WHERE d.partner_tenant_id = t.id AND ` + isWaiting + `
		ORDER BY d.happened_at, d.id LIMIT 1)
	ORDER BY CASE WHEN w.off_at IS NULL THEN 0 ELSE 1 END, t.id LIMIT $3`)

func (t *Troubled) fields() []any {
	return []any{
		&t.PartnerTenantID, (*store.Stamp)(&t.Health.FailingSince), (*store.Stamp)(&t.Health.FailedAt), &t.Health.Failures, (*store.Stamp)(&t.Health.RestsUntil), (*store.Stamp)(&t.Health.OffAt),
		&t.Health.Why, &t.Waiting, (*store.Stamp)(&t.Oldest), (*store.Stamp)(&t.Next), &t.LastStatus, &t.LastFault, &t.Dead,
	}
}

// TroubledSince are up to limit partners whose endpoint has taken nothing since then, or whom something is not sent that was due then, and
// after them those whose endpoint is switched off: each in the order of their ids.
func TroubledSince(ctx context.Context, tx store.Tx, latest time.Time, limit int) ([]Troubled, error) {
	found, err := store.All(ctx, tx, selectTroubled, (*Troubled).fields, "", store.Stamp(latest), limit)
	for i, t := range found {
		if t.Waiting > 0 && t.Next.Before(t.Health.RestsUntil) {
			found[i].Next = t.Health.RestsUntil
		}
	}
	return found, err
}

var countDeadOf = store.Both(`SELECT COUNT(*) FROM (SELECT d.id` + underRegistration + `
	WHERE d.partner_tenant_id = $1 AND ` + isDead + ` LIMIT ` + fmt.Sprint(webhook.MostCounted+1) + `) AS bounded`)

// DeadWebhooks tells how many dead letters there are for the partner, counted up to one more than webhook.MostCounted.
func (s *Store) DeadWebhooks(ctx context.Context, partner string) (int, error) {
	store.Lower(&partner)
	return store.Read(ctx, s.db, "count dead letters", func(tx store.Tx) (int, error) {
		dead, _, err := store.One(ctx, tx, countDeadOf, store.Value[int], partner)
		return dead, err
	})
}
