package run

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"handover/activities/failing"
	"handover/internal/kernel"
)

// kitchen has an activity of each kind.
type kitchen struct {
	fails []error // by attempt
	local []bool  // by attempt: inside a workflow task
}

func (k *kitchen) attempt(ctx context.Context) error {
	k.local = append(k.local, activity.GetInfo(ctx).IsLocalActivity)
	if n := len(k.local) - 1; n < len(k.fails) {
		return k.fails[n]
	}
	return nil
}

func (k *kitchen) Smell(ctx context.Context) (string, error) { return "soup", k.attempt(ctx) }
func (k *kitchen) Cook(ctx context.Context, what string) (int, error) {
	return len(what), k.attempt(ctx)
}
func (k *kitchen) Clean(ctx context.Context, _ string) error { return k.attempt(ctx) }
func (k *kitchen) Mix(ctx context.Context, n int, of string) (string, error) {
	return fmt.Sprint(n, of), k.attempt(ctx)
}

// calls are those of a kitchen, and what each returns.
func calls() (steps *Steps, of map[string]func(workflow.Context) (string, error)) {
	var lent *kitchen
	steps = Under("kitchen.")
	smell, cook, clean, mix := Step0(steps, lent.Smell), Step1(steps, lent.Cook), Told(steps, lent.Clean), Step2(steps, lent.Mix)
	return steps, map[string]func(workflow.Context) (string, error){
		"soup":  func(ctx workflow.Context) (string, error) { return UntilDone(ctx, "Smell", smell()) },
		"4":     func(ctx workflow.Context) (string, error) { return printed(UntilDone(ctx, "Cook", cook("rice"))) },
		"<nil>": func(ctx workflow.Context) (string, error) { return printed(UntilDone(ctx, "Clean", clean("all"))) },
		"3eggs": func(ctx workflow.Context) (string, error) {
			return UntilDone(ctx, "Mix", mix(3, "eggs").Within(time.Second))
		},
	}
}

func printed[T any](v T, err error) (string, error) { return fmt.Sprint(v), err }

// runs lives through a run that makes the call.
func (k *kitchen) runs(t *testing.T, call func(workflow.Context) (string, error)) (string, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivityWithOptions(k, activity.RegisterOptions{Name: "kitchen."})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (string, error) { return call(ctx) }, workflow.RegisterOptions{Name: "Dinner"})
	env.ExecuteWorkflow("Dinner")
	require.True(t, env.IsWorkflowCompleted())
	var said string
	if err := env.GetWorkflowError(); err != nil {
		return "", err
	}
	return said, env.GetWorkflowResult(&said)
}

// The name that a call is made by is the one that the activity was registered under, for methods of every form, at once and
// as an activity that is repeated.
func TestStepsFindTheirActivities(t *testing.T) {
	t.Parallel()
	steps, of := calls()
	require.Equal(t, []string{"kitchen.Clean", "kitchen.Cook", "kitchen.Mix", "kitchen.Smell"}, steps.Names())
	for want, call := range of {
		k := &kitchen{}
		said, err := k.runs(t, call)
		require.NoError(t, err)
		require.Equal(t, want, said)
		require.Equal(t, []bool{true}, k.local)

		errAway := errors.New("away")
		k = &kitchen{fails: []error{errAway, errAway, errAway}}
		said, err = k.runs(t, call)
		require.NoError(t, err)
		require.Equal(t, want, said)
		require.Equal(t, []bool{true, true, false, false}, k.local, "two attempts at once, then until it is done")
	}
}

// A refusal is an answer, and ends the step.
func TestRefusedStepsAreNotRepeated(t *testing.T) {
	t.Parallel()
	_, of := calls()
	k := &kitchen{fails: []error{failing.RefusalError(kernel.Refuse(kernel.InvalidInput, "No soup."))}}
	_, err := k.runs(t, of["soup"])
	refusal, refused := failing.RefusalOf(err)
	require.True(t, refused)
	require.Equal(t, "No soup.", refusal.Message)
	require.Equal(t, []bool{true}, k.local)
}
