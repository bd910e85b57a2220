package transfers_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// newLarge is a transfer of 600 line items, submitted, of which number 300 fails for half a day.
func newLarge(t *testing.T) (*world, *mover) {
	w := newWorld(t, 600).opened().submitted()
	m := w.billed(true)
	m.fails(300, 6, 2*time.Hour)
	w.followed()
	return w, m
}

// followed lets the ledger's wishes be told once a minute, as the dispatcher does.
func (w *world) followed() {
	var tick func()
	tick = func() {
		w.dispatch()
		if !w.IsWorkflowCompleted() {
			w.at(time.Minute, tick)
		}
	}
	w.at(time.Minute, tick)
}

func (w *world) middle() string { return transfer.RangeWorkflowID(w.id, 250, 500) }

// Rows 33, 34: a large transfer is moved by children, a range of ordinals each; R-25 holds across them.
func TestLargeTransfer(t *testing.T) {
	w, m := newLarge(t)
	m.refuses(10)
	w.at(time.Hour, func() {
		require.Equal(t, []string{transfer.RangeWorkflowID(w.id, 0, 250), w.middle(), transfer.RangeWorkflowID(w.id, 500, 600)}, w.seen.childIDs())
		require.Equal(t, transfer.ItemCounts{Complete: 598, InProgress: 1, Failed: 1}, w.snapshot().Items)
		require.Contains(t, w.details(), "598 of 600 line items moved, 1 failed, 1 to go")
		require.Contains(t, w.details(w.middle()), "Line items 250 to 499 of transfer "+w.id+": 1 still to go")
		require.Equal(t, w.id, w.snapshot(w.middle()).TransferID)
	})
	require.Equal(t, transfer.ItemCounts{Complete: 599, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
	require.Equal(t, 3, w.seen.runs(transfers.RangeType))
	require.Equal(t, 7, w.seen.count("local transfer.MoveWindow"), "of at most a hundred items each")
	require.Equal(t, []string{"item-300"}, w.seen.activityIDs())
	require.Equal(t, 3, w.seen.count("local transfer.RangeMoved"))
}

// R-24 with children.
func TestLargeTransferOverdue(t *testing.T) {
	w, m := newLarge(t)
	m.fails(300, 8, 12*time.Hour)
	w.becomes(transfer.Complete)
	require.Equal(t, 1, w.faults.calls("FlagOverdue"))
}

// A range whose run is ended from outside begins again after a pause and loses nothing.
func TestRangeBeginsAgain(t *testing.T) {
	w, m := newLarge(t)
	w.at(time.Hour, func() { w.CancelWorkflowByID(w.middle(), "") })
	w.at(time.Hour+30*time.Second, func() { require.Equal(t, 3, w.seen.runs(transfers.RangeType)) })
	w.at(time.Hour+2*time.Minute, func() { require.Equal(t, 4, w.seen.runs(transfers.RangeType)) })
	require.Equal(t, transfer.ItemCounts{Complete: 600}, w.becomes(transfer.Complete).Items)
	require.Equal(t, 1, m.tried(250), "what had moved is not moved again")
}

// Row 34: a parent that begins afresh takes over the children that are at work, and hears from the ledger when they are done.
func TestRow34ParentBeginsAfresh(t *testing.T) {
	w, m := newLarge(t)
	w.hosted = true
	w.at(time.Hour, func() {
		for range 501 {
			w.nudge()
		}
	})
	w.at(time.Hour+time.Second, func() {
		require.Equal(t, 2, w.seen.runs(transfers.Type))
		require.Equal(t, 3, w.seen.runs(transfers.RangeType), "the child at work was left at work")
		require.Contains(t, w.seen.childIDs()[3:], w.middle(), "and asked for once more")
		require.Equal(t, transfer.ItemCounts{Complete: 599, InProgress: 1}, w.snapshot().Items)
		m.script = nil
	})
	receipt, err := w.start(transfers.Input{TransferID: w.id})
	require.NoError(t, err)
	w.agrees(transfer.Complete, receipt)
	require.Equal(t, 3, w.seen.runs(transfers.RangeType))
}

// R-26 inside a range: the child hears of it, or finds it in the ledger when it begins again.
func TestGiveUpInARange(t *testing.T) {
	t.Run("at work", func(t *testing.T) {
		w, _ := newLarge(t)
		w.at(3*time.Hour+time.Second, func() {
			w.givesUp(300)
			require.Equal(t, 2, w.dispatch(), "the transfer's run and the range's")
		})
		require.Equal(t, transfer.ItemCounts{Complete: 599, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
		require.WithinRange(t, w.Now(), created.Add(3*time.Hour), created.Add(3*time.Hour+2*time.Minute))
	})
	t.Run("at rest", func(t *testing.T) {
		w, _ := newLarge(t)
		w.at(time.Hour, func() { w.CancelWorkflowByID(w.middle(), "") })
		w.at(time.Hour+time.Second, func() { w.givesUp(300) })
		require.Equal(t, transfer.ItemCounts{Complete: 599, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
	})
}

// Row 33: thousands are given up with one command while they are attempted; each range with one of them is told once.
func TestRow33AllGivenUp(t *testing.T) {
	ranges := transfer.DefaultPolicy().ForRuns().RangeCount(items)
	w := newWorld(t, items).opened().submitted()
	var once sync.Once
	w.billed(true).every = func(int) error { // the limit for recording what became of a window is real time, and none of this
		once.Do(func() {
			w.meanwhile(func() {
				require.Len(t, w.givesUp(transfer.Ordinals(fmt.Sprintf("0-%d", items-1)).Numbers()...).Ended, items)
				require.Equal(t, 1+ranges, w.dispatch())
			})
		})
		return nil
	}
	w.followed()
	require.Equal(t, transfer.ItemCounts{Failed: items}, w.becomes(transfer.Failed).Items)
	require.Zero(t, w.seen.count("transfer.MoveItem"))
	require.Equal(t, ranges, w.seen.runs(transfers.RangeType))
	require.LessOrEqual(t, w.seen.count("local transfer.Look"), 4*ranges)
}

// Row 33: all that fail are given up with one command, wherever they are.
func TestRow33AllThatFailGivenUp(t *testing.T) {
	w := newWorld(t, 600).opened().submitted()
	w.billed(true).every = busy(forever, day)
	w.followed()
	w.at(time.Hour, func() { require.Len(t, w.givesUp().Ended, 600) })
	require.Equal(t, transfer.ItemCounts{Failed: 600}, w.becomes(transfer.Failed).Items)
	require.Len(t, w.seen.activityIDs(), 600)
	require.WithinRange(t, w.Now(), created.Add(time.Hour), created.Add(time.Hour+3*time.Minute))
}

// Row 23 with children: they stop too, and begin again when the ledger is accepted.
func TestRow23LargeLedgerRestored(t *testing.T) {
	w, m := newLarge(t)
	w.at(time.Hour, func() {
		now := w.ledger
		w.faults.use(w.restored())
		w.nudge()
		w.at(time.Minute, func() {
			require.True(t, w.snapshot().Restored)
			require.Equal(t, 2, m.tried(300))
		})
		w.at(7*time.Hour, func() {
			require.Equal(t, 2, m.tried(300), "nothing was moved")
			w.faults.use(now)
			w.nudge()
		})
	})
	require.Equal(t, transfer.ItemCounts{Complete: 600}, w.becomes(transfer.Complete).Items)
}

// A range begins afresh like its parent, with the same part of the transfer; commands and other strange messages to it are
// ignored.
func TestRangeAlone(t *testing.T) {
	start := func(w *world) error {
		w.SetStartWorkflowOptions(transfers.RangeStartOptions(transfers.Range{TransferID: w.id, From: 250, To: 500}))
		w.ExecuteWorkflow(transfers.RangeType, transfers.Range{TransferID: w.id, From: 250, To: 500})
		return w.GetWorkflowError()
	}
	t.Run("moves its own", func(t *testing.T) {
		w, m := newLarge(t)
		w.at(time.Hour, func() {
			for _, payload := range []any{raw("garbage"), approval("submit-1", 0)} {
				require.NoError(t, w.SignalWorkflowByID(w.middle(), transfers.SignalSourceApproval, payload))
			}
		})
		require.NoError(t, start(w))
		require.Equal(t, transfer.ItemCounts{Complete: 250, InProgress: 350}, w.stored().Items)
		require.Zero(t, m.tried(0))
		require.Zero(t, w.seen.count("local transfer.Command")+w.seen.count("local transfer.RecordRefusal"))
		require.Equal(t, 1, w.dispatch(), "the transfer's run is told")
	})
	t.Run("begins afresh", func(t *testing.T) {
		w, m := newLarge(t)
		w.at(time.Hour, func() {
			w.SetCurrentHistoryLength(1_001)
			require.NoError(t, w.SignalWorkflowByID(w.middle(), run.SignalLook, w.nextNudge()))
		})
		var again *workflow.ContinueAsNewError
		require.ErrorAs(t, start(w), &again)
		var work transfers.Range
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &work))
		require.Equal(t, transfers.Range{TransferID: w.id, From: 250, To: 500}, work)
		require.Equal(t, 2, m.tried(300))
		next := w.again()
		require.NoError(t, start(next))
		require.Equal(t, transfer.ItemCounts{Complete: 250, InProgress: 350}, next.stored().Items)
	})
	t.Run("of a transfer that is over", func(t *testing.T) {
		w := newWorld(t, 1).opened()
		w.cancelled()
		require.NoError(t, start(w))
		require.Equal(t, []string{"local transfer.Look"}, w.seen.steps())
	})
	t.Run("of no transfer", func(t *testing.T) {
		w := newWorld(t, 1)
		require.NoError(t, start(w))
		require.Equal(t, []string{"local transfer.Look"}, w.seen.steps())
	})
}
