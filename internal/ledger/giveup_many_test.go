package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// sent gives line items leave to go to a billing system.
func (f fixture) sent(id string, ordinals ...int) {
	f.t.Helper()
	granted, err := f.Leave(f.t.Context(), id, ordinals)
	require.NoError(f.t, err)
	require.Len(f.t, granted, len(ordinals))
}

// fenced records what a billing system says to the end of a line item.
func fenced(ordinal int, f transferstore.Fence) transferstore.ItemResult {
	return transferstore.ItemResult{Ordinal: ordinal, Fence: f, Uncounted: true}
}

// R-26, race row 31: what no billing system was asked to move ends at once; of what one was asked to move, it is to say first
// what became of it.
func TestGiveUpSeveral(t *testing.T) {
	onBoth(t, worldOf(5), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 1, 3)
		require.Equal(t, f.clock.Now(), f.item(tr.ID, 1).SentAt)
		f.clock.advance(time.Minute)
		f.sent(tr.ID, 1)
		require.Equal(t, []time.Time{start, start.Add(time.Minute)}, []time.Time{f.item(tr.ID, 1).SentAt, f.item(tr.ID, 1).AttemptedAt},
			"the first leave and the latest")

		change := f.newest(tr.ID)
		given, err := f.giveUp(tr.ID, "The customer left", 3, 0, 1)
		require.NoError(t, err)
		require.Equal(t, []int{0}, given.Ended)
		require.Equal(t, []int{1, 3}, given.Fencing)
		require.Equal(t, transfer.ItemCounts{InProgress: 4, Failed: 1}, given.Transfer.Items)
		require.Equal(t, given.Transfer, f.stored(tr.ID))
		require.Equal(t, change, f.look(tr.ID, "").ChangeID)
		asked := f.item(tr.ID, 1)
		require.Equal(t, transfer.ItemInProgress, asked.Status)
		require.Equal(t, transfer.EndingAsked, asked.Ending)
		require.Equal(t, "The customer left", asked.EndingReason)
		require.Equal(t, f.clock.Now(), asked.EndingSince)
		require.Empty(t, asked.TransferError)
		require.Equal(t, []string{"created", "submitted", "given-up:0", "given-up:1", "given-up:3"}, f.events(tr.ID, targetID))

		granted, err := f.Leave(t.Context(), tr.ID, []int{0, 1, 2, 3})
		require.NoError(t, err)
		require.Equal(t, map[int]bool{2: true}, granted, "no leave for what ended or is to end")
		f.holds()
	})
}

// A command over several line items is refused as a whole when one of them is wrong.
func TestGiveUpIsAllOrNothing(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 1)
		f.record(tr.ID, moved(0))
		_, err := f.giveUp(tr.ID, "enough", 1)
		require.NoError(t, err)
		before := f.contents()
		for cause, ordinals := range map[kernel.Cause][]int{transfer.ItemNotFound: {2, 4}, transfer.ItemEnded: {2, 0}} {
			_, err := f.giveUp(tr.ID, "enough", ordinals...)
			refuses(t, err, cause)
		}
		_, err = f.giveUp(tr.ID, "enough", 2, 1)
		require.Contains(t, refuses(t, err, transfer.ItemEnded).Message, "being given up already")
		require.Equal(t, before, f.contents())
	})
}

// Instead of ordinals: whatever was attempted, still runs and is not being ended.
func TestGiveUpWhatFails(t *testing.T) {
	onBoth(t, worldOf(5), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 1, 2)
		f.record(tr.ID, moved(0), transferstore.ItemResult{Ordinal: 1, Failure: "503"}, transferstore.ItemResult{Ordinal: 2, Failure: "503"},
			transferstore.ItemResult{Ordinal: 3, Failure: "not sent"}, transferstore.ItemResult{Ordinal: 4, Failure: "waits", Uncounted: true})
		_, err := f.giveUp(tr.ID, "enough", 1)
		require.NoError(t, err)
		given, err := f.GiveUp(t.Context(), tr.ID, transferstore.GivingUp{RequestID: "all", Actor: asOperator, Failing: true, Reason: "enough"}, command.Terms[transferstore.GivenUp]{})
		require.NoError(t, err)
		require.Equal(t, []int{3}, given.Ended)
		require.Equal(t, []int{2}, given.Fencing)
		require.Equal(t, transfer.ItemInProgress, f.item(tr.ID, 4).Status)
		f.holds()
	})
}

