package transfers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/workflows/transfers"
)

// decisions are what can be decided in the ledger about a request, and what the transfer becomes.
var decisions = map[string]struct {
	decide  func(*world)
	becomes transfer.Status
}{
	"cancelled": {(*world).cancelled, transfer.Cancelled},
	"declined":  {(*world).declined, transfer.Rejected},
	"submitted": {func(w *world) { w.submitted() }, transfer.Complete},
	"moved and closed": {func(w *world) {
		w.submitted()
		w.moves(0)
		_, err := w.ledger.CloseTransfer(w.t.Context(), w.id)
		require.NoError(w.t, err)
	}, transfer.Complete},
	"given up": {func(w *world) {
		w.submitted()
		w.givesUp(0)
	}, transfer.Failed},
}

// moves records in the ledger that the item moved, as a billing system's callback does.
func (w *world) moves(ordinal int) {
	w.t.Helper()
	moved := transferstore.ItemResult{Ordinal: ordinal, TargetSubscriptionID: transfer.TargetSubscriptionID(w.id, subID(ordinal))}
	_, err := w.ledger.RecordItems(w.t.Context(), w.id, []transferstore.ItemResult{moved})
	require.NoError(w.t, err)
}

// Section 4: the ledger decides, the run adopts, whichever step it was about to make.
func TestLedgerAhead(t *testing.T) {
	for name, c := range decisions {
		t.Run(name, func(t *testing.T) {
			t.Run("with a nudge", func(t *testing.T) {
				w := newWorld(t, 1).opened()
				w.at(time.Hour, func() {
					c.decide(w)
					w.nudge()
				})
				w.becomes(c.becomes)
				require.Equal(t, created.Add(time.Hour), w.Now().UTC())
			})
			t.Run("without a nudge", func(t *testing.T) {
				w := newWorld(t, 1).opened()
				w.at(time.Hour, func() { c.decide(w) })
				w.becomes(c.becomes)
				require.Equal(t, expires.AddDate(0, 0, -7), w.Now().UTC(), "the next timer finds it")
				require.NotContains(t, w.mail(), "reminder-1 to source")
			})
			t.Run("before the first look", func(t *testing.T) {
				w := newWorld(t, 1).opened()
				c.decide(w)
				w.becomes(c.becomes)
				require.Equal(t, created, w.Now().UTC())
			})
			t.Run("before a reminder", func(t *testing.T) {
				w := newWorld(t, 1).opened()
				w.during("Remind", 1, func() { c.decide(w) })
				w.becomes(c.becomes)
				require.NotContains(t, w.mail(), "reminder-1 to source")
			})
			t.Run("before the expiry", func(t *testing.T) {
				w := newWorld(t, 1).opened()
				w.faults.stand("Expire", func(int) error {
					earlier := *w
					earlier.ledger = w.ledger.At(expires.Add(-time.Millisecond))
					earlier.clock = &clock{of: func() time.Time { return expires.Add(-time.Millisecond) }}
					c.decide(&earlier)
					return nil
				})
				w.becomes(c.becomes)
			})
		})
	}
}

// What the ledger did to line items meanwhile is adopted at every step of their move.
func TestLedgerAheadWhileMoving(t *testing.T) {
	for name, c := range map[string]struct {
		decide  func(*world)
		becomes transfer.Status
	}{
		"moved":    {func(w *world) { w.moves(1) }, transfer.Complete},
		"given up": {func(w *world) { w.givesUp(1) }, transfer.PartiallyComplete},
	} {
		for _, step := range []string{"MoveFacts", "RecordItems", "CloseTransfer"} {
			t.Run(name+" before "+step, func(t *testing.T) {
				w := newWorld(t, 2).opened().submitted()
				w.billed(true).fails(1, 3, time.Hour)
				w.faults.stand(step, func(call int) error {
					if call == 1 && w.item(1).Status == transfer.ItemInProgress {
						c.decide(w)
					}
					return nil
				})
				if step == "CloseTransfer" { // comes too late for anything but the end
					w.becomes(transfer.Complete)
					return
				}
				w.becomes(c.becomes)
			})
		}
		t.Run(name+" between attempts", func(t *testing.T) {
			w := newWorld(t, 2).opened().submitted()
			m := w.billed(true)
			m.fails(1, forever, 20*time.Hour)
			w.at(time.Hour, func() {
				c.decide(w)
				w.nudge()
			})
			w.becomes(c.becomes)
			require.Equal(t, created.Add(time.Hour), w.Now().UTC(), "the attempts were stopped")
			require.Equal(t, 2, m.tried(1), "in bulk and once by itself")
		})
		t.Run(name+" and the transfer closed", func(t *testing.T) {
			w := newWorld(t, 2).opened().submitted()
			w.billed(true).fails(1, forever, 20*time.Hour)
			w.at(time.Hour, func() {
				c.decide(w)
				_, err := w.ledger.CloseTransfer(t.Context(), w.id)
				require.NoError(t, err)
				w.nudge()
			})
			w.becomes(c.becomes)
		})
	}
}

