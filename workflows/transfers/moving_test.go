package transfers_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"handover/internal/billing"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// an item that fails is retried until it succeeds, independently of its siblings.
func TestFailingItemIsRetried(t *testing.T) {
	w := newWorld(t, 3, options{faults: map[int]string{1: "transient:12"}}).opened().submitted()
	w.at(time.Minute, func() {
		require.Equal(t, transfer.ItemCounts{Complete: 2, InProgress: 1}, w.snapshot().Items)
		require.Contains(t, w.details(), "2 of 3 line items moved, 1 to go")
	})
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
	require.Equal(t, 13, w.item(1).Attempts)
	require.Equal(t, 1, w.item(0).Attempts)
	require.Equal(t, []string{"item-1"}, w.seen.activityIDs())
}

// the retries have no end of their own, but slow down to one an hour.
func TestRetriesSlowDown(t *testing.T) {
	w := newWorld(t, 1).opened().submitted()
	m := w.billed(true)
	m.script[0] = func(int) error {
		if w.clock.worker().Before(created.Add(day)) {
			return busy(forever, 0)(1)
		}
		return nil
	}
	w.becomes(transfer.Complete)
	require.InDelta(t, 35, m.tried(0), 3, "a dozen in the first hour, then one an hour")
}

// items that still run 72 hours after submit make the transfer overdue, once, and their retries go on.
func TestOverdue(t *testing.T) {
	w := newWorld(t, 2).opened().submitted()
	m := w.billed(true)
	m.fails(0, 8, 12*time.Hour)
	overdue := func() bool {
		late, _ := w.seen.published().GetBool(transfers.OverdueKey)
		require.Equal(t, late, w.snapshot().Overdue)
		require.Equal(t, late, w.stored().Overdue)
		return late
	}
	w.at(72*time.Hour-time.Minute, func() { require.False(t, overdue()) })
	w.at(72*time.Hour+time.Minute, func() {
		require.True(t, overdue())
		require.Contains(t, w.details(), "**Overdue**")
		w.nudge()
	})
	w.becomes(transfer.Complete)
	late, _ := w.seen.published().GetBool(transfers.OverdueKey)
	require.False(t, late, "what is over is not late any more")
	require.NotContains(t, w.details(), "Overdue")
	require.Equal(t, 1, w.faults.calls("FlagOverdue"))
	require.Equal(t, int64(1), w.seen.metrics.count("handover_transfers_overdue"))
	require.Equal(t, []timer{{72*time.Hour + time.Microsecond, "Overdue 72 hours after submit"}}, w.seen.timersSet())
	require.Equal(t, 9, m.tried(0))
}

// R-29, T6, R-202, R-402: refused items end at once; the transfer is partially complete or failed, and nobody gets an e-mail when
// nothing moved.
func TestRefusedItems(t *testing.T) {
	for name, c := range map[string]struct {
		faults  map[int]string
		becomes transfer.Status
	}{
		"one": {map[int]string{1: "refuse:600042"}, transfer.PartiallyComplete},
		"all": {map[int]string{0: "refuse:600042", 1: "refuse:600042", 2: "refuse:600042"}, transfer.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 3, options{faults: c.faults}).opened().submitted()
			require.Equal(t, len(c.faults), w.becomes(c.becomes).Items.Failed)
			require.Equal(t, 1, w.item(1).Attempts)
			mail := []string{"created to source", "created to customer"}
			if c.becomes == transfer.PartiallyComplete {
				mail = append(mail, "completed to source", "completed to target", "completed to customer")
				require.Contains(t, w.details(), "E-mails handed")
			} else {
				require.NotContains(t, w.details(), "E-mails handed")
			}
			require.ElementsMatch(t, mail, w.mail())
			require.Zero(t, w.stored().CompletedTime)
			require.Empty(t, w.seen.activityIDs())
		})
	}
}

