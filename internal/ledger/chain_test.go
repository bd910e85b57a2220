package ledger

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	activitylogstore "handover/internal/activitylog/store"
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

// inTheLog has records of a transfer that moved, one that is open, and a subscription that was changed three times.
func (f fixture) inTheLog() {
	f.closed(f.moving("r1", 0, 1), moved(0), moved(1))
	f.pending("r2")
	f.changed(2, subscription.Change{FriendlyName: wanting("it's ünusual")})
	f.changed(2, subscription.Change{Quantity: wanting(7)})
	f.changed(2, subscription.Change{Quantity: wanting(8)})
}

// The places in a chain, in the words of SQL: at its beginning, within, at its end.
var places = map[string]string{
	"first":  "c.seq = 1",
	"middle": "c.seq = 2",
	"last":   "c.seq = (SELECT MAX(m.seq) FROM log_chain m WHERE m.subject_id = c.subject_id)",
}

// at is one record about something of that type, at that place in its chain.
func at(resource, place string) string {
	return "(SELECT c.record_id FROM log_chain c JOIN activity_log r ON r.id = c.record_id WHERE r.resource_type = '" + resource + "' AND " + place +
		" ORDER BY c.subject_id LIMIT 1)"
}

// said are all columns of a record, each with another value.
var said = map[string]string{
	"event_key": "'x' || event_key", "partner_tenant_id": "'" + strangerID + "'", "participants": `'["x"]'`, "customer_tenant_id": "NULL",
	"resource_type": "'order'", "resource_id": "'x' || resource_id", "operation": "'create_order'", "user_id": "'x'", "user_principal_name": "'x'",
	"application_id": "'x'", "correlation_id": "'x'", "old_value": "'[]'", "new_value": "'[]'",
	"status": "CASE status WHEN 'failed' THEN 'succeeded' ELSE 'failed' END", "recorded_at": "'2030-01-01T00:00:00.000000Z'",
}

// everyChangeIsFound changes each column of one record.
func (f fixture) everyChangeIsFound(id string) {
	f.t.Helper()
	require.Len(f.t, said, len(f.columns("activity_log"))-1)
	for column, other := range said {
		f.found(column+" of "+id, "is not what was written", "UPDATE activity_log SET "+column+" = "+other+" WHERE id = "+id)
	}
}

// E8: whoever takes the guards away can change, delete and insert records, and it is found, wherever in the log it was.
func TestTamperingIsFound(t *testing.T) {
	onBoth(t, worldOf(3), func(_ *testing.T, f fixture) {
		f.inTheLog()
		f.holds()
		f.unguard()
		for _, resource := range []string{"transfer", "subscription"} {
			for place, where := range places {
				one := at(resource, where)
				f.everyChangeIsFound(one)
				f.found(resource+" deleted, "+place, "was taken out", "DELETE FROM activity_log WHERE id = "+one)
				f.found(resource+" link deleted, "+place, "was slipped in", "DELETE FROM log_chain WHERE record_id = "+one)
			}
			f.found(resource+" record and link deleted", "the chain was cut", "DELETE FROM activity_log WHERE id = "+at(resource, "c.seq = 1"),
				"DELETE FROM log_chain WHERE record_id NOT IN (SELECT id FROM activity_log)")
		}
		f.found("inserted", "was slipped in", `INSERT INTO activity_log SELECT 'x' || id, 'forged', partner_tenant_id, `+restOfRecord+`
			FROM activity_log WHERE event_key = 'submitted'`)
		f.found("columns exchanged", "is not what was written",
			"UPDATE activity_log SET user_id = operation || user_id WHERE event_key = 'created' AND partner_tenant_id = '"+sourceID+"'")
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

// unguard takes the triggers away that keep the log, the one that chains it too.
func (f fixture) unguard() {
	for _, table := range []string{"activity_log", "log_chain"} {
		triggers := "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '" + table + "'"
		if f.Dialect() == store.Postgres {
			triggers = "SELECT 'DROP TRIGGER ' || tgname || ' ON " + table + "' FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '" + table + "'::regclass"
		}
		for _, drop := range f.rows(triggers) {
			f.behind(drop)
		}
	}
}

// two partners whose records are about the same thing write them at one instant; both stand, and the chain is whole.
func TestTwoWriteAboutOneThingAtOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		entry := func(partner, key string) activitylogstore.AuditEntry {
			return activitylogstore.AuditEntry{
				EventKey: key, PartnerTenantID: partner, CustomerTenantID: customerID, Resource: "customer", ResourceID: customerID,
				Operation: "add_customer", At: f.clock.Now(),
			}
		}
		const each = 20
		var writers sync.WaitGroup
		for _, partner := range []string{sourceID, targetID} {
			writers.Go(func() {
				for n := range each {
					_, err := store.Write(t.Context(), f.DB, "append", func(tx store.Tx) (bool, error) {
						e := entry(partner, fmt.Sprint(n))
						e.At = e.At.Add(time.Duration(n) * time.Second)
						return true, activitylogstore.Append(t.Context(), tx, e)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		require.Len(t, f.rows("SELECT DISTINCT seq FROM log_chain WHERE subject_id = '"+customerID+"'"), 2*each)
		f.holds()
	})
}

// E8: each guard of the log that is missing, disabled or made toothless is named.
func TestGuardsAreLookedFor(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.holds()
		if f.Dialect() == store.SQLite {
			for _, name := range f.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
				f.guardMissed(name, "DROP TRIGGER "+name)
			}
			f.guardMissed("activity_log_no_delete", "DROP TRIGGER activity_log_no_delete",
				"CREATE TRIGGER activity_log_no_delete BEFORE DELETE ON activity_log BEGIN SELECT 1; END")
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
			require.Empty(t, f.rows("SELECT record_id FROM log_chain WHERE log = 'seals'"), "they are sealed when they are forgotten")
			finding, err := store.Read(t.Context(), l.DB, "verify", func(tx store.Tx) (Finding, error) { return wholeness.find(t.Context(), tx) })
			require.NoError(t, err)
			require.Zero(t, finding.Count, finding.Broken)
			require.Equal(t, []string{"5 records are from before there were seals: each is sealed when it is forgotten."}, finding.Notes)
			f.unguard()
			f.found("old one changed", "Record r2 is not", "UPDATE activity_log SET user_id = 'somebody' WHERE id = 'r2'")
		})
	}
}

// E8: whoever owns the schema may cut a chain at its end, or compute all of it again, and the invariants hold. An anchor that is kept
// elsewhere shows it, and goes on holding while the log grows.
func TestAnchorShowsWhatTheChainCannot(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		f.inTheLog()
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
		f.behind("DELETE FROM activity_log WHERE resource_type = 'subscription' AND id IN (SELECT record_id FROM log_chain WHERE seq > 1)",
			"DELETE FROM log_chain WHERE subject_id = '"+subID(2)+"' AND seq > 1")
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
