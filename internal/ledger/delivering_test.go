package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/runs"
	"handover/internal/transfer"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// followed are the workflow ids of a page of runs that must be open.
func (f fixture) followed(after string, limit int) []string {
	f.t.Helper()
	page, err := f.FollowedRuns(f.t.Context(), after, limit)
	require.NoError(f.t, err)
	found := []string{}
	for _, w := range page {
		require.Equal(f.t, runs.CauseWatch, w.Cause)
		found = append(found, w.WorkflowID)
	}
	return found
}

func (f fixture) unregister(partner string) {
	f.t.Helper()
	_, err := f.UnregisterWebhook(f.t.Context(), command.Terms[webhook.Registration]{}, partner)
	require.NoError(f.t, err)
}

// I-7: the run of a partner for whom something waits must be open, among all others; that of one who was told everything, whose
// endpoint is switched off or who does not want to hear any more need not, and is not over either, because it ends by itself.
func TestRunsThatDeliverAreFollowed(t *testing.T) {
	onBoth(t, abroad(), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		transferred := transfer.WorkflowID(f.pending("waiting").ID)
		source, target := webhook.WorkflowID(sourceID), webhook.WorkflowID(targetID)
		require.Less(t, source, target)
		require.Empty(t, f.followed("", 10), "they are to be told yet")
		f.caughtUp()
		require.Equal(t, []string{source, target, transferred}, f.followed("", 10))
		require.Equal(t, []string{source, target}, f.followed("", 2))
		require.Equal(t, []string{target}, f.followed(source, 1))
		require.Equal(t, []string{transferred}, f.followed(target, 2))
		require.Empty(t, f.followed(transferred, 10))
		page, err := f.FollowedRuns(t.Context(), "", 1)
		require.NoError(t, err)
		require.Equal(t, []runs.Wanted{{WorkflowID: source, WorkflowType: webhook.WorkflowType, SubjectID: sourceID, FairKey: sourceID, Cause: runs.CauseWatch}}, page)

		f.sends(sourceID, 500)
		require.Equal(t, []string{source, target, transferred}, f.followed("", 10), "it waits for its next attempt")
		f.clock.advance(time.Minute)
		f.sends(sourceID, 204)
		require.Equal(t, []string{target, transferred}, f.followed("", 10))
		f.sends(targetID, 410)
		require.Equal(t, []string{transferred}, f.followed("", 10))
		f.tested(sourceID, "t")
		f.caughtUp()
		require.Equal(t, []string{source, transferred}, f.followed("", 10))
		f.unregister(sourceID)
		require.Empty(t, f.due(sourceID), "what waited is a dead letter")
		require.Equal(t, []string{transferred}, f.followed("", 10))

		over, err := f.OverRuns(t.Context(), []string{source, target, transferred})
		require.NoError(t, err)
		require.Empty(t, over)

		f.want(page[0])
		for count, ids := range map[int][]string{0: {}, 1: {source, target, "unknown"}} {
			behind, err := f.RunsBehind(t.Context(), ids...)
			require.NoError(t, err)
			require.Equal(t, count, behind, ids)
		}
	})
}

// What waits behind an earlier event about the same thing is not overdue, however long that one has to wait.
func TestWhatWaitsBehindAnotherIsNotOverdue(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.moving("r1", 0)
		require.Equal(t, 2, f.owed(sourceID).Waiting)
		for range 2 {
			f.sends(sourceID, 500)
			now := f.owed(sourceID)
			f.clock.advance(now.Next.Sub(now.At))
		}
		f.sends(sourceID, 500)
		f.caughtUp()
		now := f.owed(sourceID)
		require.Greater(t, now.Next.Sub(now.At), 20*time.Minute)
		f.clock.advance(12 * time.Minute)
		raised, err := f.WatchWebhooks(t.Context())
		require.NoError(t, err)
		require.Zero(t, raised)
		f.clock.advance(time.Hour)
		raised, err = f.WatchWebhooks(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, raised, "now the first one is")
	})
}

// An operator sees who is not told and why: nobody sends, the endpoint fails, it is switched off. Who is well is not listed, whatever
// died before.
func TestStuckWebhooks(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		stuck := func() []webhookstore.Troubled {
			t.Helper()
			found, err := f.Stuck(t.Context(), time.Minute)
			require.NoError(t, err)
			return found.Webhooks
		}
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		f.moving("r1", 0)
		at := f.owed(sourceID).Oldest
		f.clock.advance(time.Second)
		f.sends(targetID, 200)
		f.sends(targetID, 200)
		require.Empty(t, stuck(), "nothing has waited for a minute")
		f.clock.advance(2 * time.Minute)
		require.Equal(t, []webhookstore.Troubled{{PartnerTenantID: sourceID, Waiting: 2, Oldest: at, Next: at}}, stuck(), "nobody sends what is due")

		f.sends(sourceID, 503)
		require.Empty(t, stuck(), "the next attempt is to come, and the endpoint has hardly begun to fail")
		now := f.owed(sourceID)
		f.clock.advance(time.Minute)
		require.Equal(t, []webhookstore.Troubled{
			{PartnerTenantID: sourceID, Health: now.Registration.Health, Waiting: 2, Oldest: at, Next: now.Next, LastStatus: 503},
		}, stuck())

		for range 2 {
			f.sends(sourceID, 503)
			f.clock.advance(time.Hour)
		}
		f.sends(sourceID, 503)
		now = f.owed(sourceID)
		require.True(t, now.Registration.Health.Rests(now.At))
		require.Equal(t, now.Next, stuck()[0].Next, "not while the endpoint rests")

		f.clock.advance(10 * time.Hour)
		f.sends(sourceID, 410)
		now = f.owed(sourceID)
		require.Equal(t, []webhookstore.Troubled{{PartnerTenantID: sourceID, Health: now.Registration.Health, Dead: 2}}, stuck(), "switched off")
		dead, err := f.DeadWebhooks(t.Context(), strings.ToUpper(sourceID))
		require.NoError(t, err)
		require.Equal(t, 2, dead)
		f.pending("r2")
		f.clock.advance(2 * time.Minute)
		found := stuck()
		require.Equal(t, []string{targetID, sourceID}, []string{found[0].PartnerTenantID, found[1].PartnerTenantID}, "what goes on before what does not")
		f.sends(targetID, 200)
		f.replace(sourceID, everyEvent())
		require.Empty(t, stuck())
	})
}
