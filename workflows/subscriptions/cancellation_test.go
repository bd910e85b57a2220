package subscriptions_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	rooms "handover/activities"
	activities "handover/activities/subscriptions"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/world"
	"handover/workflows"
	"handover/workflows/run"
	"handover/workflows/subscriptions"
)

var (
	created = time.Date(2031, 2, 1, 9, 0, 0, 0, time.UTC)
	end     = time.Date(2031, 3, 1, 0, 0, 0, 0, time.UTC)
)

// place is a subscription that ends with its billing cycle, with skipped time: the run as it is registered in a worker, over a
// real ledger.
type place struct {
	*testsuite.TestWorkflowEnvironment
	t      *testing.T
	ledger *ledger.Ledger
	id     string
	before func(call int) error // stands before every call of the ledger
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
	sample := world.Sample()
	first := &sample.Subscriptions[0]
	first.CancelAt = end
	w.id = first.ID
	require.NoError(t, w.ledger.Seed(t.Context(), sample))
	workflows.Register(w.TestWorkflowEnvironment, rooms.Activities{Subscriptions: &activities.Activities{Ledger: w}})
	return w
}

func (w *place) CancelWhenDue(ctx context.Context, id string) (subscription.Cancellation, error) {
	w.calls++
	if w.before != nil {
		if err := w.before(w.calls); err != nil {
			return subscription.Cancellation{}, err
		}
	}
	return w.ledger.CancelWhenDue(ctx, id)
}

func (w *place) runs() error {
	w.ExecuteWorkflow(subscriptions.CancellationType, subscriptions.Input{SubscriptionID: w.id})
	require.True(w.t, w.IsWorkflowCompleted())
	return w.GetWorkflowError()
}

func (w *place) status() subscription.Status {
	s, err := w.ledger.Subscription(w.t.Context(), w.id)
	require.NoError(w.t, err)
	return s.Status
}

// the subscription ends at its time, a month later, and not before.
func TestEndsAtItsTime(t *testing.T) {
	w := newPlace(t)
	w.RegisterDelayedCallback(func() { require.Equal(t, subscription.Active, w.status()) }, end.Sub(created)-time.Minute)
	require.NoError(t, w.runs())
	require.Equal(t, subscription.Deleted, w.status())
	require.Equal(t, 2, w.calls)
	require.WithinRange(t, w.Now(), end, end.Add(time.Minute))
}

// The ledger is ahead: the owner cancelled it before, and the run is told to look.
func TestTheOwnerWasFaster(t *testing.T) {
	w := newPlace(t)
	w.RegisterDelayedCallback(func() {
		_, err := w.ledger.Writer().ExecContext(t.Context(), "UPDATE subscriptions SET status = 'deleted', billed = FALSE WHERE id = '"+w.id+"'")
		require.NoError(t, err)
		w.SignalWorkflow(run.SignalLook, run.Nudge{N: 2})
	}, time.Hour)
	require.NoError(t, w.runs())
	require.WithinRange(t, w.Now(), created, created.Add(2*time.Hour))
}

// Nudges without news, and one in the middle of a look, change nothing; 500 of them begin the run afresh.
func TestNudgesWithoutNews(t *testing.T) {
	w := newPlace(t)
	w.before = func(call int) error {
		if call == 1 {
			w.SignalWorkflow(run.SignalLook, run.Nudge{N: 1})
		}
		return nil
	}
	require.NoError(t, w.runs())
	require.Equal(t, subscription.Deleted, w.status())

	crowded := newPlace(t)
	for n := range 500 {
		crowded.RegisterDelayedCallback(func() { crowded.SignalWorkflow(run.SignalLook, run.Nudge{N: int64(n)}) }, time.Duration(n+1)*time.Second)
	}
	require.ErrorContains(t, crowded.runs(), "continue as new")
	require.Equal(t, subscription.Active, crowded.status())
}

// The ledger is away when the time has come: the end is made up for. (The environment repeats ten times only.)
func TestTheLedgerIsAway(t *testing.T) {
	w := newPlace(t)
	w.before = func(int) error {
		if now := w.Now(); !now.Before(end) && now.Before(end.Add(3*time.Minute)) {
			return store.ErrUnavailable
		}
		return nil
	}
	require.NoError(t, w.runs())
	require.Equal(t, subscription.Deleted, w.status())
	require.WithinRange(t, w.Now(), end.Add(3*time.Minute), end.Add(5*time.Minute))
}

// A run about a subscription that the ledger does not have, because it was restored to before the move, is over: the move is made
// again, and begins another.
func TestNoSuchSubscription(t *testing.T) {
	w := newPlace(t)
	w.id = "90000000-0000-4000-8000-0000000000ff"
	require.NoError(t, w.runs())
	require.Equal(t, 1, w.calls)
}
