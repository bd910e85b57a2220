package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

// beforePortions is the version that knew what waits by its status alone.
const beforePortions = 23

func registeredBefore(partner, off, why string) string {
	return `INSERT INTO webhook_registrations VALUES ('` + partner + `', 'https://hooks.example/', ' create-transfer ', 'partner-center', FALSE, '', '', NULL,
		'2031-02-01T00:00:00.000000Z', '2031-02-03T00:00:00.000000Z', NULL, 0, NULL, ` + off + `, '` + why + `')`
}

func deliveryBefore(partner, id, status, ended string) string {
	return `INSERT INTO webhook_deliveries VALUES ('` + id + `', '` + partner + `', 'create-transfer', '` + customerID + `', '` + id + `', '2031-02-02T00:00:00.000000Z',
		'` + status + `', 1, 0, '2031-02-04T00:00:00.000000Z', ` + ended + `, 500, '')`
}

// What waited before goes on to wait for an endpoint that is called, at its time, and for no other; what had ended stays as it was.
func TestDeliveriesFromBeforePortions(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, beforePortions, registeredBefore(sourceID, "NULL", ""), registeredBefore(targetID, "'2031-02-03T00:00:00.000000Z'", "gone"),
				deliveryBefore(sourceID, "waits", "waiting", "NULL"), deliveryBefore(sourceID, "dead", "dead", "'2031-02-02T00:00:00.000000Z'"),
				deliveryBefore(targetID, "left", "waiting", "NULL"), deliveryBefore(strangerID, "late", "waiting", "NULL"))
			f := opened(t, databaseURL)
			now := f.owed(sourceID)
			require.Len(t, now.Due, 1)
			require.Equal(t, "waits", now.Due[0].ID)
			require.Equal(t, "2031-02-04", now.Due[0].Under(now.Registration).NextAt.Format("2006-01-02"), "it keeps the time of its next attempt")
			require.Equal(t, 1, f.counted(sourceID, webhook.Dead))
			for _, partner := range []string{targetID, strangerID} {
				require.Equal(t, 1, f.counted(partner, webhook.Dead))
				require.Zero(t, f.owed(partner).Waiting)
			}
			f.sends(sourceID, 200)
			require.Equal(t, []string{"dead|3", "delivered|1"}, f.kept())
			f.holds()
		})
	}
}

// What failed before goes on to fail from then on, as its attempts say; what did not, did not.
func TestFailuresFromBeforeSilence(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, beforePortions, registeredBefore(sourceID, "NULL", ""), registeredBefore(targetID, "NULL", ""), registeredBefore(strangerID, "NULL", ""),
				deliveryBefore(sourceID, "waits", "waiting", "NULL"),
				"UPDATE webhook_registrations SET failing_since = '2031-02-05T00:00:00.000000Z', failures = 2 WHERE partner_tenant_id <> '"+strangerID+"'",
				"INSERT INTO webhook_attempts VALUES ('waits', 1, '2031-02-05T00:00:00.000000Z', 500, 1, '', ''), ('waits', 2, '2031-02-06T00:00:00.000000Z', 500, 1, '', '')")
			f := opened(t, databaseURL)
			require.Equal(t, "2031-02-06", f.owed(sourceID).Registration.Health.FailedAt.Format("2006-01-02"))
			require.Equal(t, "2031-02-05", f.owed(targetID).Registration.Health.FailedAt.Format("2006-01-02"))
			require.Zero(t, f.owed(strangerID).Registration.Health)
		})
	}
}
