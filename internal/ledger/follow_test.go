package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

func (f fixture) follow(id string) transferstore.Follow {
	f.t.Helper()
	found, err := f.FollowOf(f.t.Context(), id)
	require.NoError(f.t, err)
	return found
}

func TestFollow(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		require.Equal(t, transferstore.Follow{TransferID: tr.ID, Status: transfer.Pending, HasRun: true, Behind: time.Microsecond}, f.follow(tr.ID))
		f.clock.advance(time.Minute)
		require.Equal(t, time.Minute, f.follow(tr.ID).Behind)
		f.caughtUp()
		f.clock.advance(time.Second)
		require.Equal(t, transferstore.Follow{TransferID: tr.ID, Status: transfer.Pending, HasRun: true, Settled: time.Minute + time.Second}, f.follow(tr.ID))

		f.clock.advance(tr.ExpirationTime.Sub(f.clock.Now()) + 5*time.Minute)
		require.True(t, f.follow(tr.ID).Overdue)
		before := f.contents()
		require.True(t, f.follow(tr.ID).Overdue, "it stays so")
		require.Equal(t, before, f.contents(), "and nobody was told")

		_, err := f.Expire(t.Context(), tr.ID)
		require.NoError(t, err)
		f.clock.advance(time.Hour)
		require.Equal(t, time.Hour, f.follow(tr.ID).Settled)
		require.False(t, f.follow(tr.ID).Overdue)
		_, err = f.FollowOf(t.Context(), idOf("unknown"))
		refuses(t, err, transfer.NotFound)
	})
}

// A range that is behind counts for its transfer, and a transfer that is over counts while anything is behind.
func TestFollows(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		open, over := f.pending("r1"), f.closed(f.moving("r2", 0), moved(0))
		f.caughtUp()
		page, err := f.Follows(t.Context(), "", 10)
		require.NoError(t, err)
		require.Len(t, page, 1)
		require.Equal(t, open.ID, page[0].TransferID)
		require.Zero(t, page[0].Behind)

		f.want(runs.Wanted{
			WorkflowID: transfer.RangeWorkflowID(over.ID, 0, 250), WorkflowType: transfer.RangeWorkflowType, SubjectID: over.ID, FairKey: targetID, Cause: transferstore.CauseGivenUp,
		})
		f.clock.advance(time.Second)
		page, err = f.Follows(t.Context(), "", 10)
		require.NoError(t, err)
		require.Len(t, page, 2)
		first, err := f.Follows(t.Context(), "", 1)
		require.NoError(t, err)
		require.Equal(t, page[:1], first)
		second, err := f.Follows(t.Context(), page[0].TransferID, 1)
		require.NoError(t, err)
		require.Equal(t, page[1:], second)
		require.Equal(t, time.Second, f.follow(over.ID).Behind)
	})
}

func TestResume(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		r := transferstore.Resumption{Cause: runs.CauseResumed, Actor: asOperator, Origin: kernel.Origin{Via: kernel.ByOperator, Operator: "root", Correlation: "c1"}}
		one, two := f.pending("r1"), f.pending("r2")
		f.caughtUp()
		change := f.rows("SELECT change_id FROM transfers")

		resumed, err := f.Resume(t.Context(), r, one.ID, idOf("unknown"))
		require.NoError(t, err)
		require.Equal(t, 1, resumed)
		behind := f.claim(10, 10)
		require.Len(t, behind, 1)
		require.Equal(t, one.ID, behind[0].SubjectID)
		require.Equal(t, runs.CauseResumed, behind[0].Cause)
		require.Equal(t, "c1", behind[0].CorrelationID)
		f.told(behind...)

		r.Cause = runs.CauseReplaced
		last, resumed, err := f.ResumeOpen(t.Context(), r, "", 1)
		require.NoError(t, err)
		require.Equal(t, 1, resumed)
		_, resumed, err = f.ResumeOpen(t.Context(), r, last, 1)
		require.NoError(t, err)
		require.Equal(t, 1, resumed)
		_, resumed, err = f.ResumeOpen(t.Context(), r, max(one.ID, two.ID), 1)
		require.NoError(t, err)
		require.Zero(t, resumed)
		behind = f.claim(10, 10)
		require.Len(t, behind, 2)
		require.Equal(t, runs.CauseReplaced, behind[0].Cause)

		require.Equal(t, change, f.rows("SELECT change_id FROM transfers"), "a run may know of it or not")
		for _, participant := range []string{sourceID, targetID} {
			log, err := f.LogOf(t.Context(), one.ID, participant)
			require.NoError(t, err)
			require.Len(t, log, 3, "created and twice resumed, although the clock stood still")
			require.Equal(t, "operator", log[2].UserID)
			require.Contains(t, log[2].NewValue, `"operator":"root"`)
		}
		f.holds()
	})
}

