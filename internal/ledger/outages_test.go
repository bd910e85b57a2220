package ledger

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outage"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// away is what one program says that has found the billing system away for that long.
func (f fixture) away(lasted time.Duration, failures int64) {
	f.t.Helper()
	require.NoError(f.t, f.OutageGoesOn(f.t.Context(), outage.Sighting{
		Name: outage.Billing, Lasted: lasted, Failures: failures, Status: 503, Said: "503 Service Unavailable", Next: time.Minute,
	}))
}

func (f fixture) outage() outage.Outage {
	f.t.Helper()
	o, err := f.Outage(f.t.Context(), outage.Billing)
	require.NoError(f.t, err)
	return o
}

func (f fixture) back(quietFor time.Duration) bool {
	f.t.Helper()
	ended, err := f.EndOutage(f.t.Context(), outage.Billing, quietFor)
	require.NoError(f.t, err)
	return ended
}

// Two processes that find the billing system away make one fact, which begins once and ends once, and is shown by one run.
func TestOutageIsOneFact(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		require.False(t, f.outage().Open())
		require.False(t, f.back(0), "nothing was away")

		f.away(2*time.Second, 5)
		f.clock.advance(time.Second)
		f.away(2*time.Second, 7)
		o := f.outage()
		require.True(t, o.Open())
		require.Equal(t, outage.Outage{
			Name: outage.Billing, Since: start.Add(-2 * time.Second), Failures: 12, Status: 503, Said: "503 Service Unavailable",
			NextAt: start.Add(time.Second + time.Minute),
		}, o)
		run := f.run(outage.WorkflowID)
		require.Equal(t, int64(1), run.Wanted, "only the first begins it")
		require.Equal(t, outage.WorkflowType, run.WorkflowType)
		require.Equal(t, runs.CauseOpened, run.Cause)

		f.clock.advance(time.Minute)
		require.True(t, f.back(0))
		require.False(t, f.back(0), "only the first ends it")
		require.Equal(t, start.Add(time.Second+time.Minute), f.outage().EndedAt)
		require.Equal(t, int64(2), f.run(outage.WorkflowID).Wanted)

		f.clock.advance(time.Hour)
		f.away(time.Second, 5)
		require.Equal(t, int64(5), f.outage().Failures, "another outage counts anew")
		require.Equal(t, f.clock.Now().Add(-time.Second), f.outage().Since)
		require.Equal(t, int64(3), f.run(outage.WorkflowID).Wanted)
	})
}

func TestOutageFoundByManyAtOnce(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { f.away(time.Second, 1) })
		}
		all.Wait()
		require.Equal(t, int64(8), f.outage().Failures)
		var ended sync.Map
		for n := range 8 {
			all.Go(func() { ended.Store(n, f.back(0)) })
		}
		all.Wait()
		first := 0
		ended.Range(func(_, was any) bool {
			if was == true {
				first++
			}
			return true
		})
		require.Equal(t, 1, first)
	})
}

// What a program left behind that died is ended by one that gets answers, and not while somebody still finds it away.
func TestOutageThatNobodyGoesOnWith(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		const quiet = 2 * time.Minute
		f.away(time.Second, 5)
		f.clock.advance(2 * time.Minute)
		require.False(t, f.back(quiet), "it was to be asked again a minute ago")
		f.away(2*time.Minute, 1)
		f.clock.advance(2 * time.Minute)
		require.False(t, f.back(quiet))
		f.clock.advance(time.Minute)
		require.True(t, f.back(quiet))
	})
}

// What waits for a billing system that is away is no fault of its run's, and the one fact is what operators are shown.
func TestOutageExplainsWhatWaits(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		id := f.moving("r1", 0, 1).ID
		f.caughtUp()
		f.clock.advance(69 * time.Minute)
		f.away(time.Hour, 5)
		f.caughtUp()
		f.clock.advance(2 * time.Minute)
		require.Empty(t, f.watched())
		owes, err := f.FollowOf(t.Context(), id)
		require.NoError(t, err)
		require.False(t, owes.Overdue)
		stuck, err := f.Stuck(t.Context(), time.Hour)
		require.NoError(t, err)
		require.Empty(t, stuck.Transfers)
		require.Equal(t, []outage.Outage{f.outage()}, stuck.Outages)
		waiting, err := f.OpenItems(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, waiting)

		require.True(t, f.back(0))
		f.caughtUp()
		f.clock.advance(69 * time.Minute)
		require.Empty(t, f.watched(), "they have their turn first")
		f.clock.advance(2 * time.Minute)
		require.Equal(t, []string{id}, f.watched())
		stuck, err = f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Empty(t, stuck.Outages)
	})
}

// attempts is the longest time between two attempts at an item, with a margin.
const attempts = 70 * time.Minute

// Line items that have to wait for a slot at the billing system are not overdue either, as long as others keep it busy.
func TestCrowdExplainsWhatWaits(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.caughtUp()
		f.clock.advance(attempts - time.Minute)
		require.NoError(t, f.Crowded(t.Context(), outage.BillingCrowd))
		f.clock.advance(time.Hour)
		require.Empty(t, f.watched())
		require.False(t, f.follow(tr.ID).Overdue)
		stuck, err := f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Empty(t, stuck.Outages, "it is no outage")
		require.Empty(t, stuck.Transfers)

		require.NoError(t, f.Crowded(t.Context(), outage.BillingCrowd))
		f.clock.advance(attempts - time.Second)
		require.Empty(t, f.watched())
		f.clock.advance(time.Second)
		require.Equal(t, []string{tr.ID}, f.watched())
	})
}

// A lost one does not hide among them for ever.
func TestCrowdHidesNothingForLong(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		f.caughtUp()
		for range 23 {
			f.clock.advance(time.Hour)
			require.NoError(t, f.Crowded(t.Context(), outage.BillingCrowd))
			require.Empty(t, f.watched())
		}
		f.clock.advance(time.Hour + time.Second)
		require.NoError(t, f.Crowded(t.Context(), outage.BillingCrowd))
		require.Equal(t, []string{tr.ID}, f.watched())
	})
}

// The run of an outage is about no transfer: nothing that compares runs with transfers takes it for one.
func TestOutageRunIsAboutNoTransfer(t *testing.T) {
	onEmpty(t, func(t *testing.T, f fixture) {
		f.away(time.Second, 5)
		claimed := f.claim(10, 10)
		require.Len(t, claimed, 1)
		require.Equal(t, outage.WorkflowID, claimed[0].WorkflowID)
		require.Equal(t, transfer.None, transferstore.StateOf(claimed[0]).Status)
		f.told(claimed...)

		over, err := f.OverRuns(t.Context(), []string{outage.WorkflowID})
		require.NoError(t, err)
		require.Empty(t, over)
		followed, err := f.FollowedRuns(t.Context(), "", 10)
		require.NoError(t, err)
		require.Empty(t, followed)
		follows, err := f.Follows(t.Context(), "", 10)
		require.NoError(t, err)
		require.Empty(t, follows)
		resumed, err := f.Resume(t.Context(), transferstore.Resumption{Cause: runs.CauseResumed, Actor: asOperator}, outage.WorkflowID, outage.Billing)
		require.NoError(t, err)
		require.Zero(t, resumed)
		require.Empty(t, f.watched())
	})
}