// Row 13: a nudge after the run closed starts another, which looks and ends.
func TestRow13RunOfATransferThatIsOver(t *testing.T) {
	w := newWorld(t, 1).opened().submitted()
	w.becomes(transfer.Complete)
	next := w.again()
	next.becomes(transfer.Complete)
	require.Equal(t, []string{"local transfer.Look", "local transfer.NotifyParties"}, next.seen.steps())
}

// Row 14: what is said while the run closes is received before it ends, and the closing step is not made twice.
func TestRow14SaidWhileItCloses(t *testing.T) {
	w := newWorld(t, 1).opened().submitted()
	w.during("CloseTransfer", 1, w.nudge)
	w.becomes(transfer.Complete)
	require.Equal(t, 1, w.seen.count("local transfer.NotifyParties"))
	require.Equal(t, 2, w.seen.count("local transfer.Look"))
}

// restored is the ledger as it was before the submit: the same request, opened at the same time.
func (w *world) restored() *ledger.Ledger {
	w.t.Helper()
	earlier := w.openLedger(ledgertest.File(w.t), transfer.Policy{})
	require.NoError(w.t, earlier.Seed(w.t.Context(), worldOf(w.holdings, options{})))
	_, err := earlier.At(created).OpenTransfer(w.t.Context(), request("create-1"), untold)
	require.NoError(w.t, err)
	return earlier
}

// Row 23: a ledger that lacks what the run has seen was restored: the run says so, moves nothing and looks every hour, until
// an operator accepts the ledger, which is a fresh run that has seen nothing.
func TestRow23LedgerRestored(t *testing.T) {
	w := newWorld(t, 2).opened().submitted()
	m := w.billed(true)
	m.fails(1, forever, 2*time.Hour)
	w.at(time.Hour, func() {
		now := w.ledger
		w.faults.use(w.restored())
		w.nudge()
		w.at(time.Minute, func() {
			require.True(t, w.snapshot().Restored)
			require.Contains(t, w.details(), "**Restored**")
			require.Contains(t, w.details(), "starter resume "+w.id+" --accept-ledger")
			require.Equal(t, int64(1), w.seen.metrics.count("handover_ledger_behind_run"))
		})
		tried, looks := m.tried(1), w.faults.calls("Look")
		w.at(10*time.Hour+time.Minute, func() {
			require.Equal(t, tried, m.tried(1), "nothing was moved")
			require.Equal(t, 11, w.faults.calls("Look")-looks, "the nudge, and once an hour")
			require.Equal(t, int64(1), w.seen.metrics.count("handover_ledger_behind_run"))
		})
		w.at(11*time.Hour, func() { // somebody found the newer ledger
			m.script = map[int]func(int) error{}
			w.faults.use(now)
			w.nudge()
		})
	})
	w.becomes(transfer.Complete)
	require.NotContains(t, w.details(), "Restored")
}

// Row 23: a run that is told to forget what it has seen goes on from what the ledger says.
func TestRow23AcceptedLedger(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.on(expires.Add(day), func() { require.True(t, w.snapshot().Restored) })
	w.SetWorkflowRunTimeout(expires.Add(2 * day).Sub(created))
	_, err := w.start(transfers.Input{TransferID: w.id, Known: "a record that is gone"})
	require.Error(t, err, "it waits until somebody ends it")
	require.Equal(t, transfer.Pending, w.stored().Status, "nothing was decided, not even the expiry")
	next := w.again()
	next.becomes(transfer.Expired)
}

// A transfer that the ledger does not have: a run that has seen it waits, one that has not was started in vain.
func TestMissingTransfer(t *testing.T) {
	t.Run("seen before", func(t *testing.T) {
		w := newWorld(t, 1)
		w.at(10*time.Minute, func() { require.True(t, w.snapshot().Restored) })
		w.at(2*time.Hour+time.Minute, func() {
			require.Equal(t, 3, w.faults.calls("Look"))
			w.opened()
			w.nudge()
		})
		w.SetWorkflowRunTimeout(3 * time.Hour)
		_, err := w.start(transfers.Input{TransferID: w.id, Known: "a record that is gone"})
		require.Error(t, err, "another transfer under the id is not the one that was seen")
		require.True(t, w.seen.metrics.count("handover_ledger_behind_run") == 1)
	})
	t.Run("never seen", func(t *testing.T) {
		w := newWorld(t, 1)
		_, err := w.follow()
		requireRefusal(t, transfer.NotFound, err)
		require.Equal(t, []string{"local transfer.Look"}, w.seen.steps())
	})
}

// Row 28: what was decided about a transfer's rules when it was opened holds, whatever the worker thinks now.
func TestRow28PolicyFromTheLedger(t *testing.T) {
	strict := transfer.DefaultPolicy()
	strict.ItemDeadline = 6 * time.Hour
	w := newWorld(t, 2, options{policy: strict}).opened().submitted()
	w.ledger = w.openLedger(w.file, transfer.DefaultPolicy())
	w.faults.use(w.ledger)
	w.billed(true).fails(1, forever, time.Hour)
	require.Equal(t, transfer.ItemCounts{Complete: 1, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
	require.Equal(t, created.Add(6*time.Hour), w.Now().UTC().Truncate(time.Second))
}
