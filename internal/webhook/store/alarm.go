package webhookstore

import (
	"context"
	"fmt"
	"time"

	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/webhook"
)

// SubjectKind is what the outbox calls webhooks. The subject is the partner.
const SubjectKind = "webhook"

// What the owner of an endpoint is told by e-mail, with what tells one such event from another after a colon.
const (
	EventOff  = "switched-off"
	EventDead = "dead-letters"
)

// owner is the audience: the partner's admin agents.
const owner = "owner"

type agent struct{ email, locale string }

var selectAgents = store.Both(`SELECT a.email, p.locale FROM partner_users a JOIN partners p ON p.tenant_id = a.partner_tenant_id AND a.admin_agent AND a.ended_at IS NULL
	WHERE a.partner_tenant_id = $1 AND a.email <> '' ORDER BY a.position`)

// alarm tells the partner's admin agents that the endpoint was switched off, each time, or of dead letters, once a day.
func alarm(ctx context.Context, tx store.Tx, partner string, done Recorded, now time.Time) error {
	event := EventDead + ":" + now.UTC().Format(time.DateOnly)
	switch {
	case done.Ended:
		event = fmt.Sprintf("%s:%d", EventOff, now.UnixMicro())
	case done.Missed == 0:
		return nil
	}
	agents, err := store.All(ctx, tx, selectAgents, func(a *agent) []any { return []any{&a.email, &a.locale} }, partner)
	if err != nil {
		return err
	}
	mail := make([]outbox.Notification, len(agents))
	for i, a := range agents {
		mail[i] = outbox.Notification{
			Subject: outbox.Subject{Kind: SubjectKind, ID: partner}, Event: event, Audience: owner, Recipient: a.email, Locale: a.locale, OwedAt: now,
		}
	}
	return outbox.Queue(ctx, tx, partner, mail...)
}

// Missed is a registration with how many events its endpoint missed.
type Missed struct {
	Registration webhook.Registration
	// Dead is how many events are kept that were sent as often as any is, and not heard; of an endpoint that is switched off, all that it
	// did not hear. Tests are none of them, nor is, as long as it is called, what was never sent.
	Dead     int
	Sandbox  bool            // its partner is in the sandbox
	Departed outbox.Departed // admin agents of the partner who are none any more
}

var selectMissed = store.OverRows(`SELECT `+registrations.Columns.Of("w")+`, (SELECT COUNT(*) FROM webhook_deliveries d
	WHERE d.partner_tenant_id = w.partner_tenant_id AND d.status <> 'delivered' AND d.event <> '`+string(webhook.TestCreated)+`'
		AND (w.off_at IS NOT NULL OR d.status = 'dead' AND d.attempts - d.attempts_before >= `+fmt.Sprint(webhook.MostAttempts)+`)), p.environment,
	`+outbox.SelectDeparted(SubjectKind, "r.id", outbox.Hearers{Audience: owner, Partner: "r.id"})+` FROM {rows} JOIN webhook_registrations w ON w.partner_tenant_id = r.id JOIN partners p ON p.tenant_id = r.id`, store.IDColumn)

// WebhooksMissed reads the registrations of these partners, by partner.
func (s *Store) WebhooksMissed(ctx context.Context, partners []string) (map[string]Missed, error) {
	type row struct {
		registration
		dead int
		in   string // environment
		gone outbox.Departed
	}
	return store.Read(ctx, s.db, "read what webhooks missed", func(tx store.Tx) (map[string]Missed, error) {
		rows, err := store.All(ctx, tx, selectMissed, func(r *row) []any { return append(registrations.Fields(&r.registration), &r.dead, &r.in, &r.gone) }, store.IDRows(partners...))
		found := make(map[string]Missed, len(rows))
		for _, r := range rows {
			found[r.PartnerTenantID] = Missed{r.read(), r.dead, r.in == programme.Sandbox.String(), r.gone}
		}
		return found, err
	})
}
