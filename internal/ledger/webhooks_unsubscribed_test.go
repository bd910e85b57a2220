package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// what a registration does not have any more is not sent, also when it waits since before; nor is it sent again.
func TestWhatIsUnsubscribedIsNotSent(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.moving("r1", 0)
		f.clock.advance(time.Second)
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer}, f.due(sourceID))
		dropped := f.owed(sourceID).Due[0].ID
		f.sends(sourceID, 500)
		tests := everyEvent()
		tests.Events = []string{"test-created"}
		f.replace(sourceID, tests)
		f.tested(sourceID, "t1")
		require.Equal(t, []webhook.EventName{webhook.TestCreated}, f.due(sourceID), "the others are buried as they come to their turn")
		require.Equal(t, []webhook.EventName{webhook.TestCreated}, f.due(sourceID))
		require.Equal(t, 2, f.counted(sourceID, webhook.Dead))
		require.Equal(t, 1, f.owed(sourceID).Waiting)
		d, _, err := f.WebhookDelivery(t.Context(), sourceID, dropped)
		require.NoError(t, err)
		require.Equal(t, []any{webhook.Dead, webhook.FaultUnsubscribed, f.clock.Now()}, []any{d.Status, d.LastFault, d.EndedAt})
		mails, err := f.WebhooksMissed(t.Context(), []string{sourceID})
		require.NoError(t, err)
		require.Len(t, mails, 1)

		_, err = f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, dropped)
		refuses(t, err, webhook.NothingToSend)
		skips := func() webhookstore.Redelivered {
			done, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, time.Time{}, time.Time{})
			require.NoError(t, err)
			return done
		}
		require.Equal(t, webhookstore.Redelivered{Skipped: 2}, skips())
		tests.Events = append(tests.Events, "create-transfer")
		f.replace(sourceID, tests)
		require.Equal(t, 2, f.counted(sourceID, webhook.Dead), "who registers for them again asks for them")
		require.Equal(t, webhookstore.Redelivered{Count: 1, Skipped: 1}, skips())
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer, webhook.TestCreated}, f.due(sourceID))
	})
}

// However much waits of it, what is unsubscribed goes in portions, and what is wanted goes on meanwhile.
func TestUnsubscribingIsBounded(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.waits(sourceID, webhookstore.MostBuried+1)
		tests := everyEvent()
		tests.Events = []string{"test-created"}
		f.replace(sourceID, tests)
		for _, plan := range f.plansOf("FROM webhook_deliveries", func() { f.owed(sourceID) }) {
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is
				require.NotRegexp(t, `SCAN [de](\n| USING INDEX sqlite_autoindex|$)`, plan)
				require.NotContains(t, plan, "webhook_deliveries_log", "that has all that was delivered")
			}
		}
		require.Equal(t, 1, f.buried(sourceID), "a portion went with the look before")
		require.Equal(t, webhookstore.MostBuried+1, f.counted(sourceID, webhook.Dead))
	})
}
