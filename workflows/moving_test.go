package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"handover/activities"
	"handover/internal/ledger"
	"handover/internal/transfer"
	"handover/workflows"
)

// forever is more attempts than any test waits for.
const forever = 1_000_000

// an item that fails is retried until it succeeds, independently of its siblings.
func TestFailingItemIsRetried(t *testing.T) {
	w := newWorld(t, 3)
	w.billing.fails(1, 12, 0)
	w.approveAt(time.Hour)
	w.at(time.Hour+time.Minute, func() {
		s := w.snapshot()
		require.Equal(t, transfer.ItemCounts{Complete: 2, InProgress: 1}, s.Items)
		require.Len(t, s.Transfer.LineItems, 3)
		require.Equal(t, transfer.ItemInProgress, s.Transfer.LineItems[1].Status)
		require.Contains(t, w.details(), "2 of 3 line items moved, 1 to go")
	})
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
	require.Equal(t, 13, w.billing.attempts[subscription(1).ID])
	require.Equal(t, 1, w.billing.attempts[subscription(0).ID])
	require.Contains(t, w.seen.activities, "item-1")
	require.NotContains(t, w.seen.activities, "item-0")
}

// the retries have no end of their own, but slow down to one an hour.
func TestRetriesSlowDown(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.script[subscription(0).ID] = func(int) error {
		if w.Now().Before(created.Add(24 * time.Hour)) {
			return errBusy
		}
		return nil
	}
	w.approveAt(time.Hour)
	w.becomes(transfer.Complete)
	require.InDelta(t, 35, w.billing.attempts[subscription(0).ID], 3, "a dozen in the first hour, then one an hour")
}

// items that still run 72 hours after submit make the transfer overdue, once, and their retries go on.
func TestOverdue(t *testing.T) {
	w := newWorld(t, 2)
	w.billing.fails(0, 8, 12*time.Hour)
	w.approveAt(time.Hour)
	overdue := func() bool { found, _ := w.seen.attributes.GetBool(workflows.OverdueKey); return found }
	w.at(72*time.Hour+59*time.Minute, func() {
		require.False(t, overdue())
		require.False(t, w.snapshot().Overdue)
	})
	w.at(73*time.Hour+time.Minute, func() {
		require.True(t, overdue())
		require.True(t, w.snapshot().Overdue)
		require.True(t, w.ledger.transfer.Overdue)
		require.Contains(t, w.details(), "Overdue")
	})
	w.becomes(transfer.Complete)
	require.False(t, overdue(), "what is over is not late any more")
	require.NotContains(t, w.details(), "Overdue")
	require.Equal(t, 1, w.ledger.calls["FlagOverdue"])
	require.Equal(t, 9, w.billing.attempts[subscription(0).ID])
}

// what moves at once needs no timer.
func TestNoOverdueTimerWhenAllMovesAtOnce(t *testing.T) {
	w := newWorld(t, 3)
	w.approveAt(time.Hour)
	w.becomes(transfer.Complete)
	require.Len(t, w.seen.timers, 1, "only the wait for the source")
}

// a transfer that is over is not overdue, however long its run stays open for its e-mail.
func TestNotOverdueOnceComplete(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, 5, 2*time.Hour)
	w.mailFails(transfer.EventCompleted)
	w.approveAt(time.Hour)
	w.becomes(transfer.Complete)
	require.Greater(t, w.Now(), created.Add(73*time.Hour))
	require.Zero(t, w.ledger.calls["FlagOverdue"])
}

// R-29, T6, R-202: refused items end at once; the transfer is partially complete or failed, and nobody gets an e-mail.
func TestRefusedItems(t *testing.T) {
	for name, c := range map[string]struct {
		refused []int
		becomes transfer.Status
	}{
		"one": {[]int{1}, transfer.PartiallyComplete},
		"all": {[]int{0, 1, 2}, transfer.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 3)
			for _, n := range c.refused {
				w.billing.refuses(n)
			}
			w.approveAt(time.Hour)
			receipt := w.becomes(c.becomes)
			require.Equal(t, len(c.refused), receipt.Items.Failed)
			require.Equal(t, 1, w.billing.attempts[subscription(1).ID])
			require.ElementsMatch(t, []string{"created to source", "created to customer"}, w.mail.sent)
			require.NotContains(t, w.seen.activities, "mail-completed")
			require.Zero(t, w.ledger.transfer.CompletedTime)
		})
	}
}

// an add-on moves after its base, and fails when its base can never move.
func TestAddOns(t *testing.T) {
	withAddOn := func(t *testing.T) *world {
		w := newWorld(t, 2)
		w.ledger.facts.Subscriptions[1].ParentID = subscription(0).ID
		w.at(time.Hour, func() { w.signal(picked("submit-1", 1)) })
		return w
	}
	t.Run("waits for its base", func(t *testing.T) {
		w := withAddOn(t)
		w.billing.fails(0, 4, 0)
		w.billing.script[subscription(1).ID] = func(int) error {
			require.Equal(t, 5, w.billing.attempts[subscription(0).ID])
			return nil
		}
		require.Equal(t, transfer.ItemCounts{Complete: 2}, w.becomes(transfer.Complete).Items)
		require.Zero(t, w.ledger.items[1].Attempts, "waiting is no failed attempt")
	})
	t.Run("fails with its base", func(t *testing.T) {
		w := withAddOn(t)
		w.billing.refuses(0)
		require.Equal(t, transfer.ItemCounts{Failed: 2}, w.becomes(transfer.Failed).Items)
		require.Zero(t, w.billing.attempts[subscription(1).ID])
	})
}

