package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/ledger"
	"handover/internal/transfer"
	"handover/workflows"
)

// away is what a worker says that has found the billing system away just now.
func (w *world) away(failures int64) {
	w.t.Helper()
	require.NoError(w.t, w.ledger.OutageGoesOn(w.t.Context(), ledger.Sighting{
		Name: ledger.BillingOutage, Failures: failures, Status: 503, Said: stuck + " " + subID(0), Next: time.Minute,
	}))
}

func (w *world) back() {
	w.t.Helper()
	ended, err := w.ledger.EndOutage(w.t.Context(), ledger.BillingOutage, 0)
	require.NoError(w.t, err)
	require.True(w.t, ended)
}

// showing lives through the run of an outage.
func (w *world) showing() (activities.Outage, error) {
	w.t.Helper()
	options := workflows.OutageStartOptions()
	w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: options.ID, TaskQueue: options.TaskQueue})
	w.ExecuteWorkflow(workflows.BillingOutageType)
	require.True(w.t, w.IsWorkflowCompleted())
	var last activities.Outage
	if err := w.GetWorkflowError(); err != nil {
		return last, err
	}
	return last, w.GetWorkflowResult(&last)
}

// The run is open for as long as the billing system is away, and shows since when, how it answers and how many wait for it.
func TestOutageIsShown(t *testing.T) {
	w := newWorld(t, 3).opened().submitted()
	w.dispatch()
	w.at(time.Second, func() {
		require.Contains(t, w.details(transfer.OutageWorkflowID), "**The billing system is away** since 30 April 2024, 18:31:41 UTC: "+
			"when last asked, it answered 503 Service Unavailable. Calls in vain so far: 5.")
		require.Contains(t, w.details(transfer.OutageWorkflowID), "Line items that wait: 3.")
		w.away(60)
	})
	w.at(2*time.Minute, func() {
		require.Contains(t, w.details(transfer.OutageWorkflowID), "Calls in vain so far: 65.", "it looks by itself each minute")
		w.back()
		require.Equal(t, 1, w.dispatch())
	})
	w.away(5)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, activities.Outage{
		Since: created, Until: created.Add(2 * time.Minute), Failures: 65, Answer: "503 Service Unavailable", Waiting: 3,
	}, seen)
	require.Contains(t, w.details(transfer.OutageWorkflowID), "**The billing system is back.** It was away from 30 April 2024, 18:31:41 UTC to 30 April 2024, 18:33:41 UTC.")
	w.keepsSecrets()
}

// It ends at the nudge, and by itself when the nudge is lost.
func TestOutageEndsWithoutANudge(t *testing.T) {
	w := newWorld(t, 0)
	w.away(5)
	w.at(90*time.Second, w.back)
	seen, err := w.showing()
	require.NoError(t, err)
	require.False(t, seen.Away)
	require.Equal(t, 2*time.Minute, w.Now().Sub(created))
}

// A run that comes too late, and one that was never needed, end at once.
func TestOutageThatIsOver(t *testing.T) {
	w := newWorld(t, 0)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, activities.Outage{}, seen)

	w = w.again()
	w.away(5)
	w.back()
	seen, err = w.showing()
	require.NoError(t, err)
	require.False(t, seen.Away)
	require.Equal(t, created, seen.Since)
}

// An outage that begins while the run of the one before is about to end is shown too.
func TestOutageThatBeginsAgainMeanwhile(t *testing.T) {
	w := newWorld(t, 0)
	w.away(5)
	w.back()
	w.faults.stand("OpenItems", func(call int) error { // after the look saw that it is over
		if call == 1 {
			w.meanwhile(func() {
				w.away(5)
				w.dispatch()
			})
		}
		return nil
	})
	w.at(time.Hour, w.back)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, created.Add(time.Hour), seen.Until)
}

// The ledger being away too ends nothing.
func TestOutageWithoutTheLedger(t *testing.T) {
	w := newWorld(t, 0)
	w.away(5)
	w.at(90*time.Second, func() { w.down(created.Add(10 * time.Minute)) })
	w.at(5*time.Minute, w.back)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, created.Add(5*time.Minute), seen.Until)
}

// An outage of a week does not make a long history.
func TestOutageBeginsAfresh(t *testing.T) {
	for name, crowd := range map[string]func(*world){
		"events": func(w *world) { w.SetCurrentHistoryLength(1_001) },
		"nudges": func(w *world) {
			for n := range 501 {
				require.NoError(t, w.SignalWorkflowByID(transfer.OutageWorkflowID, workflows.SignalLook, workflows.Nudge{N: int64(n)}))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 0)
			w.away(5)
			w.at(time.Hour, func() { crowd(w) })
			_, err := w.showing()
			var again *workflow.ContinueAsNewError
			require.ErrorAs(t, err, &again, fmt.Sprint(err))
			require.Equal(t, workflows.BillingOutageType, again.WorkflowType.Name)
			require.Empty(t, again.Input.GetPayloads())
		})
	}
}
