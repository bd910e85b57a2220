package ledger

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// everyEvent is a wish for all there is.
func everyEvent() webhook.Wish {
	w := webhook.Wish{URL: "https://hooks.example/handover"}
	for _, name := range webhook.EventNames() {
		w.Events = append(w.Events, string(name))
	}
	return w
}

func (f fixture) register(partner string, w webhook.Wish) webhook.Registration {
	f.t.Helper()
	r, err := f.RegisterWebhook(f.t.Context(), command.Terms[webhook.Registration]{}, partner, w, webhook.Addresses{})
	require.NoError(f.t, err)
	return r
}

func (f fixture) replace(partner string, w webhook.Wish) webhook.Registration {
	f.t.Helper()
	r, err := f.ReplaceWebhook(f.t.Context(), command.Terms[webhook.Registration]{}, partner, w, webhook.Addresses{})
	require.NoError(f.t, err)
	return r
}

func (f fixture) owed(partner string) webhookstore.Standing {
	f.t.Helper()
	now, err := f.LookAtWebhook(f.t.Context(), partner, 100)
	require.NoError(f.t, err)
	return now
}

// due are the names of what is to be sent now.
func (f fixture) due(partner string) []webhook.EventName {
	f.t.Helper()
	names := []webhook.EventName{}
	for _, d := range f.owed(partner).Due {
		names = append(names, d.Name)
	}
	return names
}

// sends has the endpoint answer everything that is due with that.
func (f fixture) sends(partner string, status int) webhookstore.Recorded {
	f.t.Helper()
	var made []webhook.Attempt
	now := f.owed(partner)
	for _, d := range now.Due {
		made = append(made, webhook.Attempt{DeliveryID: d.ID, N: d.Attempts + 1, At: f.clock.Now(), Registered: now.Registration.ModifiedAt, Answer: webhook.Answer{Status: status, Excerpt: "said", Took: 3 * time.Millisecond}})
	}
	done, err := f.RecordWebhookAttempts(f.t.Context(), partner, made...)
	require.NoError(f.t, err)
	return done
}

func (f fixture) tested(partner, id string) {
	f.t.Helper()
	_, err := f.TestWebhook(f.t.Context(), command.Terms[webhook.Event]{}, partner, id)
	require.NoError(f.t, err)
}

// delivering are the runs that are behind and deliver.
func (f fixture) delivering() []string {
	return f.rows("SELECT subject_id, cause, correlation_id FROM runs WHERE workflow_type = 'Delivery' AND told < wanted ORDER BY subject_id")
}

func TestRegistrationsOfWebhooks(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, err := f.Webhook(t.Context(), sourceID)
		refuses(t, err, webhook.NotRegistered)
		w := everyEvent()
		w.Secret = webhook.NewSecret().Kept()
		made := f.register(strings.ToUpper(sourceID), w)
		require.Equal(t, sourceID, made.PartnerTenantID)
		read, err := f.Webhook(t.Context(), sourceID)
		require.NoError(t, err)
		require.Equal(t, made, read)
		_, err = f.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
		refuses(t, err, webhook.AlreadyRegistered)

		f.clock.advance(time.Hour)
		w.Secret, w.InMSHeader, w.Format, w.Events = webhook.NewSecret().Kept(), true, "standard", []string{"test-created"}
		replaced := f.replace(sourceID, w)
		require.Equal(t, made.Secret, replaced.Previous)
		require.Equal(t, made.CreatedAt, replaced.CreatedAt)
		read, err = f.Webhook(t.Context(), sourceID)
		require.NoError(t, err)
		require.Equal(t, replaced, read)

		_, err = f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		for _, err := range []error{
			func() error { _, err := f.Webhook(t.Context(), sourceID); return err }(),
			func() error {
				_, err := f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
				return err
			}(),
			func() error {
				_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
				return err
			}(),
			func() error {
				_, err := f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t")
				return err
			}(),
			func() error {
				_, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, "t")
				return err
			}(),
		} {
			refuses(t, err, webhook.NotRegistered)
		}
	})
}

