package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
)

// steps names the activities; it is nil and only carries their types.
var steps *activities.Activities

// do runs a ledger step: at once as a local activity, which costs one event, and when the ledger cannot be reached as a
// regular activity that is retried until it can. The error is a refusal or the run's end.
func do[Result any](ctx workflow.Context, summary string, step any, args ...any) (Result, error) {
	var result Result
	err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, atOnce(summary)), step, args...).Get(ctx, &result)
	if err == nil || !worthRepeating(err) {
		return result, err
	}
	workflow.GetLogger(ctx).Warn("The step goes on as an activity that is retried.", "step", summary, "error", err)
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, untilDone(summary)), step, args...).Get(ctx, &result)
	return result, err
}

// durably runs a step that somebody outside asked for by an update. An update is written to the history only together with
// the next command; a local activity would change the ledger before that, and a crash in between would leave a decision
// that nobody remembers. So these steps are regular activities. Somebody waits for them: their heartbeats let another worker
// take over 15 s after one died.
func durably[Result any](ctx workflow.Context, summary string, step any, args ...any) (Result, error) {
	var result Result
	options := untilDone(summary)
	options.HeartbeatTimeout = 15 * time.Second
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), step, args...).Get(ctx, &result)
	return result, err
}

// worthRepeating tells a passing fault from a refusal and from the end of the run.
func worthRepeating(err error) bool {
	if temporal.IsCanceledError(err) {
		return false
	}
	_, refused := activities.RefusalOf(err)
	return !refused
}

// atOnce is for first attempts: a few quick ones inside the workflow task, then the caller tries otherwise.
func atOnce(summary string) workflow.LocalActivityOptions {
	return workflow.LocalActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: time.Minute,
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

// untilMoved is for one line item: without end, ever slower up to an hour, unless the deployment set a deadline. The
// heartbeats, every five seconds, tell a slow billing system from a worker that died: its items are taken over in 15 s.
func untilMoved(ordinal int, deadline time.Duration) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ActivityID:             itemActivityID(ordinal),
		Summary:                itemSummary(ordinal),
		StartToCloseTimeout:    5 * time.Minute,
		HeartbeatTimeout:       15 * time.Second,
		ScheduleToCloseTimeout: deadline,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Hour,
		},
	}
}

// untilDelivered is for e-mail: three days, then it is left in the notification log as undelivered.
func untilDelivered(event string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ActivityID:             "mail-" + event,
		Summary:                "E-mail: " + event,
		StartToCloseTimeout:    2 * time.Minute,
		HeartbeatTimeout:       15 * time.Second,
		ScheduleToCloseTimeout: 72 * time.Hour,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    2 * time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    15 * time.Minute,
		},
	}
}
