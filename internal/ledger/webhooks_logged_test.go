package ledger

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// hooked is what the partner's log says of its webhook, oldest first.
func (f fixture) hooked(partner string) []activitylogstore.AuditEntry {
	f.t.Helper()
	log, err := f.LogOf(f.t.Context(), webhook.Registration{PartnerTenantID: partner}.SubscriberID(), partner)
	require.NoError(f.t, err)
	return log
}

// what is done to a registration, by whom and through what, stands in the partner's own log and in no other, and never a secret.
func TestWhatIsDoneToWebhooksIsLogged(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		byUser := kernel.Origin{Via: kernel.ByAPI, UserID: newID(500), UserPrincipalName: "ann@source.example", Application: newID(501), Correlation: "c-1"}
		byOperator := kernel.Origin{Via: kernel.ByOperator, Operator: "olga"}
		registering := command.Terms[webhook.Registration]{Origin: byUser}
		var secrets []string
		wish := func(fresh bool) webhook.Wish {
			w := everyEvent()
			w.URL += "?code=hidden"
			if fresh {
				secrets = append(secrets, webhook.NewSecret().Kept())
				w.Secret = secrets[len(secrets)-1]
			}
			return w
		}
		_, err := f.RegisterWebhook(t.Context(), registering, sourceID, wish(true), webhook.Addresses{})
		require.NoError(t, err)
		_, err = f.RegisterWebhook(t.Context(), registering, sourceID, wish(true), webhook.Addresses{})
		refuses(t, err, webhook.AlreadyRegistered)
		_, err = f.ReplaceWebhook(t.Context(), registering, sourceID, webhook.Wish{URL: "https://localhost/"}, webhook.Addresses{})
		refuses(t, err, webhook.AddressRefused)
		_, err = f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{Origin: byOperator}, sourceID, wish(true), webhook.Addresses{})
		require.NoError(t, err)
		f.clock.advance(time.Second)
		f.pending("r1")
		id := f.owed(sourceID).Due[0].ID
		f.sends(sourceID, 410)
		_, err = f.ReplaceWebhook(t.Context(), registering, sourceID, wish(false), webhook.Addresses{})
		require.NoError(t, err)
		_, err = f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{Origin: byUser}, sourceID, id)
		require.NoError(t, err)
		redeliver := command.Terms[webhookstore.Redelivered]{Origin: byOperator}
		_, err = f.RedeliverDeadWebhooks(t.Context(), redeliver, sourceID, time.Time{}, time.Time{})
		require.NoError(t, err)
		f.sends(sourceID, 410)
		_, err = f.ReplaceWebhook(t.Context(), registering, sourceID, wish(false), webhook.Addresses{})
		require.NoError(t, err)
		count, err := f.RedeliverDeadWebhooks(t.Context(), redeliver, sourceID, start, f.clock.Now().Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, webhookstore.Redelivered{Count: 1}, count)
		_, err = f.UnregisterWebhook(t.Context(), registering, sourceID)
		require.NoError(t, err)

		var done []string
		said := make([]map[string]any, len(f.hooked(sourceID)))
		for i, e := range f.hooked(sourceID) {
			done = append(done, strings.TrimSuffix(string(e.Operation), "_webhook_registration")+" "+e.UserID)
			require.Equal(t, []string{sourceID}, e.Participants)
			require.Empty(t, e.CustomerTenantID)
			require.Equal(t, activitylog.Succeeded, e.Status)
			require.Equal(t, activitylog.WebhookResource, e.Resource)
			if e.NewValue != "" {
				require.NoError(t, json.Unmarshal([]byte(e.NewValue), &said[i]))
			}
		}
		require.Equal(t, []string{
			"create " + byUser.UserID, "update olga", "switch_off ", "update " + byUser.UserID, "redeliver_webhook_events " + byUser.UserID,
			"switch_off ", "update " + byUser.UserID, "redeliver_webhook_events olga", "remove " + byUser.UserID,
		}, done, "what was refused, and what found nothing to send again, is none of it")
		first := f.hooked(sourceID)[0]
		require.Equal(t, []string{byUser.UserPrincipalName, byUser.Application, byUser.Correlation}, []string{first.UserPrincipalName, first.ApplicationID, first.CorrelationID})
		require.Empty(t, first.OldValue)
		require.Equal(t, "https://hooks.example/…", said[0]["webhookUrl"])
		require.Equal(t, true, said[0]["hasSecret"])
		require.NotContains(t, said[0], "secretChanged")
		require.Equal(t, true, said[1]["secretChanged"])
		require.Equal(t, "gone", said[2]["switchedOff"])
		require.NotContains(t, said[3], "switchedOff", "on again")
		require.NotContains(t, said[3], "secretChanged")
		require.Equal(t, map[string]any{"deliveryId": id, "count": 1.0}, said[4])
		require.Equal(t, 1.0, said[7]["count"])
		require.Empty(t, f.hooked(sourceID)[8].NewValue)

		require.Empty(t, f.rows("SELECT id FROM activity_log WHERE resource_type = 'webhook_registration' AND partner_tenant_id <> '"+sourceID+"'"))
		for _, kept := range f.rows("SELECT old_value, new_value FROM activity_log") {
			require.NotContains(t, kept, "hidden")
			for _, secret := range secrets {
				require.NotContains(t, kept, strings.TrimPrefix(secret, "whsec_"))
			}
		}
		f.holds()
	})
}

