package billing_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	rooms "handover/activities"
	activities "handover/activities/billing"
	"handover/activities/transfers"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/outage"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
	"handover/workflows"
	"handover/workflows/billing"
	"handover/workflows/run"
)

// secret is what a billing system may say and nobody should read outside of the ledger.
const secret = "Contoso is busy."

// created is when the outage begins.
var created = time.Date(2024, 4, 30, 18, 31, 41, 0, time.UTC)

// place is a billing system that may be away, with skipped time: the run as it is registered in a worker, over a real ledger.
type place struct {
	*testsuite.TestWorkflowEnvironment
	t      *testing.T
	ledger *ledger.Ledger
	before func(call int) error // stands before every count of the line items that wait
	calls  int
}

func newPlace(t *testing.T) *place {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	w := &place{t: t, TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	w.SetStartTime(created)
	w.SetTestTimeout(5 * time.Minute)
	w.ledger = ledgertest.Open(t, ledger.Options{Now: w.Now})
	workflows.Register(w.TestWorkflowEnvironment, rooms.Activities{
		Transfers: &transfers.Activities{Ledger: w.ledger}, Billing: &activities.Activities{Ledger: faulty{w.ledger, w}},
	})
	return w
}

// faulty is the ledger as the step sees it.
type faulty struct {
	activities.Ledger
	of *place
}

func (f faulty) OpenItems(ctx context.Context) (int, error) {
	f.of.calls++
	if f.of.before != nil {
		if err := f.of.before(f.of.calls); err != nil {
			return 0, err
		}
	}
	return f.Ledger.OpenItems(ctx)
}

// submitted is a transfer on its way. It tells how many line items it has.
func (w *place) submitted() int {
	w.t.Helper()
	demo := world.Demo()
	require.NoError(w.t, w.ledger.Seed(w.t.Context(), world.Sample()))
	none := command.Terms[transferstore.Outcome]{}
	opened, err := w.ledger.OpenTransfer(w.t.Context(), demo.Request("create"), none)
	require.NoError(w.t, err)
	submitted, err := w.ledger.Submit(w.t.Context(), opened.Transfer.ID, transfer.Approval{
		RequestID: "submit", Actor: kernel.Actor{PartnerTenantID: demo.SourceTenantID}, Selection: transfer.Selection{AllEligible: true},
	}, none)
	require.NoError(w.t, err)
	require.NotZero(w.t, submitted.Transfer.Items.InProgress)
	return submitted.Transfer.Items.InProgress
}

// away is what a worker says that has found the billing system away just now.
func (w *place) away(failures int64) {
	w.t.Helper()
	require.NoError(w.t, w.ledger.OutageGoesOn(w.t.Context(), outage.Sighting{
		Name: outage.Billing, Failures: failures, Status: 503, Said: secret, Next: time.Minute,
	}))
}

func (w *place) back() {
	w.t.Helper()
	ended, err := w.ledger.EndOutage(w.t.Context(), outage.Billing, 0)
	require.NoError(w.t, err)
	require.True(w.t, ended)
}

// dispatch nudges the run, if the ledger wants it to look.
func (w *place) dispatch() {
	w.t.Helper()
	claimed, err := w.ledger.ClaimRuns(w.t.Context(), 100, 100)
	require.NoError(w.t, err)
	nudged := 0
	for _, r := range claimed {
		if r.WorkflowID == outage.WorkflowID {
			nudged++
			require.NoError(w.t, w.SignalWorkflowByID(r.WorkflowID, run.SignalLook, run.Nudge{N: r.Wanted}))
		}
	}
	require.Equal(w.t, 1, nudged)
	require.NoError(w.t, w.ledger.RunsTold(w.t.Context(), claimed))
}

func (w *place) at(after time.Duration, then func()) { w.RegisterDelayedCallback(then, after) }

// meanwhile lets something happen to the run while a step is under way, and returns when the run has taken it in. It is
// called from inside a step.
func (w *place) meanwhile(then func()) {
	done := make(chan struct{})
	w.RegisterDelayedCallback(func() {
		then()
		w.RegisterDelayedCallback(func() { close(done) }, 0)
	}, 0)
	<-done
}

// details is the text that the Web UI shows above the history.
func (w *place) details() string {
	w.t.Helper()
	value, err := w.QueryWorkflowByID(outage.WorkflowID, "__temporal_workflow_metadata")
	require.NoError(w.t, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(w.t, value.Get(&metadata))
	return metadata.CurrentDetails
}

// showing lives through the run of an outage.
func (w *place) showing() (activities.Outage, error) {
	w.t.Helper()
	options := billing.OutageStartOptions()
	w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: options.ID, TaskQueue: options.TaskQueue})
	w.ExecuteWorkflow(billing.OutageType)
	require.True(w.t, w.IsWorkflowCompleted())
	var last activities.Outage
	if err := w.GetWorkflowError(); err != nil {
		return last, err
	}
	return last, w.GetWorkflowResult(&last)
}

