package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// the target gets a new subscription on the same terms, the source's is deleted, the item is Complete.
func TestItemMoves(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0)
		old := f.sub(subID(0))
		f.clock.advance(time.Minute)
		items := f.record(tr.ID, transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: "90000000-0000-4000-8000-00000000ABCD"})

		require.Equal(t, transfer.ItemComplete, items[0].Status)
		require.Equal(t, "90000000-0000-4000-8000-00000000abcd", items[0].TargetSubscriptionID, "R-105")
		require.Equal(t, 1, items[0].Attempts)
		successor := f.sub(items[0].TargetSubscriptionID)
		require.Equal(t, targetID, successor.PartnerTenantID)
		require.Equal(t, old.LineageID, successor.LineageID)
		require.Equal(t, old.CommitmentEndDate, successor.CommitmentEndDate)
		require.Equal(t, f.clock.Now(), successor.CreationDate)
		require.Equal(t, subscription.Deleted, f.sub(old.ID).Status)
		require.Equal(t, subscription.Active, f.sub(subID(1)).Status)
		require.Equal(t, transfer.ItemCounts{Complete: 1}, f.stored(tr.ID).Items)
		require.Equal(t, []string{"created", "submitted"}, f.events(tr.ID, sourceID), "items are not events")
		f.holds()
	})
}

// R-27, I-2: what ended stays as it is, whatever a later attempt says.
func TestEndedItemsStay(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		first := f.record(tr.ID, moved(0), refused(1))
		before := f.contents()
		second := f.record(tr.ID, transferstore.ItemResult{Ordinal: 1, TargetSubscriptionID: newID(7)}, transferstore.ItemResult{Ordinal: 0, Failure: "late"})
		require.Equal(t, first, second)
		require.Equal(t, before, f.contents())

		f.closed(tr)
		require.Equal(t, first, f.record(tr.ID, moved(0), refused(1)), "after the transfer ended too")
		f.holds()
	})
}

// what each kind of result makes of an item.
func TestItemResults(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		items := f.record(tr.ID,
			transferstore.ItemResult{Ordinal: 3, Failure: "waits", Uncounted: true},
			transferstore.ItemResult{Ordinal: 2, Failure: "gateway said\x00 503 \xff"},
			transferstore.ItemResult{Ordinal: 1, Refusal: &kernel.Refusal{Cause: transfer.ProviderRefused}},
			moved(0))
		require.Len(t, items, 4)
		for n, want := range []transfer.LineItem{
			{Status: transfer.ItemComplete, Attempts: 1, TargetSubscriptionID: newID(0)},
			{Status: transfer.ItemFailed, Attempts: 1, TransferError: string(transfer.ProviderRefused), LastError: string(transfer.ProviderRefused)},
			{Status: transfer.ItemInProgress, Attempts: 1, LastError: "gateway said\uFFFD 503 \uFFFD"},
			{Status: transfer.ItemInProgress, LastError: "waits"},
		} {
			require.Equal(t, n, items[n].Ordinal)
			got := transfer.LineItem{
				Status: items[n].Status, Attempts: items[n].Attempts, TargetSubscriptionID: items[n].TargetSubscriptionID,
				TransferError: items[n].TransferError, LastError: items[n].LastError,
			}
			require.Equal(t, want, got)
		}
		stored, err := f.Items(t.Context(), tr.ID, 0, -1)
		require.NoError(t, err)
		require.Equal(t, items, stored, "what is returned is what is stored")
		f.holds()
	})
}

// a subscription that changed between submit and move can never move.
func TestItemWhoseSubscriptionChanged(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.behind("UPDATE subscriptions SET status = 'suspended' WHERE id = '" + subID(0) + "'")
		items := f.record(tr.ID, moved(0), moved(1))
		require.Equal(t, transfer.ItemFailed, items[0].Status)
		require.Contains(t, items[0].TransferError, "Suspended")
		require.Equal(t, transfer.ItemComplete, items[1].Status)
		_, err := f.Subscription(t.Context(), newID(0))
		refuses(t, err, subscription.Unknown)
		f.holds()
	})
}

// A billing system that answers with an id in use spoils its own item only, and not for good.
func TestItemWithAnIDInUse(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 0, 1, 2)
		items := f.record(tr.ID,
			moved(0),
			transferstore.ItemResult{Ordinal: 1, TargetSubscriptionID: newID(0)},
			transferstore.ItemResult{Ordinal: 2, TargetSubscriptionID: subID(3)})
		require.Equal(t, transfer.ItemComplete, items[0].Status)
		for _, it := range items[1:] {
			require.Equal(t, transfer.ItemInProgress, it.Status)
			require.Contains(t, it.LastError, "exists already")
			require.Equal(t, 1, it.Attempts)
		}
		f.record(tr.ID, moved(1), moved(2))
		f.holds()
	})
}

func TestRecordItemsRefusesNonsense(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		before := f.contents()
		_, err := f.RecordItems(t.Context(), tr.ID, []transferstore.ItemResult{moved(0), moved(1)})
		refuses(t, err, transfer.ItemNotFound)
		_, err = f.RecordItems(t.Context(), "b0000000-0000-4000-8000-000000000009", []transferstore.ItemResult{moved(0)})
		refuses(t, err, transfer.NotFound)
		_, err = f.RecordItems(t.Context(), tr.ID, []transferstore.ItemResult{{Ordinal: 0}})
		require.ErrorContains(t, err, "needs the id")
		items, err := f.RecordItems(t.Context(), tr.ID, nil)
		require.NoError(t, err)
		require.Empty(t, items)
		require.Equal(t, before, f.contents())
	})
}

