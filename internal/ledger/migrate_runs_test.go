package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/outage"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// manyItems are the line items of a transfer that is moved in ranges: the first range is done, the other two are not.
func manyItems(id string, count, done int) []string {
	var subscriptions, items []string
	for n := range count {
		owner, state := sourceID, itemRuns
		if n < done {
			state = itemFailed
		}
		subscriptions = append(subscriptions, strings.TrimPrefix(oldSubscription(subID(100+n), subID(100+n), owner, "active"), "INSERT INTO subscriptions VALUES "))
		items = append(items, fmt.Sprintf(`('%s', %d, '%s', 'OnlineServicesNCE', 'offer', 'Licence', 3, 'monthly', 1, '', %s)`, id, n, subID(100+n), state))
	}
	return []string{
		"INSERT INTO subscriptions VALUES " + strings.Join(subscriptions, ", "),
		`INSERT INTO line_items (transfer_id, ordinal, subscription_id, product_type, offer_id, friendly_name, quantity, billing_cycle, attempts, last_error,
			status, target_subscription_id, transfer_error, give_up_request_id) VALUES ` + strings.Join(items, ", "),
	}
}

// A run that was begun under the names of before cannot replay under these, so every one that may be open is replaced: of
// transfers that are not over, of ranges that have something to move, of an outage that goes on.
func TestMigrateReplacesRunsOfOtherNames(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			write := func(version int64, statements ...string) {
				t.Helper()
				db := oldLedger(t, databaseURL, version)
				for _, statement := range statements {
					_, err := db.ExecContext(context.WithoutCancel(t.Context()), statement)
					require.NoError(t, err, statement)
				}
				require.NoError(t, db.Close())
			}
			write(1, firstVersion...)
			write(1, firstTransfer("old-3", "InProgress", "'2031-02-02T00:00:00.000000Z'", "2031-02-02"), firstTransfer("old-4", "Pending", "NULL", "2031-02-04"))
			write(1, manyItems("old-3", 501, 250)...)
			write(8,
				`UPDATE runs SET told = wanted, cause = 'submitted' WHERE subject_id = 'old-1'`,
				`UPDATE runs SET wanted = 7, told = 5, cause = 'watch' WHERE subject_id = 'old-3'`,
				`INSERT INTO runs (workflow_id, workflow_type, subject_id, fair_key, wanted, told, cause, due_at, since) VALUES
					('transfer/old-3/items/250-500', 'MoveRange', 'old-3', '`+targetID+`', 3, 3, 'given-up', '2031-02-02T00:00:00.000000Z', '2031-02-02T00:00:00.000000Z'),
					('transfer/old-2', 'Transfer', 'old-2', '`+targetID+`', 2, 2, 'cancelled', '2031-02-02T00:00:00.000000Z', '2031-02-02T00:00:00.000000Z')`,
				`INSERT INTO outages (name, since, failures, next_at) VALUES ('`+outage.Billing+`', '2031-02-02T00:00:00.000000Z', 9, '2031-02-02T00:00:00.000000Z')`,
			)
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}

			of := func(id, kind, subject, key string, wanted, told int, cause runs.Cause) string {
				return fmt.Sprintf("%s|%s|%s|%s|%d|%d|%s", id, kind, subject, key, wanted, told, cause)
			}
			rules, _ := transfer.RunRulesOf(0)
			ranged := func(n int) string {
				from, to := rules.Range(n, 501)
				return transfer.RangeWorkflowID("old-3", from, to)
			}
			require.ElementsMatch(t, []string{
				of(outage.WorkflowID, outage.WorkflowType, outage.Billing, outage.Billing, 1, 0, runs.CauseReplaced),
				of(transfer.WorkflowID("old-1"), transfer.WorkflowType, "old-1", targetID, 2, 1, runs.CauseReplaced),
				of(transfer.WorkflowID("old-2"), transfer.WorkflowType, "old-2", targetID, 2, 2, transferstore.CauseCancelled), // over
				of(transfer.WorkflowID("old-3"), transfer.WorkflowType, "old-3", targetID, 8, 5, runs.CauseReplaced),
				of(transfer.WorkflowID("old-4"), transfer.WorkflowType, "old-4", targetID, 1, 0, runs.CauseReplaced), // to be replaced already
				of(ranged(1), transfer.RangeWorkflowType, "old-3", targetID, 4, 3, runs.CauseReplaced),
				of(ranged(2), transfer.RangeWorkflowType, "old-3", targetID, 1, 0, runs.CauseReplaced),
			}, f.rows("SELECT workflow_id, workflow_type, subject_id, fair_key, wanted, told, cause FROM runs"))

			claimed, err := f.ClaimRuns(t.Context(), 100, 100)
			require.NoError(t, err)
			require.Len(t, claimed, 6, "each is due at once")
		})
	}
}