// Two who register at one instant make one registration.
func TestRegisteringAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		outcomes := make(chan error, 8)
		var all sync.WaitGroup
		for n := range cap(outcomes) {
			all.Go(func() {
				w := everyEvent()
				w.URL = fmt.Sprintf("https://hooks.example/%d", n)
				_, err := f.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
				outcomes <- err
			})
		}
		all.Wait()
		close(outcomes)
		made := 0
		for err := range outcomes {
			if err == nil {
				made++
				continue
			}
			refuses(t, err, webhook.AlreadyRegistered)
		}
		require.Equal(t, 1, made)
	})
}

// Section 6.1: who is told of what in the life of a transfer, under the ids of the audit records, committed with the change.
func TestWhoIsToldOfWhat(t *testing.T) {
	for name, c := range map[string]struct {
		live func(f fixture)
		told []webhook.EventName
	}{
		"complete": {func(f fixture) { f.closed(f.moving("r1", 0), moved(0)) },
			[]webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.CompleteTransfer}},
		"failed": {func(f fixture) { f.closed(f.moving("r1", 0), refused(0)) },
			[]webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.FailTransfer}},
		"partly": {func(f fixture) { f.closed(f.moving("r1", 0, 1), moved(0), refused(1)) },
			[]webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.FailTransfer}},
		"cancelled": {func(f fixture) {
			_, err := f.Cancel(f.t.Context(), f.pending("r1").ID, transfer.Decision{RequestID: "no", Actor: asTarget})
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer}},
		"declined": {func(f fixture) {
			_, err := f.Decline(f.t.Context(), f.pending("r1").ID, transfer.Decision{RequestID: "no", Actor: asSource})
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer}},
		"expired": {func(f fixture) {
			id := f.pending("r1").ID
			f.clock.advance(32 * 24 * time.Hour)
			_, err := f.Expire(f.t.Context(), id)
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer}},
		"given up": {func(f fixture) {
			tr := f.moving("r1", 0)
			_, err := f.giveUp(tr.ID, "enough", 0)
			require.NoError(f.t, err)
			_, err = f.CloseTransfer(f.t.Context(), tr.ID)
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.FailTransfer}},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
				f.register(sourceID, everyEvent())
				f.register(targetID, everyEvent())
				f.register(strangerID, everyEvent())
				c.live(f)
				for _, partner := range []string{sourceID, targetID} {
					page, err := f.WebhookDeliveries(t.Context(), webhookstore.Search{PartnerTenantID: partner, Limit: 10})
					require.NoError(t, err)
					told := make([]webhook.EventName, len(page.Items))
					for n, d := range page.Items {
						told[len(told)-1-n] = d.Name
					}
					assert.Len(t, f.rows("SELECT d.id FROM webhook_deliveries d JOIN activity_log a ON a.id = d.id AND a.partner_tenant_id = d.partner_tenant_id "+
						"AND a.recorded_at = d.happened_at AND a.resource_id = d.resource_id WHERE d.partner_tenant_id = '"+partner+"'"), len(c.told))
					assert.Equal(t, c.told, told, partner)
				}
				assert.Empty(t, f.rows("SELECT id FROM webhook_deliveries WHERE partner_tenant_id = '"+strangerID+"'"), "it takes no part")
				assert.Len(t, f.rows("SELECT workflow_id FROM runs WHERE workflow_type = 'Delivery'"), 2)
				f.holds()
			})
		})
	}
}

