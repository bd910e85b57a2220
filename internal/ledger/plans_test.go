package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// What commands, callbacks and late answers look up among the line items is found by an index, however many there are.
func TestLineItemsAreFoundByIndexes(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.sent(tr.ID, 0, 1)
		f.closed(tr, moved(1), refused(0))
		require.Equal(t, transfer.ItemFailed, f.item(tr.ID, 0).Status)
		next := f.pending("r2")
		plans := f.plansOf("FROM (line_items|.*JOIN line_items)", func() {
			found, err := f.SentByKey(t.Context(), []string{tr.ID + "/" + subID(0)})
			require.NoError(t, err)
			require.Len(t, found, 1)
			late, err := f.AnsweredLate(t.Context(), tr.ID, transferstore.LateAnswer{Ordinal: 0, MovedTo: newID(7)})
			require.NoError(t, err)
			require.Equal(t, transferstore.LateContradicted, late)
			_, err = f.Submit(t.Context(), next.ID, picking("d", 2))
			require.NoError(t, err)
			_, err = f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, activitylog.By{PartnerTenantID: sourceID}, customerID, subID(3),
				subscription.Change{AutoRenew: new(true)})
			require.NoError(t, err)
			_, err = f.Stuck(t.Context(), 0)
			require.NoError(t, err)
		})
		require.GreaterOrEqual(t, len(plans), 6)
		for _, plan := range plans {
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is, and here is next to nothing
				require.NotRegexp(t, `SCAN (i|line_items)(\n| USING INDEX sqlite_autoindex|$)`, plan)
			}
		}
	})
}
