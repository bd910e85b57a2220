package ledger

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
	"handover/internal/store"
	transferstore "handover/internal/transfer/store"
)

// E8: as the role of the programs nothing of the log can be forgotten, nor a tombstone be set; the owner's word is done.
func TestOnlyTheOwnerForgets(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Shared(t)
	c := &clock{now: start}
	owner, err := Open(t.Context(), databaseURL, Options{Policy: unbounded(), Now: c.Now})
	require.NoError(t, err)
	role, asRole := runtimeRole(t, owner, databaseURL)
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			_, err := owner.Writer().ExecContext(context.WithoutCancel(t.Context()), statement)
			require.NoError(t, err)
		}
		require.NoError(t, owner.Close())
	})
	require.NoError(t, owner.Grant(t.Context(), role))
	l, err := Open(t.Context(), asRole, Options{Policy: unbounded(), Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	require.NoError(t, l.Seed(t.Context(), worldOf(3)))
	f := fixture{Ledger: l, t: t, clock: c}
	f.personal()
	_, err = l.Forget(t.Context(), ofCustomer(customerID))
	require.ErrorIs(t, err, ErrMayNotForget)
	for _, statement := range []string{
		"INSERT INTO log_tombstones SELECT id, recorded_at, '', '' FROM activity_log", "DELETE FROM log_salts", "UPDATE log_salts SET salt = ''",
		"INSERT INTO log_salts VALUES ('x', 'y')", "DELETE FROM log_tombstones", "TRUNCATE log_salts",
	} {
		var refused interface{ SQLState() string }
		require.ErrorAs(t, f.raw(statement), &refused, statement)
		require.Equal(t, "42501", refused.SQLState(), statement)
	}
	done, err := owner.Forget(t.Context(), ofCustomer(customerID))
	require.NoError(t, err)
	require.Equal(t, 3, done.Transfers, done.Left)
	f.silent()
	f.holds()
	f.closed(f.moving("later", 2), transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(2)})
	f.holds()
}

// E8, I-9: forgetting opens no way to change the log unnoticed. Whoever takes the guards away and changes what stays of a forgotten record,
// what was left of it, its tombstone or its link, or calls a change a forgetting, is found.
func TestTamperingWithWhatIsForgottenIsFound(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		ended := f.personal()
		f.forget(ofCustomer(customerID))
		f.closed(f.moving("later", 2), transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(2)})
		f.holds()
		buried := "(SELECT MIN(a.id) FROM activity_log a WHERE a.resource_id = '" + ended[0] + "' AND a.event_key = 'declined')"
		require.Error(t, f.raw("UPDATE activity_log SET status = 'failed' WHERE id = "+buried), "the guard stands")
		require.Error(t, f.raw("UPDATE activity_log SET new_value = '{}' WHERE id = "+buried))
		require.Error(t, f.raw("UPDATE log_tombstones SET personal = ''"))
		require.Error(t, f.raw("DELETE FROM log_tombstones"))
		f.unguard()
		for _, name := range []string{"chained", "no_update", "no_delete"} {
			on := ""
			if f.Dialect() == store.Postgres {
				on = " ON log_tombstones"
			}
			f.behind("DROP TRIGGER log_tombstones_" + name + on)
		}
		f.everyChangeOfForgottenIsFound(buried)
		f.found("tombstone gone", "was taken out", "DELETE FROM log_tombstones WHERE record_id = "+buried)
		f.found("tombstone and its link gone", "is not what was written", "DELETE FROM log_tombstones WHERE record_id = "+buried,
			"DELETE FROM log_chain WHERE log = 'log_tombstones' AND record_id = "+buried)
		f.found("tombstone changed", "was changed or slipped in", "UPDATE log_tombstones SET personal = 'x' WHERE record_id = "+buried)
		f.found("record taken out", "was taken out", "DELETE FROM activity_log WHERE id = "+buried)
		whole := "(SELECT MIN(a.id) FROM activity_log a WHERE a.event_key = 'submitted' AND a.id NOT IN (SELECT record_id FROM log_tombstones))"
		f.found("a tombstone without a link", "was changed or slipped in", "INSERT INTO log_tombstones SELECT id, recorded_at, 'x', 'y' FROM activity_log WHERE id = "+whole)
		f.found("a salt gone", "is not what was written", "DELETE FROM log_salts WHERE record_id = "+whole)
	})
}

// everyChangeOfForgottenIsFound changes each column of a record of which something was forgotten.
func (f fixture) everyChangeOfForgottenIsFound(id string) {
	f.t.Helper()
	for column, other := range said {
		says := "is not what was written"
		if column == "user_id" || column == "user_principal_name" || strings.HasSuffix(column, "_value") {
			says = "is not what was left of it"
		}
		f.found(column, says, "UPDATE activity_log SET "+column+" = "+other+" WHERE id = "+id)
	}
}
