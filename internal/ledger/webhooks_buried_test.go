package ledger

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// waits owes the partner so many events more, each about something else, a second apart from now on.
func (f fixture) waits(partner string, events int) {
	f.t.Helper()
	r, err := f.Webhook(f.t.Context(), partner)
	require.NoError(f.t, err)
	at := store.Stamp(r.ModifiedAt)
	registered, err := at.Value()
	require.NoError(f.t, err)
	begun := len(f.rows("SELECT id FROM webhook_deliveries WHERE id LIKE 'many-%'"))
	const atOnce = 5_000
	for from := begun + 1; from <= begun+events; from += atOnce {
		f.behind(fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO webhook_deliveries (id, partner_tenant_id, event, customer_tenant_id, resource_id, happened_at, status, attempts, attempts_before, next_at, last_status, last_fault, registered_at)
			SELECT 'many-' || i, '%s', 'update-transfer', '%s', 'thing-' || i, '%[5]s', 'waiting', 0, 0, '%[5]s', 0, '', '%[5]s' FROM n`,
			from, min(from+atOnce, begun+events+1)-1, partner, customerID, registered))
	}
}

// kept are how many events have each status, as the rows say.
func (f fixture) kept() []string {
	f.t.Helper()
	return f.rows("SELECT status, COUNT(*) FROM webhook_deliveries GROUP BY status ORDER BY status")
}

// buried looks until nothing is left to bury, and tells in how many looks. Each has few statements and a bounded portion.
func (f fixture) buried(partner string) int {
	f.t.Helper()
	waiting := func() (count int) {
		_, err := fmt.Sscan(f.rows("SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'waiting'")[0], &count)
		require.NoError(f.t, err)
		return count
	}
	for looks, left := 1, waiting(); ; looks++ {
		before := f.Statements()
		now := f.owed(partner)
		require.LessOrEqual(f.t, f.Statements()-before, int64(13))
		require.Empty(f.t, now.Due)
		require.LessOrEqual(f.t, left-waiting(), webhookstore.MostBuried)
		if left = waiting(); left == 0 {
			return looks
		}
		require.Equal(f.t, min(left, webhook.MostCounted+1), now.Waiting)
		require.Equal(f.t, now.At, now.Next, "the run comes back at once")
	}
}

// However much waits, switching an endpoint off, ending it and putting it on again is a small change, and what waited is buried in
// portions; what is read meanwhile is true already.
func TestBurialIsBounded(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.waits(sourceID, mostWaiting)
		small := func(what string, most int64, change func()) {
			t.Helper()
			rows, before := f.kept(), f.Statements()
			change()
			require.LessOrEqual(t, f.Statements()-before, most, what)
			require.Equal(t, rows, f.kept(), "no event is touched: %s", what)
		}
		first := f.owed(sourceID)
		gone := webhook.Attempt{DeliveryID: first.Due[0].ID, N: 1, At: f.clock.Now(), Registered: first.Registration.ModifiedAt, Answer: webhook.Answer{Status: 410}}
		before := f.Statements()
		done, err := f.RecordWebhookAttempts(t.Context(), sourceID, gone)
		require.NoError(t, err)
		require.True(t, done.Ended)
		require.LessOrEqual(t, f.Statements()-before, int64(12))
		require.Equal(t, []string{"dead|1", fmt.Sprint("waiting|", mostWaiting-1)}, f.kept())
		require.Equal(t, mostWaiting, f.counted(sourceID, webhook.Dead))
		require.Zero(t, f.counted(sourceID, webhook.Waiting))
		missed, err := f.WebhooksMissed(t.Context(), []string{sourceID})
		require.NoError(t, err)
		require.Equal(t, mostWaiting, missed[sourceID].Dead)
		require.Equal(t, (mostWaiting+webhookstore.MostBuried-1)/webhookstore.MostBuried, f.buried(sourceID))

		const more = webhookstore.MostBuried + 1
		f.clock.advance(time.Second)
		small("on again", 8, func() { f.replace(sourceID, everyEvent()) })
		f.waits(sourceID, more)
		small("another address", 8, func() { f.replace(sourceID, everyEvent()) })
		small("ended", 9, func() {
			_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
			require.NoError(t, err)
		})
		require.Equal(t, mostWaiting+more, f.counted(sourceID, webhook.Dead))
		require.Equal(t, 2, f.buried(sourceID))
		require.Equal(t, []string{fmt.Sprint("dead|", mostWaiting+more)}, f.kept())
	})
}

// What waited when the endpoint was switched off stays dead, however far its burial is when the endpoint is put on again; what happens
// from then on is sent, and what is asked for, buried or not.
func TestPuttingOnWhileBurying(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		const all = webhookstore.MostBuried + 3
		f.register(sourceID, everyEvent())
		f.waits(sourceID, all)
		gone := f.owed(sourceID)
		record := func() webhookstore.Recorded {
			done, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{
				DeliveryID: gone.Due[0].ID, N: 1, At: f.clock.Now(), Registered: gone.Registration.ModifiedAt, Answer: webhook.Answer{Status: 410},
			}, webhook.Attempt{
				DeliveryID: gone.Due[1].ID, N: 1, At: f.clock.Now(), Registered: gone.Registration.ModifiedAt, Answer: webhook.Answer{Status: 410},
			})
			require.NoError(t, err)
			return done
		}
		require.True(t, record().Ended)
		require.False(t, record().Ended, "its owner is told once")
		f.clock.advance(time.Second)
		f.owed(sourceID)
		require.Equal(t, []string{fmt.Sprint("dead|", all-1), "waiting|1"}, f.kept())
		left := f.rows("SELECT id FROM webhook_deliveries WHERE status = 'waiting'")[0]
		require.NotEqual(t, "many-2", left)

		f.replace(sourceID, everyEvent())
		require.Equal(t, all, f.counted(sourceID, webhook.Dead))
		d, _, err := f.WebhookDelivery(t.Context(), sourceID, left)
		require.NoError(t, err)
		require.Equal(t, webhook.Dead, d.Status)
		require.NotEmpty(t, d.LastFault)
		f.clock.advance(time.Second)
		f.pending("r1")
		for _, id := range []string{left, "many-2"} {
			again, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, id)
			require.NoError(t, err)
			require.Equal(t, webhook.Waiting, again.Status)
		}
		now := f.owed(sourceID)
		require.Equal(t, 3, now.Waiting)
		require.Len(t, now.Due, 3, "two that were asked for, and what happened since")
		require.Equal(t, all-2, f.counted(sourceID, webhook.Dead))
		f.sends(sourceID, 200)
		require.Equal(t, []string{fmt.Sprint("dead|", all-2), "delivered|3"}, f.kept())
	})
}

// Dead letters of a time are sent again also while they are buried, those that are not yet among them.
func TestRedeliveringWhileBurying(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.waits(sourceID, webhookstore.MostRedelivered+2)
		f.sends(sourceID, 410)
		f.clock.advance(time.Second)
		f.replace(sourceID, everyEvent())
		revived, err := f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, time.Time{}, time.Time{})
		require.NoError(t, err)
		require.Equal(t, webhookstore.MostRedelivered, revived.Count)
		require.Equal(t, webhookstore.MostRedelivered, f.owed(sourceID).Waiting, "the rest is buried")
		revived, err = f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, time.Time{}, time.Time{})
		require.NoError(t, err)
		require.Equal(t, webhookstore.Redelivered{Count: 2}, revived)
		require.Zero(t, f.counted(sourceID, webhook.Dead))
	})
}

// What waits for its next attempt is sent to another address at once; what the address before answered plans nothing.
func TestReplacingHastens(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.sends(sourceID, 500)
		f.clock.advance(time.Second)
		f.pending("r2")
		f.sends(sourceID, 500)
		require.Empty(t, f.due(sourceID))
		f.clock.advance(time.Second)
		r := f.replace(sourceID, everyEvent())
		now := f.owed(sourceID)
		require.Len(t, now.Due, 2)
		d, _, err := f.WebhookDelivery(t.Context(), sourceID, now.Due[0].ID)
		require.NoError(t, err)
		require.Equal(t, r.ModifiedAt, d.NextAt, "its owner reads so, too")
		f.sends(sourceID, 500)
		require.Empty(t, f.due(sourceID), "it is planned again under this one")
	})
}

// Who registers, replaces, ends and looks at one instant: every event is sent or dead, and one registration is there or none.
func TestRegistrationsChangeAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.waits(sourceID, 200)
		before := f.owed(sourceID)
		var all sync.WaitGroup
		may := func(do func() error, causes ...error) {
			all.Go(func() {
				if err := do(); err != nil {
					for _, cause := range causes {
						if errors.Is(err, cause) {
							return
						}
					}
					t.Errorf("%v", err)
				}
			})
		}
		for n := range 4 {
			may(func() error {
				w := everyEvent()
				w.URL = fmt.Sprint("https://hooks.example/", n)
				_, err := f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
				return err
			}, webhook.NotRegistered)
			may(func() error { _, err := f.LookAtWebhook(t.Context(), sourceID, 50); return err })
			may(func() error {
				_, err := f.RecordWebhookAttempts(t.Context(), sourceID, webhook.Attempt{
					DeliveryID: before.Due[n].ID, N: 1, At: f.clock.Now(), Registered: before.Registration.ModifiedAt, Answer: webhook.Answer{Status: 410},
				})
				return err
			})
			may(func() error {
				_, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, before.Due[n].ID)
				return err
			}, webhook.NotRegistered, webhook.NothingToSend)
		}
		may(func() error {
			_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
			return err
		})
		all.Wait()
		require.Zero(t, f.owed(sourceID).Waiting)
		require.Equal(t, []string{"dead|200"}, f.kept())
		require.Empty(t, f.rows("SELECT url FROM webhook_registrations"))
	})
}

// Two who replace at one instant replace one after the other: an answer of the first endpoint says nothing about the second.
func TestReplacingTwiceAtAnInstant(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		first, second := f.replace(sourceID, everyEvent()), f.replace(sourceID, everyEvent())
		require.True(t, second.ModifiedAt.After(first.ModifiedAt))
		require.Equal(t, first.CalledSince, second.CalledSince)
	})
}

// Of what every look, watch, sweep and request reads of deliveries, nothing is found by going through all of them.
func TestDeliveriesAreFoundByIndexes(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.waits(sourceID, 20)
		plans := f.plansOf("FROM webhook_deliveries", func() {
			f.sends(sourceID, 500)
			f.owed(sourceID)
			f.clock.advance(time.Hour)
			_, err := f.WatchWebhooks(t.Context())
			require.NoError(t, err)
			_, err = f.ForgetWebhooks(t.Context())
			require.NoError(t, err)
			f.sends(sourceID, 410)
			f.owed(sourceID)
			f.clock.advance(time.Second)
			f.replace(sourceID, everyEvent())
			_, err = f.RedeliverDeadWebhooks(t.Context(), command.Terms[webhookstore.Redelivered]{}, sourceID, time.Time{}, time.Time{})
			require.NoError(t, err)
			_, err = f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
			require.NoError(t, err)
			f.owed(sourceID)
		})
		require.GreaterOrEqual(t, len(plans), 15)
		for _, plan := range plans {
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is, and here is next to nothing
				require.NotRegexp(t, `SCAN [de](\n| USING INDEX sqlite_autoindex|$)`, plan)
				require.NotContains(t, plan, "webhook_deliveries_log", "that has all that was delivered")
			}
		}
	})
}
