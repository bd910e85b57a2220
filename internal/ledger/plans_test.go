package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
)

// What commands, callbacks and late answers look up among the line items is found by an index, however many there are.
func TestLineItemsAreFoundByIndexes(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for name, lookup := range map[string]struct {
			store.Statement
			args []any
		}{
			"others": {selectOthers, []any{subID(0), newID(9)}},
			"sent":   {selectSent, []any{keyTable.Rows([]keyed{{newID(9), subID(0), newID(9) + "/" + subID(0)}})}},
			"taken":  {selectTaken, []any{customerID, sourceID}},
			"mover":  {selectMover, []any{subID(0)}},
			"ending": {selectEnding, []any{20}},
		} {
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is, and here is next to nothing
				require.NotRegexp(t, `SCAN (i|line_items)(\n| USING INDEX sqlite_autoindex|$)`, f.planOf(lookup.Statement, lookup.args...), name)
			}
			_, err := store.All(t.Context(), session{f.On(f.Reader())}, lookup.Statement, func(*int) []any { return nil }, lookup.args...)
			require.NoError(t, err, name)
		}
	})
}
