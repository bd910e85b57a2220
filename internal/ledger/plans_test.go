package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
)

// What callbacks and late answers look up is found by an index, however many line items there are.
func TestLateAnswersUseIndexes(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1)
		f.sent(tr.ID, 0, 1)
		f.closed(tr, moved(1), refused(0))
		require.Equal(t, transfer.ItemFailed, f.item(tr.ID, 0).Status)
		plans := f.plansOf("FROM (line_items|.*JOIN line_items)", func() {
			found, err := f.SentByKey(t.Context(), []string{tr.ID + "/" + subID(0)})
			require.NoError(t, err)
			require.Len(t, found, 1)
			late, err := f.AnsweredLate(t.Context(), tr.ID, LateAnswer{Ordinal: 0, MovedTo: newID(7)})
			require.NoError(t, err)
			require.Equal(t, LateContradicted, late)
		})
		require.GreaterOrEqual(t, len(plans), 3)
		for _, plan := range plans {
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is, and here is next to nothing
				require.NotRegexp(t, `SCAN i\b|SCAN line_items`, plan)
			}
		}
	})
}
