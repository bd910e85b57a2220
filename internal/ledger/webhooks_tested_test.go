package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
)

// what came of a test is told with where it went, whatever is registered later. Of other events that is not kept.
func TestWhereATestWent(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.tested(sourceID, "t1")
		went := func() string {
			d, _, err := f.WebhookDelivery(t.Context(), sourceID, "t1")
			require.NoError(t, err)
			return d.SentTo
		}
		require.Empty(t, went())
		before := f.owed(sourceID)
		f.sends(sourceID, 500)
		require.Equal(t, "https://hooks.example/handover", went())
		other := everyEvent()
		other.URL = "https://hooks.example/other"
		f.clock.advance(time.Second)
		f.replace(sourceID, other)
		require.Equal(t, "https://hooks.example/handover", went())
		_, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{
			DeliveryID: "t1", N: 2, At: f.clock.Now(), Registered: before.Registration.ModifiedAt, Answer: webhook.Answer{Status: 200},
		})
		require.NoError(t, err)
		require.Equal(t, "https://hooks.example/handover", went(), "it was on its way")
		_, err = f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, "t1")
		require.NoError(t, err)
		f.sends(sourceID, 200)
		require.Equal(t, other.URL, went())
		require.Len(t, f.rows("SELECT id FROM webhook_deliveries WHERE sent_to <> ''"), 1)
		_, err = f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		require.Equal(t, other.URL, went())
	})
}
