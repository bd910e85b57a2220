package ledger

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// endedPages reads everything that was sent in pages of that size.
func (f fixture) endedPages(limit int) (found []transfer.EndedItem) {
	f.t.Helper()
	for after := (transferstore.ItemCursor{}); ; {
		page, err := f.EndedItems(f.t.Context(), after, limit)
		require.NoError(f.t, err)
		require.LessOrEqual(f.t, len(page), limit)
		found = append(found, page...)
		if len(page) < limit {
			return found
		}
		after = transferstore.ItemCursor{TransferID: page[limit-1].TransferID, Ordinal: page[limit-1].Ordinal}
	}
}

// I-8: whoever asks a billing system about everything that it was asked to do, and that is over, finds each line item once, with
// what an operator said of it; not what it was never asked, nor what it is still at.
func TestEndedItems(t *testing.T) {
	onBoth(t, worldOf(9), func(t *testing.T, f fixture) {
		require.Empty(t, f.endedPages(1))
		first := f.moving("r1", 0, 1, 2, 3, 4, 5, 6)
		f.holding(first.ID, 2, 3, 4)
		f.sent(first.ID, 0, 1, 6)
		f.record(first.ID, moved(0), refused(1), refused(5)) // 5 was never sent, and 6 goes on
		f.resolve(first.ID, 3, "")
		f.resolve(first.ID, 4, newID(4))
		second := f.moving("r2", 7, 8)
		f.sent(second.ID, 0, 1)
		f.record(second.ID, transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(7)}, refused(1))
		f.behind("UPDATE line_items SET move_key = 'kept' WHERE ordinal = 0 AND transfer_id = '" + second.ID + "'")

		want := map[string][]transfer.EndedItem{}
		for _, n := range []int{0, 1, 2, 3, 4} {
			want[first.ID] = append(want[first.ID], transfer.EndedItem{TransferID: first.ID, LineItem: f.item(first.ID, n)})
		}
		want[first.ID][3].Resolved = true
		want[first.ID][4].Resolved, want[first.ID][4].MovedTo = true, newID(4)
		for _, n := range []int{0, 1} {
			want[second.ID] = append(want[second.ID], transfer.EndedItem{TransferID: second.ID, LineItem: f.item(second.ID, n)})
		}
		var inOrder []transfer.EndedItem
		for _, id := range slices.Sorted(maps.Keys(want)) {
			inOrder = append(inOrder, want[id]...)
		}
		for _, limit := range []int{1, 2, 3, 7, 100} {
			require.Equal(t, inOrder, f.endedPages(limit), limit)
		}
		_, err := f.AnsweredLate(t.Context(), first.ID, transferstore.LateAnswer{Ordinal: 3, MovedTo: newID(3)})
		require.NoError(t, err)
		contradicted := f.endedPages(100)[slices.Index(inOrder, want[first.ID][3])]
		require.True(t, contradicted.Resolved && contradicted.Held)
		require.Equal(t, newID(3), contradicted.LateID)
		f.resolve(first.ID, 3, newID(3))
		require.Equal(t, newID(3), f.endedPages(100)[slices.Index(inOrder, want[first.ID][3])].MovedTo, "the newer word")

		held, kept := want[first.ID][2], want[second.ID][0]
		require.True(t, held.Held)
		require.Equal(t, "kept", kept.MoveKey)
		require.Equal(t, newID(7), kept.TargetSubscriptionID)
	})
}

// A page is read by the key of the line items, however many there are before it.
func TestEndedItemsUseTheKey(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		if f.Dialect() == store.Postgres { // which plans by what there is; SQLite does not look
			f.crowd()
			f.behind("ALTER TABLE activity_log DISABLE TRIGGER activity_log_chained", // so many records at once take it too long
				"UPDATE line_items SET sent_at = transfers.created_time FROM transfers WHERE transfers.id = line_items.transfer_id",
				`INSERT INTO activity_log SELECT 'resolved-' || id, 'resolved:0', target_tenant_id, '[]', customer_tenant_id, 'transfer', id, 'update_transfer',
					'', '', '', '', '', '{}', 'succeeded', created_time FROM transfers`, "VACUUM ANALYZE")
		}
		plan := f.plansOf("", func() {
			_, err := f.EndedItems(t.Context(), transferstore.ItemCursor{TransferID: "8"}, 100)
			require.NoError(t, err)
		})[0]
		require.Regexp(t, "line_items_pkey|sqlite_autoindex_line_items_2", plan)
		require.Regexp(t, "activity_log_resource_id_event_key|sqlite_autoindex_activity_log_2", plan)
		require.NotRegexp(t, "Seq Scan|SCAN line_items|SCAN a|TEMP B-TREE", plan)
	})
}
