package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
	"handover/workflows"
)

// newLarge is a transfer of 1,200 line items, submitted after an hour, of which number 700 fails for half a day.
func newLarge(t *testing.T) (w *world, middle func() string, runs *int) {
	w = newWorld(t, 1200)
	w.billing.fails(700, 6, 2*time.Hour)
	w.approveAt(time.Hour)
	runs = new(int)
	w.SetOnChildWorkflowStartedListener(func(*workflow.Info, workflow.Context, converter.EncodedValues) { *runs++ })
	return w, func() string { return workflows.RangeWorkflowID(w.ledger.transfer.ID, 500, 1000) }, runs
}

// A large transfer is moved by children, a range of ordinals each; R-25 holds across them.
func TestLargeTransfer(t *testing.T) {
	w, middle, runs := newLarge(t)
	w.at(2*time.Hour, func() {
		s := w.snapshot()
		id := w.ledger.transfer.ID
		require.Equal(t, []string{
			workflows.RangeWorkflowID(id, 0, 500), middle(), workflows.RangeWorkflowID(id, 1000, 1200),
		}, s.Ranges)
		require.Equal(t, transfer.ItemCounts{Complete: 500, InProgress: 700}, s.Items)
		require.Empty(t, s.Transfer.LineItems)
		child := w.snapshot(middle())
		require.Equal(t, transfer.ItemCounts{Complete: 499, InProgress: 1}, child.Items)
		require.Len(t, child.Transfer.LineItems, 500)
		require.Contains(t, w.details(), "500 of 1200 line items moved, 700 to go")
	})
	w.billing.fails(1100, 8, 2*time.Hour)
	w.at(14*time.Hour, func() { require.Equal(t, transfer.ItemCounts{Complete: 1000, InProgress: 200}, w.snapshot().Items) })
	require.Equal(t, transfer.ItemCounts{Complete: 1200}, w.becomes(transfer.Complete).Items)
	require.Equal(t, 3, *runs)
	require.Equal(t, 12+6+8, w.ledger.calls["MoveFacts"], "a transaction per hundred items, and one per retry")
	require.NotContains(t, w.seen.activities, "item-0")
}

// R-24 with children.
func TestLargeTransferOverdue(t *testing.T) {
	w, _, _ := newLarge(t)
	w.billing.fails(700, 8, 12*time.Hour)
	w.becomes(transfer.Complete)
	require.Equal(t, 1, w.ledger.calls["FlagOverdue"])
}

// A range whose run is ended from outside begins again and loses nothing.
func TestRangeBeginsAgain(t *testing.T) {
	w, middle, runs := newLarge(t)
	w.at(2*time.Hour, func() { w.CancelWorkflowByID(middle(), "") })
	require.Equal(t, transfer.ItemCounts{Complete: 1200}, w.becomes(transfer.Complete).Items)
	require.Equal(t, 4, *runs)
	require.Equal(t, 1, w.billing.attempts[subscription(500).ID], "what had moved is not moved again")
}

// R-26 inside a range: the child hears of it, or finds it in the ledger when it begins again.
func TestGiveUpInARange(t *testing.T) {
	t.Run("at work", func(t *testing.T) {
		w, _, _ := newLarge(t)
		var a *answer
		w.at(3*time.Hour+time.Minute, func() { a = w.giveUp(stuck(700)) })
		require.Equal(t, transfer.ItemCounts{Complete: 1199, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
		require.NoError(t, a.err)
		require.Equal(t, created.Add(3*time.Hour+time.Minute), w.ledger.transfer.LastModifiedTime)
	})
	t.Run("at rest", func(t *testing.T) {
		w, middle, runs := newLarge(t)
		var a *answer
		w.at(2*time.Hour, func() { w.CancelWorkflowByID(middle(), "") })
		w.at(2*time.Hour+time.Second, func() { a = w.giveUp(stuck(700)) })
		require.Equal(t, transfer.ItemCounts{Complete: 1199, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
		require.NoError(t, a.err)
		require.Equal(t, 4, *runs)
	})
}

// Anybody who can signal a child can send it anything; an item that is not its own is ignored.
func TestRangeIgnoresForeignItems(t *testing.T) {
	w, middle, runs := newLarge(t)
	w.at(2*time.Hour, func() {
		for _, ordinal := range []int{-1, 499, 1000} {
			require.NoError(t, w.SignalWorkflowByID(middle(), "item-ended", transfer.ItemEntity{ID: ordinal, Status: transfer.ItemFailed}))
		}
	})
	require.Equal(t, transfer.ItemCounts{Complete: 1200}, w.becomes(transfer.Complete).Items)
	require.Equal(t, 3, *runs, "a range broke")
}
