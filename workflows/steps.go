package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
)

// steps names the activities; it is nil and only carries their types.
var steps *activities.Activities

// step runs a step on the ledger: at once as a local activity, which costs one event, and when the ledger cannot be reached
// as a regular activity that is retried until it can. A local activity is run again when its workflow task is, so every step
// can be repeated. The error is a refusal, or one that no retry cures.
func step[Result any](ctx workflow.Context, summary string, what any, args ...any) (Result, error) {
	return stepWithin[Result](ctx, stepTimeout, summary, what, args...)
}

func stepWithin[Result any](ctx workflow.Context, limit time.Duration, summary string, what any, args ...any) (Result, error) {
	var result Result
	options := atOnce(summary, limit)
	err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, options), what, args...).Get(ctx, &result)
	if err == nil || !worthRepeating(err) {
		return result, err
	}
	workflow.GetLogger(ctx).Warn("The step goes on as an activity that is retried.", "step", summary, "error", err)
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, untilDone(summary)), what, args...).Get(ctx, &result)
	return result, err
}

// look asks the ledger how the transfer stands. It is a new read on the primary every time: what was said before it is
// covered by it.
func look(ctx workflow.Context, id string, w activities.Watched) (transfer.Standing, error) {
	return stepWithin[transfer.Standing](ctx, lookTimeout, "Look at the ledger", steps.Look, id, w)
}

// What a local activity may take before it is tried otherwise. A look is one or two reads.
const (
	lookTimeout = 3 * time.Second
	stepTimeout = time.Minute
)

// worthRepeating tells a passing fault from a refusal and from the end of the run.
func worthRepeating(err error) bool {
	if temporal.IsCanceledError(err) {
		return false
	}
	_, refused := activities.RefusalOf(err)
	return !refused
}

// atOnce is for first attempts: two quick ones inside the workflow task, then the caller tries otherwise.
func atOnce(summary string, limit time.Duration) workflow.LocalActivityOptions {
	return workflow.LocalActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: limit,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 50 * time.Millisecond,
			MaximumInterval: 200 * time.Millisecond,
			MaximumAttempts: 2,
		},
	}
}

// untilDone is for steps that must happen: retried without end.
func untilDone(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 2 * time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
		},
	}
}

// untilEnded is for one line item: without end, ever slower up to an hour. The heartbeats, every five seconds, tell a
// slow billing system from a worker that died: its items are taken over in 15 s.
func untilEnded(id, summary, fairnessKey string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ActivityID:          id,
		TaskQueue:           MovesQueue,
		Priority:            temporal.Priority{FairnessKey: fairnessKey},
		Summary:             summary,
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    15 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Hour,
		},
	}
}
