package ledger

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/subscription"
)

// wholenessNow is what I-9 finds in the transaction.
func wholenessNow(t *testing.T, tx store.Tx) Finding {
	t.Helper()
	finding, err := wholeness.find(t.Context(), tx)
	require.NoError(t, err)
	return finding
}

// inBothLogs has records in both logs: of a transfer that moved, one that is open, and a subscription that was changed twice.
func (f fixture) inBothLogs() {
	f.closed(f.moving("r1", 0, 1), moved(0), moved(1))
	f.pending("r2")
	f.changed(2, subscription.Change{FriendlyName: wanting("it's ünusual")})
	f.changed(2, subscription.Change{Quantity: wanting(7)})
}

// The places in a chain, in the words of SQL: at its beginning, within, at its end.
var places = map[string]string{
	"first":  "seq = 1",
	"middle": "seq = 2",
	"last":   "seq = (SELECT MAX(m.seq) FROM log_chain m WHERE m.log = c.log AND m.subject_id = c.subject_id)",
}

// E8: whoever takes the guards away can change, delete and insert records, and it is found, wherever in the log it was.
func TestTamperingIsFound(t *testing.T) {
	onBoth(t, worldOf(3), func(_ *testing.T, f fixture) {
		f.inBothLogs()
		f.holds()
		f.unguard()
		for log, column := range map[string]string{"audit_records": "detail", "activity_records": "new_value"} {
			for place, where := range places {
				of := " WHERE id = (SELECT c.record_id FROM log_chain c WHERE c.log = '" + log + "' AND " + where + " ORDER BY c.subject_id LIMIT 1)"
				f.found(log+" changed, "+place, "is not what was written", "UPDATE "+log+" SET "+column+" = '{}'"+of)
				f.found(log+" redated, "+place, "is not what was written", "UPDATE "+log+" SET recorded_at = '2030-01-01T00:00:00.000000Z'"+of)
				f.found(log+" deleted, "+place, "was taken out", "DELETE FROM "+log+of)
				link := " WHERE log = '" + log + "' AND record_id = (SELECT c.record_id FROM log_chain c WHERE c.log = '" + log + "' AND " + where + " ORDER BY c.subject_id LIMIT 1)"
				f.found(log+" link deleted, "+place, "was slipped in", "DELETE FROM log_chain"+link)
			}
			middle := "SELECT c.record_id FROM log_chain c WHERE c.log = '" + log + "' AND c.seq = 1 ORDER BY c.subject_id LIMIT 1"
			f.found(log+" record and link deleted", "the chain was cut", "DELETE FROM "+log+" WHERE id = ("+middle+")",
				"DELETE FROM log_chain WHERE log = '"+log+"' AND record_id = ("+middle+")")
		}
		f.found("inserted", "was slipped in", `INSERT INTO audit_records SELECT 'x' || id, transfer_id, 'forged', partner_tenant_id, user_id, operation, 'failed', detail, recorded_at
			FROM audit_records WHERE event_key = 'submitted'`)
		f.found("columns exchanged", "is not what was written",
			"UPDATE audit_records SET user_id = operation || user_id WHERE event_key = 'created' AND partner_tenant_id = '"+sourceID+"'")
	})
}

// found does the damage in a transaction that is undone, and looks for it there.
func (f fixture) found(what, says string, damage ...string) {
	f.t.Helper()
	tx, err := f.Writer().BeginTx(f.t.Context(), nil)
	require.NoError(f.t, err)
	for _, statement := range damage {
		changed, err := tx.ExecContext(f.t.Context(), statement)
		require.NoError(f.t, err, what)
		rows, err := changed.RowsAffected()
		require.NoError(f.t, err)
		require.Positive(f.t, rows, what)
	}
	finding := wholenessNow(f.t, f.On(tx))
	require.NoError(f.t, tx.Rollback())
	require.Contains(f.t, fmt.Sprint(finding.Broken), says, what)
}

// unguard takes the triggers away that keep the logs, the ones that chain them too.
func (f fixture) unguard() {
	for _, table := range []string{"audit_records", "activity_records", "log_chain"} {
		triggers := "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '" + table + "'"
		if f.Dialect() == store.Postgres {
			triggers = "SELECT 'DROP TRIGGER ' || tgname || ' ON " + table + "' FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '" + table + "'::regclass"
		}
		for _, drop := range f.rows(triggers) {
			f.behind(drop)
		}
	}
}

// E8: each guard of the log that is missing, disabled or made toothless is named.
func TestGuardsAreLookedFor(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.holds()
		if f.Dialect() == store.SQLite {
			for _, name := range f.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
				f.guardMissed(name, "DROP TRIGGER "+name)
			}
			f.guardMissed("audit_records_no_delete", "DROP TRIGGER audit_records_no_delete",
				"CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records BEGIN SELECT 1; END")
			return
		}
		for _, row := range f.rows("SELECT tgname || ' ON ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal") {
			var name, table string
			_, err := fmt.Sscanf(row, "%s ON %s", &name, &table)
			require.NoError(t, err)
			f.guardMissed(name, "DROP TRIGGER "+row)
			f.guardMissed(name, "ALTER TABLE "+table+" DISABLE TRIGGER "+name)
			f.guardMissed(name, "ALTER TABLE "+table+" ENABLE REPLICA TRIGGER "+name)
		}
		f.guardMissed("log_chain_no_delete", "CREATE OR REPLACE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'")
	})
}

