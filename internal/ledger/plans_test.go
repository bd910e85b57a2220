package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
)

// What callbacks and late answers look up is found by an index, however many line items there are.
func TestLateAnswersUseIndexes(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for name, st := range map[string]store.Statement{"others": selectOthers, "sent": selectSent} {
			args := []any{subID(0), newID(9)}
			if name == "sent" {
				args = []any{keyTable.Rows([]keyed{{newID(9), subID(0), newID(9) + "/" + subID(0)}})}
			}
			if f.Dialect() == store.SQLite { // PostgreSQL plans by what there is, and here is next to nothing
				require.NotRegexp(t, `SCAN i\b|SCAN line_items`, f.planOf(st, args...), name)
			}
			_, err := store.All(t.Context(), session{f.On(f.Reader())}, st, func(*int) []any { return nil }, args...)
			require.NoError(t, err, name)
		}
	})
}