func TestStuck(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.pending("r2")
		found, err := f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, Stuck{}, found)

		_, err = f.Leave(t.Context(), tr.ID, []int{0, 1})
		require.NoError(t, err)
		_, err = f.giveUp(tr.ID, "enough", 0, 1)
		require.NoError(t, err)
		f.record(tr.ID, transferstore.ItemResult{Ordinal: 1, Fence: transferstore.FenceUnanswered, Uncounted: true})
		f.clock.advance(73 * time.Hour)
		_, err = f.FlagOverdue(t.Context(), tr.ID)
		require.NoError(t, err)
		found, err = f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Len(t, found.Runs, 2)
		require.Len(t, found.Transfers, 1)
		require.Equal(t, transferstore.StuckTransfer{
			TransferID: tr.ID, Status: transfer.InProgress, Overdue: true, Idle: true, Items: transfer.ItemCounts{InProgress: 2, Failed: 1},
			Since: f.stored(tr.ID).LastModifiedTime,
		}, found.Transfers[0])
		require.Len(t, found.Items, 2)
		require.Equal(t, transferstore.StuckItem{TransferID: tr.ID, SubscriptionID: subID(0), Reason: "enough", Since: found.Items[0].Since}, found.Items[0])
		require.True(t, found.Items[1].Held)
		require.Len(t, found.Mail, found.MailCount)
		require.NotEmpty(t, found.Mail)

		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		require.Contains(t, findings[6].Notes[0], "Line item 1 of transfer "+tr.ID+" is held")
		f.holds()
	})
}

// I-8: an item that was sent ends by the billing system's word, whichever that is.
func TestVerifyKnowsHowSentItemsEnd(t *testing.T) {
	onBoth(t, worldOf(6), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		_, err := f.Leave(t.Context(), tr.ID, []int{0, 1, 2, 3, 4})
		require.NoError(t, err)
		f.clock.advance(time.Second)
		_, err = f.giveUp(tr.ID, "enough", 2, 3, 5)
		require.NoError(t, err)
		f.record(tr.ID, moved(0), refused(1), transferstore.ItemResult{Ordinal: 2, Fence: transferstore.FencePromised}, transferstore.ItemResult{Ordinal: 3, Fence: transferstore.FenceUnanswered})
		f.holds()
		findings, err := f.Verify(t.Context())
		require.NoError(t, err)
		require.Equal(t, "I-8", findings[6].Invariant)
		require.Equal(t, 4, findings[6].Checked)

		f.dropGuards()
		for _, damage := range []struct{ do, undo string }{
			{"status = 'Failed', transfer_error = 'lost' WHERE ordinal = 4", "status = 'InProgress', transfer_error = NULL WHERE ordinal = 4"},
			{"sent_at = '2031-03-04T00:00:00.000000Z' WHERE ordinal = 5", "sent_at = NULL WHERE ordinal = 5"}, // after it was given up
		} {
			f.behind("UPDATE line_items SET " + damage.do)
			findings, err := f.Verify(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, findings[6].Count, damage.do)
			require.Contains(t, findings[6].Broken[0], "neither refused nor fenced")
			f.behind("UPDATE line_items SET " + damage.undo)
		}
	})
}
