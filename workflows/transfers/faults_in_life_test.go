package transfers_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// shapes are the ways that the life of a transfer takes.
var shapes = map[string]struct {
	live    func(*world) *world
	becomes transfer.Status
}{
	"nobody answers": {func(w *world) *world { return w.opened() }, transfer.Expired},
	"moved at once": {func(w *world) *world {
		w.opened()
		w.at(time.Hour, func() { w.submitted(); w.nudgeOfSubmit() })
		return w
	}, transfer.Complete},
	"moved one by one": {func(w *world) *world {
		w.billed(false).fails(1, 3, time.Hour)
		return w.opened().submitted()
	}, transfer.Complete},
	"overdue": {func(w *world) *world {
		w.billed(true).fails(1, 5, 20*time.Hour)
		return w.opened().submitted()
	}, transfer.Complete},
	"one refused": {func(w *world) *world {
		w.billed(true).refuses(1)
		return w.opened().submitted()
	}, transfer.PartiallyComplete},
	"given up and fenced": {func(w *world) *world {
		w.fenced(func(string, int) (string, error) { return "", nil }).fails(1, forever, day)
		w.at(time.Hour, func() { w.givesUp(1); w.nudge() })
		return w.opened().submitted()
	}, transfer.PartiallyComplete},
	"declined": {func(w *world) *world {
		w.opened()
		w.at(time.Hour, func() { w.declined(); w.nudge() })
		return w
	}, transfer.Rejected},
	"cancelled by signal": {func(w *world) *world {
		w.opened()
		w.at(time.Hour, func() { w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-1")) })
		return w
	}, transfer.Cancelled},
	"submitted by signal": {func(w *world) *world {
		w.opened()
		w.at(time.Hour, func() { w.signal(transfers.SignalSourceApproval, raw("garbage")) })
		w.at(2*time.Hour, func() { w.signal(transfers.SignalSourceApproval, approval("submit-1", 3)) })
		return w
	}, transfer.Complete},
}

// Row 18: a worker that dies after a step makes it again. Each made twice has the same result, and the transfer the same end,
// the same log and the same mail as with each made once.
func TestRow18EveryStepTwice(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			once := shape.live(newWorld(t, 3))
			once.becomes(shape.becomes)
			t.Run("twice", func(t *testing.T) {
				w := newWorld(t, 3)
				w.seen.twice = func(step, first, second string) {
					if first != second {
						t.Errorf("%s made twice: first %s, then %s", step, first, second)
					}
				}
				shape.live(w).becomes(shape.becomes)
				require.Equal(t, once.events(), w.events())
				require.ElementsMatch(t, once.mail(), w.mail())
				require.Equal(t, once.seen.steps(), w.seen.steps())
				require.Equal(t, once.Now(), w.Now())
			})
		})
	}
}

// Row 30: a ledger that is down for a while, in whatever state, delays and does nothing else.
func TestRow30LedgerDown(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			w := shape.live(newWorld(t, 3))
			w.faults.stand("", func(call int) error { // of each method
				if call < 9 {
					return fmt.Errorf("reach the ledger: %w", store.ErrUnavailable)
				}
				return nil
			})
			w.becomes(shape.becomes)
			require.Greater(t, w.seen.count("transfer.Look"), 0)
		})
	}
}

// Row 30: while the ledger is down altogether the look goes on as one activity; nudges wait, and nothing is shown as trouble.
func TestRow30LedgerDownAltogether(t *testing.T) {
	for name, c := range map[string]struct {
		live    func(*world)
		at      time.Duration
		becomes transfer.Status
	}{
		"Pending":    {func(w *world) { w.opened() }, time.Hour, transfer.Cancelled},
		"InProgress": {func(w *world) { w.opened().submitted(); w.billed(true).fails(0, 4, time.Hour) }, 30 * time.Minute, transfer.Complete},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			c.live(w)
			w.at(c.at, func() {
				w.down(created.Add(c.at + 10*time.Minute))
				w.nudge()
			})
			w.at(c.at+5*time.Minute, w.nudge)
			w.at(c.at+9*time.Minute, func() {
				require.Equal(t, 1, w.seen.count("transfer.Look"))
				require.Empty(t, w.snapshot().Trouble)
			})
			w.at(c.at+20*time.Minute, func() {
				require.Equal(t, 1, w.seen.count("transfer.Look"), "back again, looks are local")
				if c.becomes == transfer.Cancelled {
					w.cancelled()
					w.nudge()
				}
			})
			w.becomes(c.becomes)
			require.Contains(t, w.log.text(), "goes on as an activity")
		})
	}
}

// What no retry cures does not end a run while its ledger is open: it is shown, and tried again with the next message or in
// an hour.
func TestTrouble(t *testing.T) {
	w := newWorld(t, 1).opened()
	failing := true
	w.faults.stand("Look", func(int) error {
		if failing {
			return kernel.Refuse(kernel.InvalidInput, "%s", keepsCustomer)
		}
		return nil
	})
	w.at(time.Minute, func() {
		require.NotEmpty(t, w.snapshot().Trouble)
		require.Contains(t, w.details(), "**Trouble**")
		require.NotContains(t, w.details(), keepsCustomer)
		require.Equal(t, 1, w.faults.calls("Look"))
	})
	w.at(2*time.Hour+time.Minute, func() {
		require.Equal(t, 3, w.faults.calls("Look"), "once an hour")
		failing = false
		w.nudge()
	})
	w.at(2*time.Hour+2*time.Minute, func() {
		require.Empty(t, w.snapshot().Trouble)
		w.shows(transfer.Pending)
		w.cancelled()
		w.nudge()
	})
	receipt, err := w.follow()
	require.NoError(t, err)
	require.Equal(t, transfer.Cancelled, receipt.Status)
}

// The only words in a history are the refusals of commands that came through it.
func TestHistoriesKeepSecrets(t *testing.T) {
	require.Len(t, shapes, 9)
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		t.Run(name, func(t *testing.T) {
			w := shapes[name].live(newWorld(t, 3))
			w.becomes(shapes[name].becomes) // and keeps secrets
			require.NotEmpty(t, w.seen.payloads())
			require.Contains(t, w.seen.payloads(), w.id)
			require.NotContains(t, w.details(), friendly)
			for _, secret := range w.secrets() {
				require.NotContains(t, asJSON(w.snapshot()), secret)
				require.NotContains(t, w.details(), secret)
			}
		})
	}
}

var errBroken = errors.New("a step is broken")

// A step that fails in a way that nobody foresaw is tried again, and closes no run.
func TestUnforeseenFailure(t *testing.T) {
	w := newWorld(t, 2).opened().submitted()
	for _, method := range []string{"MoveFacts", "RecordItems", "CloseTransfer"} {
		w.faults.stand(method, func(call int) error {
			if call <= 3 {
				return errBroken
			}
			return nil
		})
	}
	receipt, err := w.follow()
	require.NoError(t, err)
	require.Equal(t, transfer.ItemCounts{Complete: 2}, receipt.Items)
}
