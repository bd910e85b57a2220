package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// What a billing system accepted is kept with the place to ask, as long as it says so.
func TestAcceptedItems(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 0)
		since := f.clock.Now()
		atWork := func(acceptance transferstore.Acceptance, where string) transfer.LineItem {
			return f.record(tr.ID, transferstore.ItemResult{Failure: "at work", Uncounted: true, Acceptance: acceptance, Where: where})[0]
		}
		item := atWork(transferstore.Accepted, "https://billing.example/jobs/1")
		require.Equal(t, since, item.AcceptedAt)
		f.clock.advance(time.Minute)
		item = atWork(transferstore.Accepted, "")
		require.Equal(t, since, item.AcceptedAt, "since when, not until when")
		require.Equal(t, "https://billing.example/jobs/1", item.AcceptedWhere)
		require.Equal(t, item, f.item(tr.ID, 0))
		require.Equal(t, since, atWork(transferstore.NothingNew, "").AcceptedAt)
		item = atWork(transferstore.Forgotten, "")
		require.Zero(t, item.AcceptedAt)
		require.Empty(t, item.AcceptedWhere)
		require.Zero(t, item.Attempts)
		f.holds()
	})
}

// A callback is about what was sent under its key, and nothing else.
func TestSentByKey(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 0, 1)
		f.behind("UPDATE line_items SET move_key = transfer_id || '/1' WHERE ordinal = 1")
		key := func(rest string) string { return tr.ID + "/" + rest }
		found, err := f.SentByKey(t.Context(), []string{
			key(subID(0)), key("1"), key(subID(1)), key(subID(2)), key("0"), "x", "/", "", newID(1) + "/" + subID(0), key("%_"),
		})
		require.NoError(t, err)
		keys := map[string]int{}
		for _, of := range found {
			keys[of.Key()] = of.Ordinal
			require.Equal(t, tr.ID, of.TransferID)
		}
		require.Equal(t, map[string]int{key(subID(0)): 0, key("1"): 1}, keys)
		none, err := f.SentByKey(t.Context(), []string{"x"})
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

// Held items are listed page by page, without those for which only an operator can still say something.
func TestHeldItems(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.holding(tr.ID, 0, 2, 3)
		f.behind("UPDATE line_items SET late_subscription_id = 'x' WHERE ordinal = 3")
		var seen []int
		for after := (transferstore.Sent{LineItem: transfer.LineItem{Ordinal: -1}}); ; {
			page, err := f.HeldItems(t.Context(), after, 1)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			after = page[0]
			seen = append(seen, after.Ordinal)
		}
		require.Equal(t, []int{0, 2}, seen)
	})
}

// A thousand callbacks wake the runs a few times: each that moves the items, a second after its last one, and before that not
// oftener than every ten seconds.
func TestThousandsOfAnswersMakeFewNudges(t *testing.T) {
	items := 2*rangeSize + 10
	onBoth(t, worldOf(items), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.caughtUp()
		nudges := map[string]int{}
		told := func() {
			runs := f.claim(1000, 1000)
			for _, run := range runs {
				nudges[run.WorkflowID]++
			}
			f.told(runs...)
		}
		for n := range items {
			_, err := f.TakeAnswers(t.Context(), tr.ID, []transferstore.ItemResult{{Ordinal: n, TargetSubscriptionID: newID(n)}})
			require.NoError(t, err)
			f.clock.advance(10 * time.Millisecond)
			told()
		}
		f.clock.advance(time.Second)
		told()
		want := map[string]int{}
		for from := 0; from < items; from += rangeSize {
			want[transfer.RangeWorkflowID(tr.ID, from, min(from+rangeSize, items))] = 1
		}
		require.Equal(t, want, nudges, "5.1 seconds of answers")
		require.Equal(t, []string{fmt.Sprint(items)}, f.rows("SELECT COUNT(*) FROM line_items WHERE status = 'Complete'"))
		f.closed(tr)
		f.holds()
	})
}

// Answers in a row are told together, and the last one soon.
func TestAnswersAreToldTogether(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.caughtUp()
		_, err := f.TakeAnswers(t.Context(), tr.ID, []transferstore.ItemResult{moved(0)})
		require.NoError(t, err)
		require.Empty(t, f.claim(10, 10))
		f.clock.advance(9 * time.Second)
		require.Empty(t, f.claim(10, 10))
		_, err = f.TakeAnswers(t.Context(), tr.ID, []transferstore.ItemResult{moved(1)})
		require.NoError(t, err)
		require.Empty(t, f.claim(10, 10))
		f.clock.advance(time.Second)
		require.Len(t, f.claim(10, 10), 1)
		_, err = f.TakeAnswers(t.Context(), tr.ID, []transferstore.ItemResult{moved(0), moved(1)})
		require.NoError(t, err)
		require.Equal(t, []string{"2"}, f.rows("SELECT wanted - told FROM runs"), "what had ended raises nobody")
	})
}
