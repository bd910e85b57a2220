package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// What only a worker holds up is told from what waits for its endpoint, or for what is before it.
func TestCountsOfWebhooks(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		counts := func() webhookstore.Counts {
			t.Helper()
			c, err := f.CountWebhooks(t.Context())
			require.NoError(t, err)
			dead, err := f.CountDeadWebhooks(t.Context())
			require.NoError(t, err)
			require.Len(t, f.rows("SELECT id FROM webhook_deliveries WHERE status = 'dead'"), dead)
			return c
		}
		require.Zero(t, counts(), "nobody wants to hear anything")
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		require.Equal(t, webhookstore.Counts{Endpoints: 2}, counts())

		f.moving("r1", 0) // a creation and an update for both
		f.clock.advance(time.Minute)
		require.Equal(t, webhookstore.Counts{Waiting: 4, Oldest: time.Minute, Due: 4, DueFor: time.Minute, Endpoints: 2}, counts())

		f.sends(sourceID, 500)
		require.Equal(t, webhookstore.Counts{Waiting: 4, Oldest: time.Minute, Due: 2, DueFor: time.Minute, Endpoints: 2, Failing: 1}, counts())

		f.tested(sourceID, "t1")
		f.sends(sourceID, 200)
		require.Equal(t, webhookstore.Counts{Waiting: 4, Oldest: time.Minute, Due: 2, DueFor: time.Minute, Endpoints: 2}, counts(),
			"the endpoint takes things, but the update waits behind the creation, which it did not take")

		f.clock.advance(time.Minute)
		for range 2 {
			f.sends(sourceID, 200)
			f.sends(targetID, 204)
		}
		require.Equal(t, webhookstore.Counts{Endpoints: 2}, counts())

		f.tested(targetID, "t2")
		f.sends(targetID, 410)
		f.tested(sourceID, "t3")
		require.Equal(t, webhookstore.Counts{Waiting: 1, Due: 1, Endpoints: 2, Off: 1}, counts())
		f.pending("r2")
		require.Len(t, f.rows("SELECT id FROM webhook_deliveries WHERE status = 'dead'"), 2, "the one it was gone for, and the one after")
		require.Equal(t, 2, counts().Due)
		require.Equal(t, webhook.WhyGone, f.owed(targetID).Registration.Health.Why)
	})
}
