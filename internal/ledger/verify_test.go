package ledger

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
)

// A ledger with a transfer in every kind of state holds all invariants, and each check looked at something.
func TestVerifyFindsNothing(t *testing.T) {
	onBoth(t, withAddon(), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		_, err := f.Leave(t.Context(), tr.ID, []int{0, 1})
		require.NoError(t, err)
		f.closed(tr, moved(0), moved(1))
		f.pending("r2")
		_, err = f.Cancel(t.Context(), f.pending("r3").ID, transfer.Decision{RequestID: "d", Actor: asTarget})
		require.NoError(t, err)
		_, err = f.Decline(t.Context(), f.pending("r4").ID, transfer.Decision{RequestID: "d", Actor: asSource})
		require.NoError(t, err)

		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		invariants := []string{"I-1", "I-2", "I-3", "I-4", "I-5", "I-6", "I-8", "I-9", "I-10"}
		require.Len(t, findings, len(invariants))
		for n, finding := range findings {
			require.Equal(t, invariants[n], finding.Invariant)
			require.Positive(t, finding.Checked, finding.Invariant)
			require.Zero(t, finding.Count, "%v", finding.Broken)
			require.Empty(t, finding.Broken)
		}
	})
}

// damage is one way to break an invariant behind the API's back.
type damage struct {
	invariant string
	says      string // part of the sentence that must be found
	sql       []string
}

// restOfRecord are the columns of a record after its id, its event and whose log it is in.
const restOfRecord = `participants, customer_tenant_id, resource_type, resource_id, operation, user_id, user_principal_name, application_id,
	correlation_id, old_value, new_value, status, recorded_at`

// The ledger that is damaged: r1 is Complete with items 0 and 1, r2 is InProgress with item 2, r3 is Pending.
var damages = map[string]damage{
	"two owners":            {"I-1", "has 2 billing owners", []string{"UPDATE subscriptions SET status = 'active', billed = TRUE WHERE id = '" + subID(0) + "'"}},
	"old one lives":         {"I-1", "still billed by the source", []string{"UPDATE subscriptions SET status = 'suspended', billed = TRUE WHERE id = '" + subID(0) + "'"}},
	"successor of somebody": {"I-1", "the target does not have it", []string{"UPDATE subscriptions SET partner_tenant_id = '" + strangerID + "' WHERE id = '" + newID(0) + "'"}},
	"from nowhere":          {"I-1", "neither a line item nor an operator moved it", []string{"UPDATE subscriptions SET lineage_id = '" + newID(9) + "' WHERE id = '" + subID(2) + "'"}},

	"item outlives its transfer": {"I-2", "still runs", []string{"UPDATE line_items SET status = 'InProgress', target_subscription_id = NULL WHERE subscription_id = '" + subID(0) + "'"}},
	"result without ending":      {"I-2", "result says otherwise", []string{"UPDATE line_items SET target_subscription_id = NULL WHERE subscription_id = '" + subID(0) + "'"}},
	"moved twice": {"I-2", "moved 2 times", []string{
		"UPDATE line_items SET subscription_id = '" + subID(0) + "' WHERE subscription_id = '" + subID(1) + "'",
	}},
	"one result of two": {"I-2", "is the result of 2 line items", []string{"UPDATE line_items SET target_subscription_id = '" + newID(0) + "' WHERE subscription_id = '" + subID(1) + "'"}},
	"Complete with a failure": {"I-2", "1 complete and 1 failed", []string{
		"UPDATE line_items SET status = 'Failed', target_subscription_id = NULL, transfer_error = 'x' WHERE subscription_id = '" + subID(1) + "'",
	}},
	"held on the move":  {"I-2", "is held although it is InProgress", []string{"UPDATE line_items SET held = TRUE WHERE subscription_id = '" + subID(2) + "'"}},
	"ending at its end": {"I-2", "still being ended although it is Complete", []string{"UPDATE line_items SET ending = 'asked' WHERE subscription_id = '" + subID(0) + "'"}},
	"taken twice": {"I-2", "is taken by 2 line items", []string{
		"UPDATE line_items SET status = 'Failed', target_subscription_id = NULL, transfer_error = 'x', held = TRUE, subscription_id = '" + subID(2) + "' WHERE subscription_id = '" + subID(1) + "'",
	}},
	"moving nothing": {"I-2", "0 running", []string{"DELETE FROM line_items WHERE subscription_id = '" + subID(2) + "'"}},

	"record lost":       {"I-3", "no audit record for partner " + targetID, []string{"DELETE FROM activity_log WHERE event_key = 'submitted' AND partner_tenant_id = '" + targetID + "'"}},
	"event lost":        {"I-3", "Event completed", []string{"DELETE FROM activity_log WHERE event_key = 'completed'"}},
	"ending unrecorded": {"I-3", "Event given-up:", []string{"UPDATE line_items SET ending = 'asked' WHERE subscription_id = '" + subID(2) + "'"}},
	"resolution half recorded": {"I-3", "Event resolved:0", []string{`INSERT INTO activity_log SELECT 'half' || id, 'resolved:0', partner_tenant_id,
		` + restOfRecord + ` FROM activity_log WHERE event_key = 'completed' AND partner_tenant_id = '` + sourceID + "'"}},
	"record twice": {"I-3", "has 2 audit records", []string{`INSERT INTO activity_log SELECT 'again' || id, event_key, partner_tenant_id,
		` + restOfRecord + ` FROM activity_log WHERE event_key = 'completed'`}},

	"told twice": {"I-4", "is told 2 times", []string{`INSERT INTO notifications (subject_kind, subject_id, channel, event, audience, recipient, locale, message_id)
		SELECT subject_kind, subject_id, channel, event, audience, recipient, locale, 'again' || message_id FROM notifications WHERE event = 'completed'`}},
	"one message id": {"I-4", "stands on", []string{"UPDATE notifications SET message_id = 'same'"}},
	"customer not told": {"I-4", "not told that it was completed", []string{
		"DELETE FROM notifications WHERE event = 'completed' AND audience = 'customer'",
	}},

	"left a final state": {"I-5", "although it was completed", []string{
		"UPDATE transfers SET status = 'InProgress', completed_time = NULL WHERE status = 'Complete'",
	}},

	"a stranger's record": {"I-6", "of which it is no part", []string{`INSERT INTO activity_log SELECT 'other' || id, event_key, '` + strangerID + `',
		` + restOfRecord + ` FROM activity_log WHERE event_key = 'completed' AND partner_tenant_id = '` + targetID + `'`}},
	"a stranger is told":      {"I-6", "not its target", []string{"UPDATE notifications SET recipient = 'agent@stranger.example' WHERE audience = 'target'"}},
	"another customer told":   {"I-6", "not its customer", []string{"UPDATE notifications SET recipient = 'it@fabrikam.example' WHERE audience = 'customer'"}},
	"a stranger's line item":  {"I-6", "not the source's", []string{"UPDATE subscriptions SET partner_tenant_id = '" + strangerID + "' WHERE id = '" + subID(2) + "'"}},
	"another customer's item": {"I-6", "not the source's", []string{"UPDATE subscriptions SET customer_tenant_id = '" + otherID + "' WHERE id = '" + subID(2) + "'"}},
}