// Who has not asked for an event is owed nothing, and no run is raised for it. A repeated request tells nobody twice, a refused one nobody.
func TestOnlyWhatWasAskedForIsOwed(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.pending("before")
		require.Empty(t, f.delivering())
		w := everyEvent()
		w.Events = []string{"complete-transfer", "test-created"}
		f.register(sourceID, w)
		w.Events = []string{"create-transfer"}
		f.register(targetID, w)
		terms := saying("r1")
		terms.Origin = kernel.Origin{Via: kernel.ByAPI, Correlation: "c"}
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), terms)
		require.NoError(t, err)
		_, err = f.Ledger.OpenTransfer(t.Context(), request("r1"), terms)
		repeats(t, err)
		_, err = f.OpenTransfer(t.Context(), transfer.Request{})
		require.Error(t, err)
		require.Empty(t, f.due(sourceID))
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer}, f.due(targetID))
		require.Len(t, f.delivering(), 1)
		require.Contains(t, f.delivering()[0], targetID)
		require.Contains(t, f.delivering()[0], "c")
	})
}

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
		f.clock.advance(time.Hour) // the endpoint rests
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

// What is gone, or only fails, is not called any more; what it was owed can be asked for once it is registered again.
func TestEndpointsThatAreSwitchedOff(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.moving("r1", 0)
		done := f.sends(sourceID, 410)
		require.True(t, done.Ended)
		require.Equal(t, 2, done.Dead)
		require.Equal(t, webhook.WhyGone, f.owed(sourceID).Registration.Health.Why)

		f.clock.advance(time.Second)
		f.pending("r2")
		require.Equal(t, 3, len(f.rows("SELECT id FROM webhook_deliveries WHERE status = 'dead'")), "what happens meanwhile is there to be asked for")
		require.Empty(t, f.owed(sourceID).Due)
		_, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[int]{}, sourceID, start, start.Add(time.Hour))
		refuses(t, err, webhook.NothingToSend)
		_, err = f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t")
		refuses(t, err, webhook.NothingToSend)

		f.replace(sourceID, everyEvent())
		revived, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[int]{}, sourceID, start.Add(time.Second), start.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, 1, revived, "those of that time")
		revived, err = f.RedeliverDeadWebhooks(t.Context(), command.Terms[int]{}, sourceID, start, start.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, 2, revived)
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer, webhook.CreateTransfer}, f.due(sourceID))
	})
}

func TestEndpointsThatOnlyFail(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.sends(sourceID, 500)
		f.clock.advance(webhook.FailsFor)
		done := f.sends(sourceID, 503)
		require.True(t, done.Ended)
		require.Equal(t, 1, done.Dead)
		require.Equal(t, webhook.WhyFailing, done.Health.Why)
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

// Who ends its registration is owed nothing more; what waited, or was owed at the same instant, becomes dead letters.
func TestEndedRegistrations(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.behind("INSERT INTO webhook_deliveries SELECT 'late', partner_tenant_id, event, customer_tenant_id, 'other', happened_at, status, attempts, attempts_before, " +
			"next_at, ended_at, last_status, last_fault FROM webhook_deliveries")
		_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		f.behind("UPDATE webhook_deliveries SET status = 'waiting', ended_at = NULL WHERE id = 'late'")
		require.Zero(t, f.owed(sourceID).Waiting)
		require.Equal(t, []string{"dead", "dead"}, f.rows("SELECT status FROM webhook_deliveries"))
		f.pending("r2")
		require.Len(t, f.rows("SELECT id FROM webhook_deliveries"), 2)
	})
}

// a test needs its event, two a minute are enough, and its result is kept for a week.
func TestTestsOfWebhooks(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		w := everyEvent()
		w.Events = []string{"create-transfer"}
		f.register(sourceID, w)
		_, err := f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t1")
		refuses(t, err, webhook.TestsNotWanted)
		f.replace(sourceID, everyEvent())
		f.tested(sourceID, "t1")
		f.clock.advance(time.Second)
		f.tested(sourceID, "t2")
		_, err = f.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, sourceID, "t3")
		refuses(t, err, webhook.TestsTooOften)
		f.register(targetID, everyEvent())
		f.tested(targetID, "t4")
		f.clock.advance(time.Minute)
		f.tested(sourceID, "t3")
		require.Equal(t, []webhook.EventName{webhook.TestCreated, webhook.TestCreated, webhook.TestCreated}, f.due(sourceID))
	})
}

