package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