// withAddon is a world with a base (0) and its add-on (1).
func withAddon() World {
	w := worldOf(2)
	w.Subscriptions[1].ParentID = subID(0)
	return w
}

// an add-on's successor hangs on its base's successor, in whichever order the two move.
func TestAddonsFollowTheirBase(t *testing.T) {
	for name, windows := range map[string][][]transferstore.ItemResult{
		"together":    {{moved(1), moved(0)}},
		"base first":  {{moved(0)}, {moved(1)}},
		"addon first": {{moved(1)}, {moved(0)}},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, withAddon(), func(t *testing.T, f fixture) {
				tr := f.moving("r1")
				for _, w := range windows {
					f.record(tr.ID, w...)
				}
				require.Equal(t, newID(0), f.sub(newID(1)).ParentID)
				require.Empty(t, f.sub(newID(0)).ParentID)
				f.holds()
			})
		})
	}
}

// R-74 when base and add-on are in windows that commit at the same time.
func TestAddonMovesBesideItsBase(t *testing.T) {
	w := worldOf(20)
	for n := 1; n < 20; n += 2 {
		w.Subscriptions[n].ParentID = subID(n - 1)
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		var bases, addons []transferstore.ItemResult
		for n := 0; n < 20; n += 2 {
			bases, addons = append(bases, moved(n)), append(addons, moved(n+1))
		}
		failures := make(chan error, 2)
		for _, window := range [][]transferstore.ItemResult{bases, addons} {
			go func() {
				_, err := f.RecordItems(t.Context(), tr.ID, window)
				failures <- err
			}()
		}
		require.NoError(t, <-failures)
		require.NoError(t, <-failures)
		for n := 1; n < 20; n += 2 {
			require.Equal(t, newID(n-1), f.sub(newID(n)).ParentID)
		}
		f.holds()
	})
}

// An add-on whose base was not moved stands alone at the target.
func TestAddonWithoutBase(t *testing.T) {
	onBoth(t, withAddon(), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.closed(tr, refused(0), moved(1))
		require.Empty(t, f.sub(newID(1)).ParentID)
		f.holds()
	})
}

// Windows of one transfer commit side by side, also when two workers do the same window.
func TestWindowsRace(t *testing.T) {
	const windows, each = 6, 5
	onBoth(t, worldOf(windows*each), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		failures := make(chan error, 2*windows)
		for n := range 2 * windows {
			var results []transferstore.ItemResult
			for i := range each {
				results = append(results, moved((n%windows)*each+i))
			}
			if n >= windows {
				slices.Reverse(results) // locks must not depend on the order of results
			}
			go func() {
				_, err := f.RecordItems(t.Context(), tr.ID, results)
				failures <- err
			}()
		}
		for range 2 * windows {
			require.NoError(t, <-failures)
		}
		require.Equal(t, transfer.ItemCounts{Complete: windows * each}, f.stored(tr.ID).Items)
		for _, item := range f.record(tr.ID, moved(0)) {
			require.Equal(t, 1, item.Attempts, "an item that ended was not attempted again")
		}
		f.holds()
	})
}

// A window of a hundred items takes as many statements as a window of one.
func TestWindowTakesConstantStatements(t *testing.T) {
	onBoth(t, worldOf(101), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		count := func(from, to int) (facts, results int64) {
			var ordinals []int
			var window []transferstore.ItemResult
			for n := from; n < to; n++ {
				ordinals, window = append(ordinals, n), append(window, moved(n))
			}
			before := f.Statements()
			_, _, err := f.MoveFacts(t.Context(), tr.ID, ordinals)
			require.NoError(t, err)
			loaded := f.Statements()
			f.record(tr.ID, window...)
			return loaded - before, f.Statements() - loaded
		}
		oneFacts, oneResults := count(0, 1)
		manyFacts, manyResults := count(1, 101)
		require.Equal(t, int64(2), manyFacts)
		require.Equal(t, oneFacts, manyFacts)
		require.Equal(t, oneResults, manyResults)
		require.LessOrEqual(t, manyResults, int64(10), "of which four bill: the partners' currencies, lines, orders and what they are for")
		f.holds()
	})
}

// What the mover has to know: items in order, their subscriptions, and how the bases stand.
func TestMoveFacts(t *testing.T) {
	onBoth(t, withAddon(), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		got, facts, err := f.MoveFacts(t.Context(), tr.ID, []int{1, 0})
		require.NoError(t, err)
		tr.Items = transfer.ItemCounts{}
		require.Equal(t, tr, got)
		require.Len(t, facts, 2)
		require.Equal(t, f.sub(subID(0)), facts[0].Old)
		require.Equal(t, transfer.NoItem, facts[0].BaseStatus)
		require.Equal(t, transfer.ItemInProgress, facts[1].BaseStatus)

		f.record(tr.ID, moved(0))
		_, facts, err = f.MoveFacts(t.Context(), tr.ID, []int{1})
		require.NoError(t, err)
		require.Equal(t, transfer.ItemComplete, facts[0].BaseStatus)

		_, _, err = f.MoveFacts(t.Context(), tr.ID, []int{0, 2})
		refuses(t, err, transfer.ItemNotFound)
		_, _, err = f.MoveFacts(t.Context(), "b0000000-0000-4000-8000-000000000009", []int{0})
		refuses(t, err, transfer.NotFound)
	})
}
