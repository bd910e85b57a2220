package run

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handover/activities/failing"
)

// isPassing tells a fault that another attempt may cure from a refusal and from the end of the run.
func isPassing(err error) bool {
	if temporal.IsCanceledError(err) {
		return false
	}
	_, refused := failing.RefusalOf(err)
	return !refused
}

// ForALook is what a step may take at once that is one or two reads.
const ForALook = 3 * time.Second

// longestAtOnce is what a local activity may take before its step is tried otherwise, unless the step says less.
const longestAtOnce = time.Minute

// twiceAtOnce is for first attempts: two quick ones inside the workflow task, then the caller tries otherwise.
func twiceAtOnce(summary string, limit time.Duration) workflow.LocalActivityOptions {
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

// withoutEnd is for steps that must happen: retried until they do.
func withoutEnd(summary string) workflow.ActivityOptions {
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

// EverSlower is for work on what is not ours: without end, ever slower up to an hour. The work sends heartbeats, every five
// seconds, which tell one that is slow from a worker that died: what that one had begun is taken over in 15 s.
func EverSlower(queue, id, summary, fairnessKey string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ActivityID:          id,
		TaskQueue:           queue,
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
