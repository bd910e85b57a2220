package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// An endpoint that rests, because it failed or asked for it, says so; its owner's word ends the rest, by whatever it asks for.
func TestTheOwnersWordEndsTheRest(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		id := f.owed(sourceID).Due[0].ID
		f.clock.advance(time.Second)
		rests := func() time.Time {
			r, err := f.Webhook(t.Context(), sourceID)
			require.NoError(t, err)
			return r.Health.RestsUntil
		}
		next := func() time.Time {
			d, _, err := f.WebhookDelivery(t.Context(), sourceID, id)
			require.NoError(t, err)
			return d.NextAt
		}
		tired := func() {
			t.Helper()
			now := f.owed(sourceID)
			for _, d := range now.Due {
				_, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{
					DeliveryID: d.ID, N: d.Attempts + 1, At: f.clock.Now(), Registered: now.Registration.ModifiedAt, Answer: webhook.Answer{Status: 429, RetryAfter: 20 * time.Hour},
				})
				require.NoError(t, err)
			}
			require.Equal(t, f.clock.Now().Add(20*time.Hour), rests())
			require.Equal(t, rests(), next(), "the log says when it is sent")
			f.pending(fmt.Sprint("more", f.clock.Now().Unix()))
			require.Empty(t, f.due(sourceID), "nothing is sent meanwhile")
		}
		for name, asks := range map[string]func() error{
			"redeliver": func() error {
				d, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, id)
				require.Equal(t, f.clock.Now(), d.NextAt)
				return err
			},
			"redeliver what is dead": func() error {
				f.behind("UPDATE webhook_deliveries SET status = 'dead', ended_at = happened_at WHERE id = '" + id + "'")
				_, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, time.Time{}, time.Time{})
				return err
			},
			"test": func() error {
				_, err := f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t1")
				return err
			},
			"replace": func() error { f.replace(sourceID, everyEvent()); return nil },
		} {
			tired()
			require.NoError(t, asks(), name)
			require.Zero(t, rests(), name)
			require.NotEmpty(t, f.due(sourceID), name)
			require.Equal(t, f.owed(sourceID).Registration.Health.FailingSince.IsZero(), name == "replace", "it fails until it takes something, or is another one")
			f.clock.advance(21 * time.Hour)
		}
		tired()
		f.clock.advance(20 * time.Hour)
		require.Zero(t, rests(), "it has rested")
		done, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, time.Time{}, start)
		require.NoError(t, err)
		require.Zero(t, done)
	})
}