// an operator gives an item up; its retries end at once, those of its siblings go on.
func TestGiveUp(t *testing.T) {
	w := newWorld(t, 3)
	w.billing.fails(1, forever, 20*time.Hour)
	w.billing.fails(2, 5, 2*time.Hour)
	w.approveAt(time.Hour)
	var stopped []string
	w.SetOnActivityCanceledListener(func(info *activity.Info) { stopped = append(stopped, info.ActivityID) })
	var a *answer
	w.at(3*time.Hour, func() { a = w.giveUp(stuck(1)) })
	w.at(3*time.Hour+time.Second, func() { require.Equal(t, []string{"item-1"}, stopped) })
	require.Equal(t, transfer.ItemCounts{Complete: 2, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
	require.NoError(t, a.err)
	require.Equal(t, transfer.ItemFailed, a.result.(transfer.ItemEntity).Status)
	require.Equal(t, "stuck", w.ledger.items[1].TransferError)
}

// T6: the last running item given up closes the transfer there and then.
func TestGiveUpOfTheLastItem(t *testing.T) {
	w := newWorld(t, 1)
	w.billing.fails(0, forever, 20*time.Hour)
	w.approveAt(time.Hour)
	w.at(3*time.Hour, func() { w.giveUp(stuck(0)) })
	w.becomes(transfer.Failed)
	require.Equal(t, created.Add(3*time.Hour), w.ledger.transfer.LastModifiedTime)
}

func stuck(item int) activities.GiveUp {
	return activities.GiveUp{RequestID: "give-up-1", Actor: operator, Item: item, Reason: "stuck"}
}

// give-up is the operator's, needs a reason, and only a running item can be given up (I-2).
func TestGiveUpRefused(t *testing.T) {
	w := newWorld(t, 2)
	w.billing.fails(1, 3, time.Hour)
	w.approveAt(time.Hour)
	got := map[transfer.Cause]*answer{}
	w.at(2*time.Hour, func() {
		for cause, g := range map[transfer.Cause]activities.GiveUp{
			transfer.WrongParty:    {Actor: source1, Item: 1, Reason: "stuck"},
			transfer.NotFound:      {Actor: stranger, Item: 1, Reason: "stuck"},
			transfer.ReasonMissing: {Actor: operator, Item: 1},
			transfer.ItemEnded:     {Actor: operator, Item: 0, Reason: "stuck"},
			transfer.ItemNotFound:  {Actor: operator, Item: 7, Reason: "stuck"},
		} {
			g.RequestID = string(cause)
			got[cause] = w.giveUp(g)
		}
	})
	w.becomes(transfer.Complete)
	require.Len(t, got, 5)
	for cause, a := range got {
		w.refuses(cause, a)
	}
}

// A give-up while the first attempts are under way counts once, whatever those attempts say.
func TestGiveUpDuringTheFirstAttempts(t *testing.T) {
	w := newWorld(t, 2)
	w.billing.fails(1, forever, time.Hour)
	w.ledger.before["RecordItems"] = func(call int) error {
		if call == 1 {
			var a *answer
			w.meanwhile(func() { a = w.giveUp(stuck(1)) })
			w.answered(a)
		}
		return nil
	}
	w.approveAt(time.Hour)
	require.Equal(t, transfer.ItemCounts{Complete: 1, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
}

// a deployment's deadline turns an item that still runs Failed.
func TestItemDeadline(t *testing.T) {
	w := newWorld(t, 2)
	w.ledger.policy.ItemDeadline = 6 * time.Hour
	w.billing.fails(1, forever, time.Hour)
	w.approveAt(time.Hour)
	require.Equal(t, transfer.ItemCounts{Complete: 1, Failed: 1}, w.becomes(transfer.PartiallyComplete).Items)
	require.Contains(t, w.ledger.items[1].TransferError, "6h0m0s")
}

// I-2: an item that ended in the ledger just before its deadline ended as the ledger says.
func TestItemEndsAtItsDeadline(t *testing.T) {
	w := newWorld(t, 1)
	w.ledger.policy.ItemDeadline = 6 * time.Hour
	w.billing.fails(0, forever, time.Hour)
	w.ledger.before["GiveUp"] = func(int) error {
		_, err := w.ledger.RecordItems(t.Context(), w.ledger.transfer.ID, []ledger.ItemResult{{TargetSubscriptionID: "new"}})
		return err
	}
	w.approveAt(time.Hour)
	require.Equal(t, transfer.ItemCounts{Complete: 1}, w.becomes(transfer.Complete).Items)
}

// A billing system that is slow by nature is asked by one activity per item from the start.
func TestSlowBillingSystem(t *testing.T) {
	w := newWorld(t, 3)
	w.billing.immediate = false
	w.billing.fails(1, 2, time.Hour)
	w.approveAt(time.Hour)
	w.at(2*time.Hour+time.Minute, func() {
		s := w.snapshot()
		require.Len(t, s.Transfer.LineItems, 3, "those that are still being tried are seen too")
		require.Equal(t, subscription(1).ID, s.Transfer.LineItems[1].SubscriptionID)
		require.Equal(t, transfer.ItemInProgress, s.Transfer.LineItems[1].Status)
	})
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
	require.Subset(t, w.seen.activities, []string{"item-0", "item-1", "item-2"})
	require.Equal(t, 1+3+2, w.ledger.calls["MoveFacts"], "the list, the first attempts, the retries")
}
