package webhookstore

import (
	"context"
	"time"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/webhook"
)

var countTests = store.Both(`SELECT COUNT(*) FROM webhook_deliveries WHERE partner_tenant_id = $1 AND event = '` + string(webhook.TestCreated) + `' AND happened_at > $2`)

// TestWebhook sends the partner a test, with that id, also to an endpoint that rests.
//
// Refusals: NotRegistered; TestsNotWanted by a registration without test-created, NothingToSend to an endpoint that is switched off,
// TestsTooOften. Errors: those of command.Execute.
func (s *Store) TestWebhook(ctx context.Context, terms command.Terms[webhook.Event], partner, id string) (webhook.Event, error) {
	store.Lower(&partner, &id)
	return command.Execute(ctx, s.db, "test a webhook", terms, func(tx store.Tx) (webhook.Event, error) {
		r, err := registered(ctx, tx, lockRegistration, partner)
		switch {
		case err != nil:
			return webhook.Event{}, err
		case !r.Wants(webhook.TestCreated):
			return webhook.Event{}, kernel.Refuse(webhook.TestsNotWanted, "WebhookEvents of your registration lacks %s. Register for it and send the test again.", webhook.TestCreated)
		}
		if _, err := called(ctx, tx, partner); err != nil {
			return webhook.Event{}, err
		}
		now, err := s.db.Time(ctx, tx)
		if err != nil {
			return webhook.Event{}, err
		}
		recent, _, err := store.One(ctx, tx, countTests, store.Value[int], partner, store.Stamp(now.Add(-time.Minute)))
		if err != nil {
			return webhook.Event{}, err
		}
		if recent >= webhook.TestsPerMinute {
			return webhook.Event{}, kernel.Refuse(webhook.TestsTooOften, "You may send %d tests a minute. Wait a minute and send this one again.", webhook.TestsPerMinute)
		}
		if _, err := wake(ctx, tx, r, now); err != nil {
			return webhook.Event{}, err
		}
		e := webhook.Event{ID: id, PartnerTenantID: partner, Name: webhook.TestCreated, ResourceID: id, At: now}
		return e, Owe(ctx, tx, terms.Origin.Correlation, e)
	})
}