// guardMissed takes a guard away in a transaction that is undone, and looks for it there.
func (f fixture) guardMissed(name string, statements ...string) {
	f.t.Helper()
	tx, err := f.Writer().BeginTx(f.t.Context(), nil)
	require.NoError(f.t, err)
	for _, statement := range statements {
		_, err := tx.ExecContext(f.t.Context(), statement)
		require.NoError(f.t, err, statement)
	}
	finding := wholenessNow(f.t, f.On(tx))
	require.NoError(f.t, tx.Rollback())
	require.Contains(f.t, fmt.Sprint(finding.Broken), "The trigger "+name+" of", statements[0])
}

// E8: records from before the chain are chained when the schema is brought up to date, and tampering with them is found as well.
func TestOldRecordsAreChained(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, 1)
			for _, statement := range firstVersion {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())
			old = oldLedger(t, databaseURL, 11)
			for _, statement := range []string{
				`INSERT INTO audit_records VALUES ('r3', 'old-1', 'later', '` + targetID + `', 'u', 'update_transfer', 'succeeded', '{"ü":1}', '2031-02-03T00:00:00.123456Z')`,
				`INSERT INTO audit_records VALUES ('r2', 'old-1', 'later', '` + sourceID + `', '', 'update_transfer', 'succeeded', '{}', '2031-02-02T00:00:00.000000Z')`,
				`INSERT INTO activity_records VALUES ('a1', '` + sourceID + `', '` + customerID + `', 'subscription', 's', 'update_subscription', '', '', '', '', '{}', 'succeeded', '2031-02-02T00:00:00.000000Z')`,
				`INSERT INTO activity_records VALUES ('a2', '` + sourceID + `', '` + customerID + `', 'subscription', 's', 'update_subscription', '', '', '', '', '{}', 'succeeded', '2031-02-02T00:00:00.000001Z')`,
			} {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())

			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			require.Equal(t, []string{"a1|1", "a2|2", "r1|1", "r2|2", "r3|3"}, f.rows("SELECT record_id, seq FROM log_chain"))
			finding, err := store.Read(t.Context(), l.DB, "verify", func(tx store.Tx) (Finding, error) { return wholeness.find(t.Context(), tx) })
			require.NoError(t, err)
			require.Zero(t, finding.Count, finding.Broken)
			f.unguard()
			f.found("old one changed", "Record r2 is not", "UPDATE audit_records SET user_id = 'somebody' WHERE id = 'r2'")
		})
	}
}

// E8: whoever owns the schema may cut a chain at its end, or compute all of it again, and the invariants hold. An anchor that is kept
// elsewhere shows it, and goes on holding while the log grows.
func TestAnchorShowsWhatTheChainCannot(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		f.inBothLogs()
		f.clock.advance(time.Hour)
		anchor, err := f.Anchor(t.Context())
		require.NoError(t, err)
		require.Equal(t, f.clock.Now().Add(-settling).Truncate(time.Second), anchor.At)
		f.clock.advance(time.Hour)
		f.changed(2, subscription.Change{Quantity: wanting(8)})
		f.pending("r3")
		read, err := ParseAnchor(anchor.String() + "\n")
		require.NoError(t, err)
		still, err := f.Holds(t.Context(), read)
		require.NoError(t, err)
		require.True(t, still, "what was written later is not the anchor's")

		f.unguard()
		last := "SELECT c.record_id FROM log_chain c WHERE c.log = 'activity_records' AND c.seq = 2"
		f.behind("DELETE FROM activity_records WHERE id IN ("+last+") OR id IN (SELECT record_id FROM log_chain WHERE seq = 3 AND log = 'activity_records')",
			"DELETE FROM log_chain WHERE log = 'activity_records' AND seq > 1")
		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		whole := findings[slices.IndexFunc(findings, func(f Finding) bool { return f.Invariant == "I-9" })]
		require.NotContains(t, fmt.Sprint(whole.Broken), "Record ", "the chain alone does not show it")
		still, err = f.Holds(t.Context(), read)
		require.NoError(t, err)
		require.False(t, still)
	})
}

func TestParseAnchorRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "2031-02-03T00:00:00Z", "2031-02-03T00:00:00Z/abcd", "yesterday/" + fmt.Sprintf("%064d", 1), "2031-02-03T00:00:00Z/" + fmt.Sprintf("%064s", "x")} {
		_, err := ParseAnchor(text)
		require.ErrorIs(t, err, errAnchor, text)
	}
}