// Each check really finds what it is for, once whatever guards it in the database is out of the way. Each damage is done
// and looked for in a transaction that is undone.
func TestVerifyFindsDamage(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		f.closed(f.moving("r1", 0, 1), moved(0), moved(1))
		f.moving("r2", 2)
		f.pending("r3")
		f.dropGuards()
		f.holdsBut("I-9")
		for name, d := range damages {
			tx, err := f.Writer().BeginTx(t.Context(), nil)
			require.NoError(t, err)
			for _, statement := range d.sql {
				changed, err := tx.ExecContext(t.Context(), statement)
				require.NoError(t, err, name)
				rows, err := changed.RowsAffected()
				require.NoError(t, err)
				require.Positive(t, rows, name)
			}
			findings, err := verify(t.Context(), f.On(tx))
			require.NoError(t, err, name)
			require.NoError(t, tx.Rollback())

			finding := findings[slices.IndexFunc(findings, func(f Finding) bool { return f.Invariant == d.invariant })]
			require.Contains(t, fmt.Sprint(finding.Broken), d.says, name)
			require.Positive(t, finding.Count, name)
			require.LessOrEqual(t, len(finding.Broken), finding.Count, name)
		}
		f.holdsBut("I-9")
	})
}

// Twenty violations are spelled out, all are counted.
func TestVerifyCountsWhatItDoesNotSpellOut(t *testing.T) {
	onBoth(t, worldOf(30), func(t *testing.T, f fixture) {
		f.moving("r1")
		f.dropGuards()
		f.behind("UPDATE subscriptions SET partner_tenant_id = '" + strangerID + "'")
		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		require.Equal(t, 30, findings[5].Count)
		require.Len(t, findings[5].Broken, mostExamples)
	})
}

// dropGuards takes away every trigger, unique index and check that keeps the damage from being done.
func (f fixture) dropGuards() {
	if f.Dialect() == store.Postgres {
		f.behind("DROP TRIGGER transfers_final ON transfers", "DROP TRIGGER line_items_ended ON line_items",
			"DROP TRIGGER activity_log_no_update ON activity_log", "DROP TRIGGER activity_log_no_delete ON activity_log",
			"DROP INDEX subscriptions_one_owner", "DROP INDEX line_items_open")
		for _, constraint := range f.rows(`SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname || ' CASCADE' FROM pg_constraint
			WHERE contype IN ('c', 'u') AND conrelid::regclass::text IN ('line_items', 'activity_log', 'notifications', 'transfers')`) {
			f.behind(constraint)
		}
		return
	}
	for _, trigger := range f.rows("SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'") {
		f.behind(trigger)
	}
	// SQLite cannot drop a constraint: the tables are made again without any.
	f.behind("DROP INDEX subscriptions_one_owner", "PRAGMA foreign_keys = OFF")
	for _, table := range []string{"line_items", "activity_log", "notifications", "transfers"} {
		f.behind("CREATE TABLE bare AS SELECT * FROM "+table, "DROP TABLE "+table, "ALTER TABLE bare RENAME TO "+table)
	}
}
