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

// What programs of before portions wrote, and go on to write while the new ones are started one after the other.
const (
	oldOwe = `INSERT INTO webhook_deliveries (id, partner_tenant_id, event, customer_tenant_id, resource_id, happened_at, status, attempts,
		attempts_before, next_at, ended_at, last_status, last_fault)
		SELECT '%[2]s', '%[1]s', 'create-transfer', '` + customerID + `', '%[2]s', '%[3]s', CASE WHEN w.off_at IS NULL THEN 'waiting' ELSE 'dead' END,
		0, 0, '%[3]s', CASE WHEN w.off_at IS NULL THEN NULL ELSE w.modified_at END, 0, CASE WHEN w.off_at IS NULL THEN '' ELSE 'The endpoint is switched off.' END
		FROM webhook_registrations w WHERE w.partner_tenant_id = '%[1]s' ON CONFLICT (id) DO NOTHING`
	oldFail = `UPDATE webhook_deliveries SET status = 'waiting', attempts = attempts + 1, attempts_before = 0, next_at = '%[2]s', ended_at = NULL, last_status = 500,
		last_fault = '' WHERE id = '%[1]s'`
	oldRevive = `UPDATE webhook_deliveries SET status = 'waiting', attempts_before = attempts, next_at = '%[2]s', ended_at = NULL WHERE id IN (
		SELECT d.id FROM webhook_deliveries d WHERE d.partner_tenant_id = '%[1]s' AND d.status = 'dead')`
	oldRegister = `INSERT INTO webhook_registrations (partner_tenant_id, url, events, format, in_ms_header, secret, previous_secret, previous_until, created_at, modified_at,
		failing_since, failures, rests_until, off_at, off_why) VALUES ('%[1]s', 'https://hooks.example/', ' create-transfer ', 'partner-center', FALSE, '', '', NULL,
		'%[2]s', '%[2]s', NULL, 0, NULL, NULL, '')`
	oldReplace = `UPDATE webhook_registrations SET url = 'https://other.example/', events = ' create-transfer ', format = 'partner-center', in_ms_header = FALSE, secret = '',
		previous_secret = '', previous_until = NULL, modified_at = '%[2]s', failing_since = NULL, failures = 0, rests_until = NULL, off_at = NULL, off_why = ''
		WHERE partner_tenant_id = '%[1]s'`
	oldHasten  = `UPDATE webhook_deliveries SET next_at = '%[2]s' WHERE partner_tenant_id = '%[1]s' AND status = 'waiting' AND next_at > '%[2]s'`
	oldPublish = `INSERT INTO webhook_certificates (id, certificate, published_at) VALUES ('%[1]s', 'AAAA', '%[2]s') ON CONFLICT (id) DO NOTHING`
)

// old writes as a program of before would, at the time of the ledger.
func (f fixture) old(statement, of string) {
	f.t.Helper()
	f.behind(fmt.Sprintf(statement, of, f.stamp()))
}

func (f fixture) stamp() string { return f.clock.Now().UTC().Format("2006-01-02T15:04:05.000000Z") }

func (f fixture) oldOwes(partner, id string) {
	f.t.Helper()
	f.behind(fmt.Sprintf(oldOwe, partner, id, f.stamp()))
}

// dueIDs are the events that are to be sent now.
func (f fixture) dueIDs(partner string) (ids []string) {
	f.t.Helper()
	for _, d := range f.owed(partner).Due {
		ids = append(ids, d.ID)
	}
	return ids
}

