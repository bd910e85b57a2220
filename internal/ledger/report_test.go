package ledger

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

var (
	sourceView   = transfer.Viewer{PartnerTenantID: sourceID}
	targetView   = transfer.Viewer{PartnerTenantID: targetID}
	operatorView = transfer.Viewer{Operator: true}
)

// ..R-185: the report is made of what the ledger has, also of subscriptions that are deleted by now.
func TestReportFacts(t *testing.T) {
	onBoth(t, worldOf(4), func(t *testing.T, f fixture) {
		tr := f.moving("r1", 3, 1, 2)
		done := f.closed(tr, moved(0), transferstore.ItemResult{Ordinal: 1, Failure: "Not now."}, refused(2), moved(1))
		of, items, olds, err := f.ReportFacts(t.Context(), strings.ToUpper(tr.ID))
		require.NoError(t, err)
		require.Equal(t, done, of)
		stored, err := f.Items(t.Context(), tr.ID, 0, -1)
		require.NoError(t, err)
		require.Equal(t, stored, items)
		require.Equal(t, map[string]subscription.Subscription{subID(1): f.sub(subID(1)), subID(2): f.sub(subID(2)), subID(3): f.sub(subID(3))}, olds)

		rows, err := transfer.Report(of, items, olds, sourceView)
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Equal(t, "2031-01-03 2031-03-02 2031-03-03 2032-01-03",
			strings.Join([]string{rows[0].SourceFrom, rows[0].SourceUntil, rows[0].TargetFrom, rows[0].TargetUntil}, " "))
		require.Equal(t, "Never.", rows[2].TransferError)
		rows, err = transfer.Report(of, items, olds, targetView)
		require.NoError(t, err)
		require.Equal(t, []string{newID(0), newID(1)}, []string{rows[0].TargetSubscriptionID, rows[1].TargetSubscriptionID})
	})
}

func TestReportFactsOfNothing(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		of, items, olds, err := f.ReportFacts(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, tr, of)
		require.Empty(t, items)
		require.Empty(t, olds)
		_, _, _, err = f.ReportFacts(t.Context(), "nonsense")
		refuses(t, err, transfer.NotFound)
	})
}

// However large the transfer is, its report takes two statements and its survey seven.
func TestLargeReportTakesFewStatements(t *testing.T) {
	const large = 6000
	onBoth(t, worldOf(large), func(t *testing.T, f fixture) {
		require.Len(t, f.surveys(f.pending("survey")), large)
		tr := f.moving("r1")
		before := f.Statements()
		_, items, olds, err := f.ReportFacts(t.Context(), tr.ID)
		require.NoError(t, err)
		require.Equal(t, int64(2), f.Statements()-before)
		require.Len(t, items, large)
		require.Len(t, olds, large)
	})
}

// each party hears of a transfer what stands in its own log; an operator hears everything once.
func TestTimeline(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		refusal := kernel.Refuse(transfer.NotActive, "It is suspended.")
		require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{TransferID: tr.ID, RequestID: "d1", Actor: asSource, Refusal: refusal}))
		f.clock.advance(time.Hour)
		_, err := f.Submit(t.Context(), tr.ID, everything("d2"))
		require.NoError(t, err)
		tooLate := kernel.Refuse(transfer.AlreadyInProgress, "Too late.")
		require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{TransferID: tr.ID, RequestID: "d1", Actor: asTarget, Refusal: tooLate}))
		_, err = f.giveUp(tr.ID, "Withdrawn.", 1)
		require.NoError(t, err)
		f.closed(tr, moved(0))

		told := func(v transfer.Viewer) []string {
			events, err := f.Timeline(t.Context(), strings.ToUpper(tr.ID), v)
			require.NoError(t, err)
			var all []string
			for _, e := range events {
				all = append(all, strings.TrimSpace(strings.Join([]string{string(e.Event), e.Actor.UserID, e.RequestID, e.Reason}, " ")))
			}
			return all
		}
		require.Equal(t, []string{"created", "refused " + sourceAgent + " d1 It is suspended.", "submitted " + sourceAgent + " d2", "given-up   Withdrawn.", "failed"}, told(sourceView))
		require.Equal(t, []string{"created " + targetAgent + " r1", "submitted", "refused " + targetAgent + " d1 Too late.", "given-up", "failed"}, told(targetView))
		require.Len(t, told(operatorView), 6)

		events, err := f.Timeline(t.Context(), tr.ID, targetView)
		require.NoError(t, err)
		require.Equal(t, start.Add(time.Hour), events[1].Time)
		require.Equal(t, transfer.TimelineActor{Role: kernel.RoleSource, PartnerTenantID: sourceID}, events[1].Actor)
		require.Equal(t, &transfer.ItemCounts{Complete: 1}, events[4].LineItems)
		require.Equal(t, transfer.PartiallyComplete, events[4].Status)
	})
}

func TestTimelineOfNobody(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		for _, v := range []transfer.Viewer{{PartnerTenantID: strangerID}, {PartnerTenantID: customerID}, {}} {
			_, err := f.Timeline(t.Context(), tr.ID, v)
			refuses(t, err, transfer.NotFound)
		}
		_, err := f.Timeline(t.Context(), "nonsense", operatorView)
		refuses(t, err, transfer.NotFound)
	})
}