// What became of events is kept for 30 days, of tests for seven; what waits is kept in any case.
func TestWhatIsForgotten(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		f.pending("r1")
		f.tested(sourceID, "t1")
		f.sends(sourceID, 200)
		left := func(after time.Duration) int {
			f.clock.advance(after)
			_, err := f.ForgetWebhooks(t.Context())
			require.NoError(t, err)
			return len(f.rows("SELECT id FROM webhook_deliveries"))
		}
		require.Equal(t, 3, left(webhook.TestsKept))
		require.Equal(t, 2, left(time.Second))
		require.Equal(t, 2, left(webhook.DeliveriesKept-webhook.TestsKept-time.Second))
		require.Equal(t, 1, left(time.Second), "what the target was never sent")
		require.Empty(t, f.rows("SELECT n FROM webhook_attempts"))
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

// The log is read a page at a time, by whoever it belongs to.
func TestLogOfDeliveries(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		for n := range 5 {
			f.clock.advance(time.Second)
			f.pending(fmt.Sprint("r", n))
		}
		f.sends(sourceID, 200)
		f.clock.advance(time.Second)
		f.pending("r5")
		q := webhookstore.Search{PartnerTenantID: sourceID, Limit: 4}
		page, err := f.WebhookDeliveries(t.Context(), q)
		require.NoError(t, err)
		require.True(t, page.More)
		require.Equal(t, 6, page.Total)
		require.Equal(t, idOf("r5"), page.Items[0].ResourceID)
		last := page.Items[3]
		q.After = &webhookstore.Cursor{At: last.At, ID: last.ID}
		page, err = f.WebhookDeliveries(t.Context(), q)
		require.NoError(t, err)
		require.False(t, page.More)
		require.Equal(t, []string{idOf("r1"), idOf("r0")}, []string{page.Items[0].ResourceID, page.Items[1].ResourceID})
		count := func(q webhookstore.Search) int {
			q.Limit = 1
			page, err := f.WebhookDeliveries(t.Context(), q)
			require.NoError(t, err)
			return page.Total
		}
		require.Equal(t, 1, count(webhookstore.Search{PartnerTenantID: sourceID, Status: webhook.Waiting}))
		require.Equal(t, 0, count(webhookstore.Search{PartnerTenantID: sourceID, Event: webhook.FailTransfer}))
		require.Equal(t, 1, count(webhookstore.Search{PartnerTenantID: sourceID, ResourceID: idOf("r2")}))
		require.Equal(t, 2, count(webhookstore.Search{PartnerTenantID: sourceID, From: start.Add(2 * time.Second), Until: start.Add(4 * time.Second)}))
		require.Equal(t, 0, count(webhookstore.Search{PartnerTenantID: targetID}))
	})
}

func TestCertificatesAreServed(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		s, err := webhook.SelfSigned(time.Now())
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, f.PublishWebhookCertificate(t.Context(), s.Certificate()))
		}
		served, err := f.WebhookCertificate(t.Context(), strings.ToUpper(s.ID()))
		require.NoError(t, err)
		require.Equal(t, [][]byte{s.Certificate()}, served)
		_, err = f.WebhookCertificate(t.Context(), "nothing")
		refuses(t, err, webhook.DeliveryUnknown)
	})
}

// who bills a subscription is told of its changes, under the id of the record in its log.
func TestChangesOfSubscriptionsAreOwed(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		name := "Mail"
		_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, activitylog.By{PartnerTenantID: sourceID}, customerID, subID(0),
			subscription.Change{FriendlyName: &name})
		require.NoError(t, err)
		require.Equal(t, []webhook.EventName{webhook.SubscriptionUpdated}, f.due(sourceID))
		require.Equal(t, f.rows("SELECT id FROM activity_log WHERE resource_id = '"+subID(0)+"'"), f.rows("SELECT id FROM webhook_deliveries"))
		require.Empty(t, f.due(targetID))
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