// The run is open for as long as the billing system is away, and shows since when, how it answers and how many wait for it.
func TestOutageIsShown(t *testing.T) {
	w := newPlace(t)
	waiting := w.submitted()
	w.at(time.Second, func() {
		require.Contains(t, w.details(), "**The billing system is away** since 30 April 2024, 18:31:41 UTC: "+
			"when last asked, it answered 503 Service Unavailable. Calls in vain so far: 5.")
		require.Contains(t, w.details(), fmt.Sprintf("Line items that wait: %d.", waiting))
		w.away(60)
	})
	w.at(2*time.Minute, func() {
		require.Contains(t, w.details(), "Calls in vain so far: 65.", "it looks by itself each minute")
		w.back()
		w.dispatch()
	})
	w.away(5)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, activities.Outage{
		Since: created, Until: created.Add(2 * time.Minute), Failures: 65, Answer: "503 Service Unavailable", Waiting: waiting,
	}, seen)
	require.Contains(t, w.details(), "**The billing system is back.** It was away from 30 April 2024, 18:31:41 UTC to 30 April 2024, 18:33:41 UTC.")
	require.NotContains(t, w.details(), secret)
}

// It ends at the nudge, and by itself when the nudge is lost.
func TestOutageEndsWithoutANudge(t *testing.T) {
	w := newPlace(t)
	w.away(5)
	w.at(90*time.Second, w.back)
	seen, err := w.showing()
	require.NoError(t, err)
	require.False(t, seen.Away)
	require.Equal(t, 2*time.Minute, w.Now().Sub(created))
}

// A run that comes too late, and one that was never needed, end at once.
func TestOutageThatIsOver(t *testing.T) {
	w := newPlace(t)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, activities.Outage{}, seen)

	w = newPlace(t)
	w.away(5)
	w.back()
	seen, err = w.showing()
	require.NoError(t, err)
	require.False(t, seen.Away)
	require.Equal(t, created, seen.Since)
}

// An outage that begins while the run of the one before is about to end is shown too.
func TestOutageThatBeginsAgainMeanwhile(t *testing.T) {
	w := newPlace(t)
	w.away(5)
	w.back()
	w.before = func(call int) error { // after the look saw that it is over
		if call == 1 {
			w.meanwhile(func() {
				w.away(5)
				w.dispatch()
			})
		}
		return nil
	}
	w.at(time.Hour, w.back)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, created.Add(time.Hour), seen.Until)
}

// The ledger being away too ends nothing.
func TestOutageWithoutTheLedger(t *testing.T) {
	w := newPlace(t)
	w.away(5)
	w.at(90*time.Second, func() {
		w.before = func(int) error {
			if w.Now().Before(created.Add(4 * time.Minute)) {
				return store.ErrUnavailable
			}
			return nil
		}
	})
	w.at(3*time.Minute, w.back)
	seen, err := w.showing()
	require.NoError(t, err)
	require.Equal(t, created.Add(3*time.Minute), seen.Until)
}

// An outage of a week does not make a long history.
func TestOutageBeginsAfresh(t *testing.T) {
	for name, crowd := range map[string]func(*place){
		"events": func(w *place) { w.SetCurrentHistoryLength(1_001) },
		"nudges": func(w *place) {
			for n := range 501 {
				require.NoError(t, w.SignalWorkflowByID(outage.WorkflowID, run.SignalLook, run.Nudge{N: int64(n)}))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newPlace(t)
			w.away(5)
			w.at(time.Hour, func() { crowd(w) })
			_, err := w.showing()
			var again *workflow.ContinueAsNewError
			require.ErrorAs(t, err, &again, fmt.Sprint(err))
			require.Equal(t, billing.OutageType, again.WorkflowType.Name)
			require.Empty(t, again.Input.GetPayloads())
		})
	}
}
