package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
)

// What happens about one transfer is heard in its order; what waits for its next attempt holds up nothing else.
func TestEventsAreSentInOrder(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.moving("r1", 0)
		f.clock.advance(time.Second)
		f.pending("r2")
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer, webhook.CreateTransfer}, f.due(sourceID), "the first of each transfer")
		require.Equal(t, 3, f.owed(sourceID).Waiting)

		first := f.owed(sourceID).Due[0]
		_, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{DeliveryID: first.ID, N: 1, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Status: 500}})
		require.NoError(t, err)
		require.Equal(t, idOf("r2"), f.owed(sourceID).Due[0].ResourceID)
		require.Len(t, f.owed(sourceID).Due, 1, "the update of the first waits behind its creation")
		f.sends(sourceID, 204)
		now := f.owed(sourceID)
		require.Empty(t, now.Due)
		require.InDelta(t, 5, now.Next.Sub(now.At).Seconds(), 0.6, "the first attempt that comes, and not what waits behind it")

		f.clock.advance(6 * time.Second)
		f.sends(sourceID, 200)
		require.Equal(t, []webhook.EventName{webhook.UpdateTransfer}, f.due(sourceID))
		f.sends(sourceID, 200)
		now = f.owed(sourceID)
		require.Zero(t, now.Waiting)
		require.Zero(t, now.Next)
	})
}

// ten attempts, then a dead letter, with every attempt to be read. Its owner asks for it again, and gets ten more.
func TestTenAttempts(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		id := f.owed(sourceID).Due[0].ID
		for attempt := 1; attempt <= webhook.MostAttempts; attempt++ {
			require.Len(t, f.owed(sourceID).Due, 1, attempt)
			done := f.sends(sourceID, 500)
			require.Equal(t, attempt == webhook.MostAttempts, done.Dead == 1, attempt)
			if next := f.owed(sourceID); !next.Next.IsZero() {
				f.clock.advance(next.Next.Sub(next.At))
			}
		}
		d, attempts, err := f.WebhookDelivery(t.Context(), sourceID, strings.ToUpper(id))
		require.NoError(t, err)
		require.Equal(t, webhook.Dead, d.Status)
		require.Len(t, attempts, webhook.MostAttempts)
		require.Equal(t, webhook.MostAttempts, attempts[0].N)
		require.Equal(t, webhook.Answer{Status: 500, Excerpt: "said", Took: 3 * time.Millisecond}, attempts[0].Answer)
		_, _, err = f.WebhookDelivery(t.Context(), targetID, id)
		refuses(t, err, webhook.DeliveryUnknown)
		_, err = f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, "nothing")
		refuses(t, err, webhook.DeliveryUnknown)

		again, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, id)
		require.NoError(t, err)
		require.Equal(t, webhook.Waiting, again.Status)
		f.sends(sourceID, 500)
		d, attempts, err = f.WebhookDelivery(t.Context(), sourceID, id)
		require.NoError(t, err)
		require.Equal(t, webhook.Waiting, d.Status, "nine more follow")
		require.Equal(t, 11, attempts[0].N)
		f.clock.advance(6 * time.Minute)
		f.clock.advance(time.Hour)
		f.sends(sourceID, 200)
		require.Equal(t, []string{"delivered"}, f.rows("SELECT status FROM webhook_deliveries"))
		require.Equal(t, webhook.Health{}, f.owed(sourceID).Registration.Health, "a success switches alarms off")
	})
}

// An attempt that two workers made counts once.
func TestAnAttemptCountsOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		d := f.owed(sourceID).Due[0]
		attempt := webhook.Attempt{DeliveryID: d.ID, N: 1, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Status: 500}}
		for range 2 {
			done, err := f.RecordWebhookAttempts(t.Context(), sourceID, attempt)
			require.NoError(t, err)
			require.Equal(t, 1, done.Health.Failures)
		}
		f.clock.advance(6 * time.Second)
		f.sends(sourceID, 200)
		late := attempt
		late.N = 2
		_, err := f.RecordWebhookAttempts(t.Context(), sourceID, late, webhook.Attempt{DeliveryID: "nothing", N: 1, At: f.clock.Now()})
		require.NoError(t, err)
		require.Equal(t, []string{"delivered|2"}, f.rows("SELECT status, attempts FROM webhook_deliveries"))
	})
}

// An endpoint that fails several events in a row is left alone, whatever else it is owed; so is one that asks for it.
func TestTroubledEndpointsRest(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		for n := range 5 {
			f.clock.advance(time.Second)
			f.pending(fmt.Sprint("r", n))
		}
		for n, d := range f.owed(sourceID).Due[:3] {
			require.Len(t, f.owed(sourceID).Due, 5-n)
			_, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{DeliveryID: d.ID, N: 1, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Fault: "no answer"}})
			require.NoError(t, err)
		}
		now := f.owed(sourceID)
		require.Empty(t, now.Due)
		require.Equal(t, now.Registration.Health.RestsUntil, now.Next)
		f.clock.advance(7 * time.Second)
		d := f.owed(sourceID).Due[0]
		_, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{
			DeliveryID: d.ID, N: 2, At: f.clock.Now(), Registered: start, Answer: webhook.Answer{Status: 429, RetryAfter: 2 * time.Hour},
		})
		require.NoError(t, err)
		require.Equal(t, 2*time.Hour, f.owed(sourceID).Next.Sub(f.clock.Now()))
	})
}

// What an endpoint answered that was replaced meanwhile says nothing about the new one, nor about the event.
func TestAnswersOfAReplacedEndpoint(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		before := f.owed(sourceID)
		f.clock.advance(time.Second)
		f.replace(sourceID, everyEvent())
		late := webhook.Attempt{DeliveryID: before.Due[0].ID, N: 1, At: f.clock.Now(), Registered: before.Registration.ModifiedAt, Answer: webhook.Answer{Status: 410}}
		_, err := f.RecordWebhookAttempts(t.Context(), sourceID, late)
		require.NoError(t, err)
		require.False(t, f.owed(sourceID).Registration.Health.Off())
		require.Len(t, f.owed(sourceID).Due, 1)
		late.Status = 200
		_, err = f.RecordWebhookAttempts(t.Context(), sourceID, late)
		require.NoError(t, err)
		require.Zero(t, f.owed(sourceID).Waiting, "it was heard, wherever")
	})
}

// No timer and no nudge is a single point of failure: what should have been delivered is looked for.
func TestOverdueDeliveriesAreWatched(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		watch := func() int {
			raised, err := f.WatchWebhooks(t.Context())
			require.NoError(t, err)
			return raised
		}
		f.clock.advance(6 * time.Minute)
		require.Zero(t, watch(), "the run is behind anyway")
		claimed, err := f.ClaimRuns(t.Context(), 64, 16)
		require.NoError(t, err)
		require.NoError(t, f.RunsTold(t.Context(), claimed))
		require.Equal(t, 1, watch())
		claimed, err = f.ClaimRuns(t.Context(), 64, 16)
		require.NoError(t, err)
		require.NoError(t, f.RunsTold(t.Context(), claimed))
		require.Zero(t, watch(), "once an hour")
		f.clock.advance(time.Hour)
		require.Equal(t, 1, watch())
	})
}