// an add-on moves after its base, and fails when its base can never move.
func TestAddOns(t *testing.T) {
	t.Run("waits for its base", func(t *testing.T) {
		w := newWorld(t, 2, options{parent: map[int]int{1: 0}}).opened().submitted(0)
		m := w.billed(true)
		m.fails(0, 4, 0)
		require.Equal(t, transfer.ItemCounts{Complete: 2}, w.becomes(transfer.Complete).Items)
		require.Equal(t, 5, m.tried(0))
		require.Equal(t, 1, m.tried(1), "waiting is no attempt")
		successor, err := w.ledger.Subscription(t.Context(), w.item(1).TargetSubscriptionID)
		require.NoError(t, err)
		require.Equal(t, w.item(0).TargetSubscriptionID, successor.ParentID)
	})
	t.Run("fails with its base", func(t *testing.T) {
		w := newWorld(t, 2, options{parent: map[int]int{1: 0}}).opened().submitted(0)
		m := w.billed(true)
		m.refuses(0)
		require.Equal(t, transfer.ItemCounts{Failed: 2}, w.becomes(transfer.Failed).Items)
		require.Zero(t, m.tried(1))
	})
}

// an operator gives an item up: its retries end at once, those of its siblings go on.
func TestGiveUp(t *testing.T) {
	w := newWorld(t, 3).opened().submitted()
	m := w.billed(true)
	m.fails(1, forever, 20*time.Hour)
	m.fails(2, 4, 2*time.Hour)
	var stopped []string
	w.SetOnActivityCanceledListener(func(info *activity.Info) { stopped = append(stopped, info.ActivityID) })
	w.at(3*time.Hour, func() {
		require.Equal(t, []int{1}, w.givesUp(1).Ended, "no billing system but the ledger was asked")
		w.nudge()
	})
	w.at(3*time.Hour+time.Second, func() { require.Equal(t, []string{"item-1"}, stopped) })
	require.Equal(t, transfer.ItemCounts{Complete: 2, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
	require.Equal(t, stuck, w.item(1).TransferError)
}

// T6: the last running item given up closes the transfer there and then.
func TestGiveUpOfTheLastItem(t *testing.T) {
	w := newWorld(t, 1).opened().submitted()
	w.billed(true).fails(0, forever, 20*time.Hour)
	w.at(3*time.Hour, func() {
		w.givesUp()
		w.nudge()
	})
	w.becomes(transfer.Failed)
	require.Equal(t, created.Add(3*time.Hour), w.Now().UTC())
}

// A give-up while the first attempts are under way counts once, whatever those attempts say.
func TestGiveUpDuringTheFirstAttempts(t *testing.T) {
	w := newWorld(t, 2).opened().submitted()
	w.billed(true).fails(1, forever, time.Hour)
	w.during("RecordItems", 1, func() {
		w.givesUp(1)
		w.nudge()
	})
	require.Equal(t, transfer.ItemCounts{Complete: 1, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
}

// a deployment's deadline turns an item that still runs Failed; one that ended just before stays as it ended (I-2).
func TestItemDeadline(t *testing.T) {
	strict := transfer.DefaultPolicy()
	strict.ItemDeadline = 6 * time.Hour
	t.Run("passed", func(t *testing.T) {
		w := newWorld(t, 2, options{policy: strict}).opened().submitted()
		w.billed(true).fails(1, forever, time.Hour)
		require.Equal(t, transfer.ItemCounts{Complete: 1, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
		require.Contains(t, w.item(1).TransferError, "6h0m0s")
		require.Equal(t, "Deadline of the line items", w.seen.timersSet()[0].summary)
	})
	t.Run("just not", func(t *testing.T) {
		w := newWorld(t, 1, options{policy: strict}).opened().submitted()
		w.billed(true).fails(0, forever, time.Hour)
		w.faults.stand("GiveUpLate", func(int) error {
			w.moves(0)
			return nil
		})
		require.Equal(t, transfer.ItemCounts{Complete: 1}, w.becomes(transfer.Complete).Items)
	})
	t.Run("passed while the billing system was asked", func(t *testing.T) {
		w := newWorld(t, 1, options{policy: strict}).opened().submitted()
		f := w.fenced(func(string, int) (string, error) { return "", nil })
		f.fails(0, forever, time.Hour)
		require.Equal(t, transfer.ItemCounts{Failed: 1}, w.becomes(transfer.Failed).Items)
		require.Equal(t, 1, w.seen.count("transfer.FenceItem"))
		require.Contains(t, w.item(0).TransferError, "6h0m0s")
	})
}

// A billing system that is slow by nature is asked by one activity per item, each with leave that was committed before.
func TestSlowBillingSystem(t *testing.T) {
	w := newWorld(t, 3).opened().submitted()
	m := w.billed(false)
	m.fails(1, 2, time.Hour)
	for n := range 3 {
		script := m.script[n]
		m.script[n] = func(attempt int) error {
			item := w.item(n)
			require.False(t, item.SentAt.IsZero(), "the ledger knows before the billing system does")
			require.Equal(t, w.clock.ledger(), item.AttemptedAt.UTC())
			if script == nil {
				return nil
			}
			return script(attempt)
		}
	}
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
	require.ElementsMatch(t, []string{"item-0", "item-1", "item-2"}, w.seen.activityIDs())
	require.Equal(t, 5, w.faults.calls("Leave"), "one before each call")
}

// Row 29: which billing system there is, a step finds out each time: changed under way, nothing is attempted in bulk any more.
func TestRow29BillingSystemChanged(t *testing.T) {
	w := newWorld(t, 3).opened()
	m := w.billed(true)
	w.during("MoveFacts", 1, func() {
		m.mu.Lock()
		m.bulk = false
		m.mu.Unlock()
	})
	w.submitted()
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
	require.ElementsMatch(t, []string{"item-0", "item-1", "item-2"}, w.seen.activityIDs())
	require.Equal(t, 1, w.seen.count("local transfer.MoveWindow"))
	require.Equal(t, 3, w.faults.calls("Leave"))
	require.Equal(t, 3, m.tried(0)+m.tried(1)+m.tried(2))
}

// Row 31: an item given up while a call is in flight is fenced: the billing system says what became of it.
func TestRow31GiveUpWhileACallIsInFlight(t *testing.T) {
	moved := func(key string) string { return transfer.TargetSubscriptionID(key[:36], key[37:]) }
	for name, c := range map[string]struct {
		fence   func(key string, asked int) (string, error)
		becomes transfer.Status
		held    bool
		after   time.Duration
	}{
		"promised":   {func(string, int) (string, error) { return "", nil }, transfer.Failed, false, 0},
		"done":       {func(key string, _ int) (string, error) { return moved(key), nil }, transfer.Complete, false, 0},
		"no promise": {func(string, int) (string, error) { return "", billing.ErrNoPromise }, transfer.Failed, true, 0},
		"unanswered": {func(string, int) (string, error) { return "", busy(forever, time.Hour)(1) }, transfer.Failed, true, 72 * time.Hour},
		"answered late": {func(_ string, asked int) (string, error) {
			return "", busy(30, time.Hour)(asked)
		}, transfer.Failed, false, 30 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1).opened().submitted()
			f := w.fenced(c.fence)
			f.script[0] = func(int) error { // the call comes back without an answer
				w.meanwhile(func() {
					require.Equal(t, []int{0}, w.givesUp(0).Fencing)
					w.nudge()
				})
				return busy(forever, day)(1)
			}
			receipt := w.becomes(c.becomes)
			require.Equal(t, 1, receipt.Items.Total())
			require.Equal(t, []string{"item-0", "fence-0"}, w.seen.activityIDs())
			require.Equal(t, 1, f.tried(0), "no call after the give-up")
			require.Equal(t, c.held, w.item(0).Held)
			require.WithinRange(t, w.Now(), created.Add(c.after), created.Add(c.after+2*time.Hour))
			if c.held {
				require.Contains(t, w.details(), "**Held**: of 1 failed line items nobody knows whether they moved")
				require.Equal(t, 1, w.snapshot().Held)
			}
		})
	}
}

// Row 31: the answer of the call that was in flight counts when it comes before the billing system's other one.
func TestRow31AnswerAfterTheGiveUp(t *testing.T) {
	w := newWorld(t, 1).opened().submitted()
	f := w.fenced(func(string, int) (string, error) { return "", busy(forever, time.Hour)(1) })
	f.script[0] = func(int) error {
		w.meanwhile(func() {
			w.givesUp(0)
			w.nudge()
		})
		return nil
	}
	w.becomes(transfer.Complete)
	require.False(t, w.item(0).Held)
}

// A billing system that cannot be asked not to move promises nothing.
func TestGiveUpAtABillingSystemWithoutFence(t *testing.T) {
	w := newWorld(t, 1).opened().submitted()
	w.billed(false).fails(0, forever, 20*time.Hour)
	w.at(time.Hour, func() {
		require.Equal(t, []int{0}, w.givesUp().Fencing)
		w.nudge()
	})
	w.becomes(transfer.Failed)
	require.True(t, w.item(0).Held)
}

// Begun afresh in mid fan-out: items that were attempted wait for their turn instead of being attempted all at once, and not
// in bulk.
func TestBegunAfreshInMidFanOut(t *testing.T) {
	for name, bulk := range map[string]bool{"in bulk": true, "one by one": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 20).opened().submitted()
			m := w.billed(bulk)
			m.every = busy(forever, 0)
			w.SetWorkflowRunTimeout(2 * time.Minute)
			_, err := w.follow()
			require.Error(t, err, "the run was ended from outside")
			attempts := w.item(0).Attempts
			require.Greater(t, attempts, 5)

			next := w.again()
			m.every = nil
			var early atomic.Int32
			for n := range 20 {
				item := w.item(n)
				due := item.AttemptedAt.Add(time.Second << (item.Attempts - 1))
				m.script[n] = func(int) error {
					if next.clock.worker().Before(due) {
						early.Add(1)
					}
					return nil
				}
			}
			next.at(time.Second, func() { require.Equal(t, attempts, next.item(0).Attempts, "nothing is attempted at once") })
			next.becomes(transfer.Complete)
			require.Zero(t, early.Load())
			require.Equal(t, attempts+1, next.item(0).Attempts)
			require.Len(t, next.seen.activityIDs(), 20)
		})
	}
}

// A run that begins when part of the items has ended counts each once, and goes on with the rest.
func TestBegunAfreshAmongEndedItems(t *testing.T) {
	for name, c := range map[string]struct {
		refused []int
		stands  transfer.ItemCounts
		says    string
		becomes transfer.Status
	}{
		"moved":            {nil, transfer.ItemCounts{Complete: 4, InProgress: 1}, "4 of 5 line items moved, 1 to go", transfer.Complete},
		"moved and failed": {[]int{0, 2}, transfer.ItemCounts{Complete: 2, Failed: 2, InProgress: 1}, "2 of 5 line items moved, 2 failed, 1 to go", transfer.PartiallyComplete},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 5).opened().submitted()
			m := w.billed(true)
			for _, n := range c.refused {
				m.refuses(n)
			}
			m.fails(1, 7, 0)
			w.SetWorkflowRunTimeout(time.Minute)
			_, err := w.follow()
			require.Error(t, err, "the run was ended from outside")

			next := w.again()
			next.at(time.Second, func() {
				require.Equal(t, c.stands, next.snapshot().Items)
				require.Contains(t, next.details(), c.says)
			})
			next.becomes(c.becomes)
			require.Equal(t, 8, m.tried(1))
			require.Equal(t, 1, m.tried(3))
		})
	}
}
