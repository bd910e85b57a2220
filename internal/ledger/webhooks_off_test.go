package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/outbox"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// What is gone, or only fails, is not called any more; what it was owed can be asked for once it is registered again.
func TestEndpointsThatAreSwitchedOff(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.moving("r1", 0)
		done := f.sends(sourceID, 410)
		require.True(t, done.Ended)
		require.Equal(t, 1, done.Dead, "the one that was tried")
		require.Equal(t, 2, f.counted(sourceID, webhook.Dead), "what waits is dead at once, before it is buried")
		require.Zero(t, f.counted(sourceID, webhook.Waiting))
		require.Equal(t, webhook.WhyGone, f.owed(sourceID).Registration.Health.Why)

		f.clock.advance(time.Second)
		f.pending("r2")
		require.Equal(t, 3, len(f.rows("SELECT id FROM webhook_deliveries WHERE status = 'dead'")), "what happens meanwhile is there to be asked for")
		require.Empty(t, f.owed(sourceID).Due)
		_, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, start, start.Add(time.Hour))
		refuses(t, err, webhook.NothingToSend)
		_, err = f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t")
		refuses(t, err, webhook.NothingToSend)

		f.replace(sourceID, everyEvent())
		revived, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, start.Add(time.Second), start.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, webhookstore.Redelivered{Count: 1}, revived, "those of that time")
		revived, err = f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, start, start.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, webhookstore.Redelivered{Count: 2}, revived)
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer, webhook.CreateTransfer}, f.due(sourceID))
	})
}

func TestEndpointsThatOnlyFail(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		for range 5 {
			require.False(t, f.sends(sourceID, 500).Ended)
			f.clock.advance(webhook.FailsFor / 5)
		}
		done := f.sends(sourceID, 503)
		require.True(t, done.Ended)
		require.Equal(t, 1, f.counted(sourceID, webhook.Dead))
		require.Equal(t, webhook.WhyFailing, done.Health.Why)
	})
}

// An endpoint that failed two weeks ago, and to which nothing was sent since, is not switched off by one failure.
func TestABlipSwitchesNothingOff(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.sends(sourceID, 500)
		f.behind("UPDATE webhook_deliveries SET status = 'dead', ended_at = happened_at")
		f.clock.advance(16 * 24 * time.Hour)
		f.pending("r2")
		done := f.sends(sourceID, 500)
		require.False(t, done.Ended)
		require.Equal(t, webhook.Health{FailingSince: f.clock.Now(), FailedAt: f.clock.Now(), Failures: 1}, done.Health)
		require.Equal(t, done.Health, f.owed(sourceID).Registration.Health)
	})
}

// Who ends its registration is owed nothing more; what waited, or was owed at the same instant, becomes dead letters.
func TestEndedRegistrations(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.behind("INSERT INTO webhook_deliveries SELECT 'late', partner_tenant_id, event, customer_tenant_id, 'other', happened_at, status, attempts, attempts_before, " +
			"next_at, ended_at, last_status, last_fault, registered_at, sent_to FROM webhook_deliveries")
		_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		require.Zero(t, f.owed(sourceID).Waiting)
		require.Equal(t, []string{"dead", "dead"}, f.rows("SELECT status FROM webhook_deliveries"))
		f.pending("r2")
		require.Len(t, f.rows("SELECT id FROM webhook_deliveries"), 2)
	})
}

// The admin agents of a partner are told of dead letters once a day, and each time that the endpoint is switched off.
func TestOwnersAreTold(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		told := func() []string {
			mails, err := f.Notifications(t.Context(), outbox.Subject{Kind: webhookstore.SubjectKind, ID: sourceID})
			require.NoError(t, err)
			kinds := []string{}
			for _, m := range mails {
				if m.Recipient != sourceAgent { // each of them
					continue
				}
				kind, _, _ := strings.Cut(m.Event, ":")
				kinds = append(kinds, kind)
			}
			return kinds
		}
		dies := func(request string) {
			f.pending(request)
			f.behind("UPDATE webhook_deliveries SET attempts = 9 WHERE status = 'waiting' AND attempts = 0")
			require.Equal(t, 1, f.sends(sourceID, 500).Dead)
			f.behind("UPDATE webhook_registrations SET rests_until = NULL")
		}
		require.Empty(t, told())
		dies("r1")
		f.clock.advance(time.Minute)
		dies("r2")
		require.Equal(t, []string{webhookstore.EventDead}, told())
		f.clock.advance(24 * time.Hour)
		dies("r3")
		require.Equal(t, []string{webhookstore.EventDead, webhookstore.EventDead}, told())
		f.clock.advance(time.Minute)
		f.pending("r4")
		f.sends(sourceID, 410)
		require.Equal(t, webhookstore.EventOff, told()[2])
		missed, err := f.WebhooksMissed(t.Context(), []string{sourceID, targetID})
		require.NoError(t, err)
		require.Len(t, missed, 1)
		require.Equal(t, 4, missed[sourceID].Dead)
	})
}