// Race row 31: the billing system's word ends the line item. It moved, or it never will, or nobody knows: then the
// subscription stays locked, although line item and transfer have ended (I-2, I-5).
func TestFence(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.sent(tr.ID, 0, 1, 2)
		_, err := f.giveUp(tr.ID, "The customer left", 0, 1, 2)
		require.NoError(t, err)
		require.Equal(t, transfer.Ordinals("0-2"), f.look(tr.ID, "").Ending)
		f.record(tr.ID, transferstore.ItemResult{Ordinal: 2, Failure: "no answer", Uncounted: true})
		require.Equal(t, transfer.EndingAsked, f.item(tr.ID, 2).Ending)
		f.record(tr.ID, moved(0), fenced(1, transferstore.FencePromised), fenced(2, transferstore.FenceUnanswered))
		for n, want := range []transfer.LineItem{
			{Status: transfer.ItemComplete, TargetSubscriptionID: newID(0)},
			{Status: transfer.ItemFailed, TransferError: "The customer left"},
			{Status: transfer.ItemFailed, TransferError: "The customer left", Held: true},
		} {
			it := f.item(tr.ID, n)
			require.Equal(t, want, transfer.LineItem{
				Status: it.Status, TargetSubscriptionID: it.TargetSubscriptionID, TransferError: it.TransferError, Held: it.Held, Ending: it.Ending,
			})
		}

		done := f.closed(tr)
		require.Equal(t, transfer.PartiallyComplete, done.Status)
		require.Equal(t, 1, f.look(tr.ID, "").Held)
		require.Equal(t, subscription.Active, f.sub(subID(2)).Status)
		f.notChanged(subscription.InOtherTransfer, bySource, customerID, subID(2), "", subscription.Change{Quantity: wanting(9)})
		f.changed(1, subscription.Change{Quantity: wanting(9)})
		second := f.pending("r2")
		_, err = f.Submit(t.Context(), second.ID, picking("d2", 1, 2))
		require.Contains(t, refuses(t, err, subscription.InOtherTransfer).Message, tr.ID)
		submitted, err := f.Submit(t.Context(), second.ID, everything("d2"))
		require.NoError(t, err)
		require.Equal(t, 1, submitted.Items.InProgress, "what is held is not eligible")

		before := f.contents()
		f.record(tr.ID, moved(1), moved(2), fenced(0, transferstore.FencePromised))
		require.Equal(t, before, f.contents(), "it ended once")
		require.ErrorContains(t, f.raw("UPDATE line_items SET held = TRUE WHERE transfer_id = '"+tr.ID+"' AND ordinal = 1"), "ends once")
		f.holds()
	})
}

// the deployment's deadline ends what is left, also beside what an operator gave up before; it can come again.
func TestDeadlineBesideAnOperator(t *testing.T) {
	policy := transfer.DefaultPolicy()
	policy.ItemDeadline = time.Hour
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		f.Ledger = f.another(Options{Policy: policy})
		tr := f.moving("r1")
		f.sent(tr.ID, 1, 2)
		_, err := f.giveUp(tr.ID, "by hand", 1)
		require.NoError(t, err)
		f.clock.advance(59 * time.Minute)
		at, err := f.GiveUpLate(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, 4, at.Items.InProgress, "too early")
		f.clock.advance(2 * time.Minute)
		at, err = f.GiveUpLate(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, transfer.ItemCounts{InProgress: 2, Failed: 2}, at.Items)
		require.Equal(t, []transfer.Ordinals{"1-2", "1-2"}, []transfer.Ordinals{at.Open, at.Ending})
		require.Equal(t, []string{"by hand", "Not moved within the 1h0m0s that this platform allows."},
			[]string{f.item(tr.ID, 1).EndingReason, f.item(tr.ID, 2).EndingReason})
		before := f.contents()
		again, err := f.GiveUpLate(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, []any{at.Items, at.Open, at.Ending}, []any{again.Items, again.Open, again.Ending})
		require.Equal(t, before, f.contents())
		require.Equal(t, []transfer.Due{transfer.NothingDue, transfer.DueOverdue}, []transfer.Due{again.Due, again.NextIs}, "the deadline did what it can")
		f.clock.advance(again.NextIn + time.Second)
		require.Equal(t, transfer.DueOverdue, f.look(tr.ID, "").Due, "R-24, while the billing system is still asked")
		f.holds()
	})
}

// Race row 33: however many line items are given up, it is one command that makes the transfer's run look and each range
// that it concerns, once.
func TestGiveUpThousands(t *testing.T) {
	const ranges, each = 40, 125
	large := ranges * rangeSize
	onBoth(t, worldOf(large), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		var ordinals []int
		for from := 0; from < large; from += rangeSize {
			for n := range each {
				ordinals = append(ordinals, from+2*n)
			}
		}
		f.behind(fmt.Sprintf("UPDATE line_items SET sent_at = '%s' WHERE ordinal %% 4 = 0", start.Format(store.StampLayout)))
		before := f.Statements()
		given, err := f.giveUp(tr.ID, "enough", ordinals...)
		require.NoError(t, err)
		statements := f.Statements() - before
		t.Logf("giving up %d line items in %d ranges: %d statements", len(ordinals), ranges, statements)
		require.LessOrEqual(t, statements, int64(8))
		require.Equal(t, []int{len(ordinals) / 2, len(ordinals) / 2}, []int{len(given.Ended), len(given.Fencing)})
		raised := f.rows("SELECT workflow_id FROM runs WHERE cause = 'given-up'")
		require.Len(t, raised, ranges+1)
		require.Contains(t, raised, transfer.WorkflowID(tr.ID))
		require.Contains(t, raised, transfer.RangeWorkflowID(tr.ID, 9750, 10000))
		require.Equal(t, []string{"1|40", "3|1"}, f.rows("SELECT wanted, COUNT(*) FROM runs GROUP BY wanted"))

		_, err = f.giveUp(tr.ID, "enough", 1, 3, 251)
		require.NoError(t, err)
		require.Equal(t, []string{"1|38", "2|2", "4|1"}, f.rows("SELECT wanted, COUNT(*) FROM runs GROUP BY wanted"))
		f.holds()
	})
}
