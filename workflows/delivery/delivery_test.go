package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/delivery"
	"handover/internal/webhook"
	"handover/workflows/delivery"
	"handover/workflows/run"
)

// at is when the rounds of a scene are.
var at = time.Date(2031, 3, 3, 11, 0, 0, 0, time.UTC)

// scene is a run whose steps say in turn what the list has.
func scene(t *testing.T, said ...activities.Round) (env *testsuite.TestWorkflowEnvironment, steps *int) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env = suite.NewTestWorkflowEnvironment()
	env.SetStartTime(at)
	env.RegisterWorkflowWithOptions(delivery.Delivery, workflow.RegisterOptions{Name: delivery.Type})
	steps = new(int)
	env.RegisterActivityWithOptions(func(_ context.Context, partner string) (activities.Round, error) {
		assert.Equal(t, "p", partner)
		if *steps >= len(said) {
			return activities.Round{}, errors.New("a step too many")
		}
		*steps++
		return said[*steps-1], nil
	}, activity.RegisterOptions{Name: "delivery.Deliver"})
	return env, steps
}

func play(t *testing.T, env *testsuite.TestWorkflowEnvironment) {
	t.Helper()
	env.ExecuteWorkflow(delivery.Type, delivery.Input{PartnerTenantID: "p"})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
}

// The run sends, waits for the next attempt, sends again, and stays a while for the next event.
func TestRunWaitsForTheNextAttempt(t *testing.T) {
	t.Parallel()
	env, steps := scene(t,
		activities.Round{Sent: 50, Waiting: 3, More: true},
		activities.Round{Failed: 3, Waiting: 3, Oldest: at, Next: at.Add(time.Hour), NextIn: time.Hour, FailingSince: at, Answer: "503 Service Unavailable"},
		activities.Round{Sent: 3, NextIn: 10 * time.Minute},
	)
	play(t, env)
	require.Equal(t, 3, *steps)
	require.Equal(t, at.Add(time.Hour+10*time.Minute).Unix(), env.Now().Unix())
}

// An event that comes meanwhile is told at once, whatever waits, also while the run has nothing to do.
func TestNudgesEndWaits(t *testing.T) {
	t.Parallel()
	env, steps := scene(t,
		activities.Round{Failed: 1, Waiting: 1, Next: at.Add(time.Hour), NextIn: time.Hour},
		activities.Round{Sent: 1, Waiting: 1, Next: at.Add(time.Hour), NextIn: 59 * time.Minute},
		activities.Round{Sent: 1, NextIn: 10 * time.Minute},
		activities.Round{Sent: 1},
	)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(run.SignalLook, run.Nudge{N: 2}) }, time.Minute)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(run.SignalLook, run.Nudge{N: 3}) }, 65*time.Minute)
	play(t, env)
	require.Equal(t, 4, *steps)
}

// A run that is told of many events begins afresh instead of growing.
func TestARunThatHearsMuchBeginsAfresh(t *testing.T) {
	t.Parallel()
	waits := activities.Round{Waiting: 1, Next: at.Add(time.Hour), NextIn: time.Hour}
	env, _ := scene(t, waits, waits, waits, waits)
	env.RegisterDelayedCallback(func() {
		for n := range 501 {
			env.SignalWorkflow(run.SignalLook, run.Nudge{N: int64(n)})
		}
	}, time.Minute)
	env.ExecuteWorkflow(delivery.Type, delivery.Input{PartnerTenantID: "p"})
	require.True(t, workflow.IsContinueAsNewError(env.GetWorkflowError()))
}

func TestWhatIsSwitchedOffEnds(t *testing.T) {
	t.Parallel()
	env, steps := scene(t, activities.Round{Failed: 1, Off: webhook.WhyGone, FailingSince: at})
	play(t, env)
	require.Equal(t, 1, *steps)
}

// The Web UI shows what waits and why, and what its owner may ask for again.
func TestWhatTheWebUIShows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now   activities.Round
		shows []string
	}{
		"well": {activities.Round{Sent: 1, NextIn: time.Minute}, []string{"**Everything is told.**"}},
		"fails": {
			activities.Round{Failed: 1, Waiting: 7, Oldest: at.Add(-time.Hour), Next: at.Add(time.Minute), NextIn: time.Minute, FailingSince: at, Answer: "503 Service Unavailable", Dead: 3},
			[]string{
				"**Events that wait: 7**, the first since 3 March 2031, 10:00:00 UTC.", "has taken nothing since 3 March 2031, 11:00:00 UTC",
				"503 Service Unavailable", "The next attempt is at 3 March 2031, 11:01:00 UTC.", "Dead letters, which their owner may ask for again: 3.",
			},
		},
		"off": {
			activities.Round{Failed: 1, Off: webhook.WhyFailing, FailingSince: at, NextIn: time.Minute, Dead: 8},
			[]string{"**The endpoint is switched off**: it did nothing but fail for five days.", "again: 8."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, _ := scene(t, c.now, activities.Round{})
			looked := false
			env.RegisterDelayedCallback(func() {
				looked = true
				value, err := env.QueryWorkflow("__temporal_workflow_metadata")
				require.NoError(t, err)
				var metadata sdkpb.WorkflowMetadata
				require.NoError(t, value.Get(&metadata))
				for _, says := range c.shows {
					assert.Contains(t, metadata.GetCurrentDetails(), says)
				}
			}, time.Second)
			play(t, env)
			require.True(t, looked)
		})
	}
}