// of an address the log has the host, and that another part of it changed: where receivers have their own secrets it says nothing.
func TestAddressesAreLoggedByTheirHosts(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		w := everyEvent()
		for _, address := range []string{"https://hooks.example", "https://hooks.example/", "https://hooks.example/tom/token", "https://hooks.example/tom/token?", "https://hooks.example/tom/token?key"} {
			w.URL = address
			if _, err := f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{}); err != nil {
				f.register(sourceID, w)
			}
			latest := f.hooked(sourceID)[len(f.hooked(sourceID))-1]
			shown := `"webhookUrl":"https://hooks.example/…"`
			if address == "https://hooks.example" {
				shown = `"webhookUrl":"https://hooks.example"`
			}
			require.Contains(t, latest.NewValue, shown)
			require.Equal(t, latest.OldValue != "", strings.Contains(latest.NewValue, `"webhookUrlChanged":true`))
		}
		require.Empty(t, f.rows("SELECT id FROM activity_log WHERE new_value LIKE '%/tom%' OR old_value LIKE '%/tom%'"))
	})
}

// A request that is repeated is logged once.
func TestRepeatedRegistrationsAreLoggedOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		terms := claiming[webhook.Registration]("register")
		_, err := f.RegisterWebhook(t.Context(), terms, sourceID, everyEvent(), webhook.Addresses{})
		require.NoError(t, err)
		_, err = f.RegisterWebhook(t.Context(), terms, sourceID, everyEvent(), webhook.Addresses{})
		repeats(t, err)
		require.Len(t, f.hooked(sourceID), 1)
	})
}

// What costs nothing fills no log: who sends the same registration again changes nothing that it tells, unless the endpoint was switched off.
func TestTheSameRegistrationIsNoRecord(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		replace := func(w webhook.Wish) {
			f.clock.advance(time.Second)
			_, err := f.ReplaceWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID, w, webhook.Addresses{})
			require.NoError(t, err)
		}
		for range 3 {
			replace(everyEvent())
		}
		require.Len(t, f.hooked(sourceID), 1)
		asking := everyEvent()
		asking.URL += "?another=query" // of which the log says nothing
		for range 3 {
			replace(asking)
		}
		require.Len(t, f.hooked(sourceID), 2)
		f.pending("r1")
		f.sends(sourceID, 500)
		replace(asking)
		require.Len(t, f.hooked(sourceID), 2)
		f.sends(sourceID, 410)
		require.Len(t, f.hooked(sourceID), 3)
		replace(asking)
		require.Len(t, f.hooked(sourceID), 4, "it is called again")
	})
}

// The same of redeliveries: what is sent in any case is not asked for, and of all others a day takes a hundred, of which the last says so.
func TestRedeliveriesFillNoLog(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.pending("r1")
		id := f.owed(sourceID).Due[0].ID
		again := func(want int) webhook.Delivery {
			d, err := f.RedeliverWebhook(t.Context(), command.Terms[webhook.Delivery]{}, sourceID, id)
			require.NoError(t, err)
			require.Equal(t, webhook.Waiting, d.Status)
			require.Len(t, f.hooked(sourceID), 1+want)
			return d
		}
		again(0)
		f.sends(sourceID, 500)
		require.Equal(t, 1, again(1).Before, "ten attempts more, and at once")
		for range 10 {
			again(1)
		}
		for n := range 110 {
			f.sends(sourceID, 200)
			again(min(2+n, 100))
		}
		for n, record := range f.hooked(sourceID)[1:] {
			require.Equal(t, n == 99, strings.Contains(record.NewValue, `"last":true`), n)
		}
		f.clock.advance(25 * time.Hour)
		f.sends(sourceID, 200)
		again(101)
	})
}