// Whatever old programs leave out, new ones send what they owe, once, and to the owner it stands in the right list.
func TestWhatOldProgramsOweIsSent(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.clock.advance(time.Minute)
		f.replace(sourceID, everyEvent())
		f.oldOwes(sourceID, "one")
		require.Equal(t, []string{"one"}, f.dueIDs(sourceID))
		require.Equal(t, 1, f.counted(sourceID, webhook.Waiting))
		require.Zero(t, f.counted(sourceID, webhook.Dead))
		dead, err := f.DeadWebhooks(t.Context(), sourceID)
		require.NoError(t, err)
		require.Zero(t, dead)

		f.clock.advance(time.Minute)
		f.behind(fmt.Sprintf(oldFail, "one", f.clock.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z")))
		now := f.owed(sourceID)
		require.Empty(t, now.Due)
		require.Equal(t, f.clock.Now().Add(time.Hour), now.Next)
		f.replace(sourceID, everyEvent())
		require.Equal(t, []string{"one"}, f.dueIDs(sourceID), "a PUT has it sent at once")

		f.oldOwes(sourceID, "two")
		f.clock.advance(time.Minute)
		f.old(oldReplace, sourceID)
		f.old(oldHasten, sourceID)
		require.Equal(t, []string{"one", "two"}, f.dueIDs(sourceID))
		f.sends(sourceID, 200)
		require.Equal(t, []string{"delivered|2"}, f.kept())
		require.Zero(t, f.owed(sourceID).Waiting)
	})
}

// What old programs switch on, register and ask for again is sent, and what a new one ended is not, whoever owed it.
func TestWhatOldProgramsSwitchOnIsSent(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.behind("UPDATE webhook_registrations SET off_at = modified_at, off_why = 'gone'")
		f.oldOwes(sourceID, "one")
		require.Equal(t, 1, f.counted(sourceID, webhook.Dead))
		f.clock.advance(time.Minute)
		f.replace(sourceID, everyEvent())
		f.clock.advance(time.Minute)
		f.old(oldRevive, sourceID)
		require.Equal(t, []string{"one"}, f.dueIDs(sourceID))

		f.clock.advance(time.Minute)
		_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		f.clock.advance(time.Minute)
		f.register(sourceID, everyEvent())
		require.Empty(t, f.dueIDs(sourceID), "what waited under the one before is a dead letter")
		require.Equal(t, 1, f.counted(sourceID, webhook.Dead))

		f.old(oldRegister, targetID)
		f.oldOwes(targetID, "two")
		require.Equal(t, []string{"two"}, f.dueIDs(targetID))
		f.sends(targetID, 200)
		require.Zero(t, f.owed(targetID).Waiting)
	})
}

// An old worker's success leaves the time of the latest failure where it is: the next failure is the first of a new series all the same.
func TestEndpointsThatOldProgramsFoundWell(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.oldOwes(sourceID, "one")
		f.sends(sourceID, 500)
		f.behind("UPDATE webhook_registrations SET failing_since = NULL, failures = 0")
		f.clock.advance(time.Hour)
		done := f.sends(sourceID, 500)
		require.False(t, done.Ended)
		require.Equal(t, f.clock.Now(), done.Health.FailingSince)
	})
}

// A certificate that an old worker publishes is kept from then on.
func TestCertificatesOfOldPrograms(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		f.old(oldPublish, "published")
		f.clock.advance(webhook.CertificatesKept - time.Minute)
		forgotten, err := f.ForgetWebhookCertificates(t.Context())
		require.NoError(t, err)
		require.Zero(t, forgotten)
		_, err = f.WebhookCertificate(t.Context(), "published")
		require.NoError(t, err)
	})
}

// Every column that came since takes care of itself where an old program inserts a row, in every table; and none has gone.
func TestOldProgramsMayInsert(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, beforePortions)
			known := textRows(t, old, columnsOf[name])
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			tables := map[string]bool{}
			for _, column := range known {
				table, _, _ := strings.Cut(column, ".")
				tables[table] = true
			}
			require.Subset(t, textRows(t, l.Reader(), columnsOf[name]), known)
			for _, column := range textRows(t, l.Reader(), columnsOf[name]+mustBeGiven[name]) {
				if table, _, _ := strings.Cut(column, "."); tables[table] {
					require.Contains(t, known, column, "an old program does not give it")
				}
			}
		})
	}
}

var (
	columnsOf = map[string]string{
		"sqlite":   `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`,
		"postgres": `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()`,
	}
	mustBeGiven = map[string]string{
		"sqlite":   ` AND c."notnull" = 1 AND c.dflt_value IS NULL AND c.pk = 0`,
		"postgres": ` AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'`,
	}
)
