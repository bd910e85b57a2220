package ledger

import (
	"fmt"
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

// What became of attempts is written in as many statements for twenty as for one.
func TestAttemptsAreRecordedTogether(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		const many = 20
		for n := range many + 1 {
			f.clock.advance(time.Minute)
			f.tested(sourceID, fmt.Sprintf("t%02d", n))
		}
		var made []webhook.Attempt
		for _, d := range f.owed(sourceID).Due {
			made = append(made, webhook.Attempt{DeliveryID: d.ID, N: 1, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Status: 200}})
		}
		takes := func(made ...webhook.Attempt) int64 {
			before := f.Statements()
			_, err := f.RecordWebhookAttempts(t.Context(), sourceID, made...)
			require.NoError(t, err)
			return f.Statements() - before
		}
		one := takes(made[0])
		require.LessOrEqual(t, one, int64(5))
		require.Equal(t, one, takes(made[1:]...))
		require.Equal(t, []string{fmt.Sprintf("delivered|1|%d", many+1)}, f.rows("SELECT status, attempts, COUNT(*) FROM webhook_deliveries GROUP BY status, attempts"))
		require.Len(t, f.rows("SELECT delivery_id FROM webhook_attempts"), many+1)
	})
}

// Attempts of one event that come together count one after the other, as if they came apart.
func TestAttemptsOfOneEventTogether(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.tested(sourceID, "t")
		attempt := webhook.Attempt{DeliveryID: "t", N: 1, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Status: 500}}
		second := attempt
		second.N = 2
		third := webhook.Attempt{DeliveryID: "t", N: 3, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Status: 200}}
		done, err := f.RecordWebhookAttempts(t.Context(), sourceID, attempt, attempt, second, third, third)
		require.NoError(t, err)
		require.Equal(t, webhook.Health{}, done.Health)
		require.Equal(t, []string{"delivered|3"}, f.rows("SELECT status, attempts FROM webhook_deliveries"))
		require.Len(t, f.rows("SELECT delivery_id FROM webhook_attempts"), 3)
	})
}
