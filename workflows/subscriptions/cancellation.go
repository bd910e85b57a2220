// Package subscriptions holds the processes of subscriptions by themselves, whatever moves them.
package subscriptions

import (
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/subscriptions"
	"handover/internal/subscription"
	"handover/workflows/run"
)

// CancellationType is the workflow type of ScheduledCancellation.
const CancellationType = subscription.CancellationWorkflowType

// The steps. The receiver is nil: it only lends its methods.
var (
	room  *activities.Activities
	steps = run.Under(activities.Prefix)

	cancelWhenDue = run.Step1(steps, room.CancelWhenDue)
)

// Activities are the names of all activities that the runs call.
func Activities() []string { return steps.Names() }

// Input says which subscription ends.
type Input struct {
	SubscriptionID string `json:"subscriptionId"`
}

// crowded tells that the history should begin afresh. It is a rule of runs that are open: another one needs a gate.
func crowded(events, _, signals int) bool { return events >= 4000 || signals >= 500 }

// ScheduledCancellation waits until a subscription is to end and has the ledger end it. It decides nothing: when the
// subscription was cancelled before, or moved on, the ledger says so, and it is over.
func ScheduledCancellation(ctx workflow.Context, in Input) (activities.Cancellation, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	nudges := run.NewInbox[struct{}](ctx)
	for {
		nudges.Empty()
		now, err := run.UntilDone(ctx, "End the subscription if it is time", cancelWhenDue(in.SubscriptionID))
		switch {
		case err != nil:
			return now, err
		case nudges.Waiting():
			continue
		case now.Over:
			workflow.SetCurrentDetails(ctx, "**The subscription is over.**\n")
			return now, nil
		case run.IsCrowded(ctx, nudges.Received(), crowded):
			return now, workflow.NewContinueAsNewError(ctx, CancellationType, in)
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**The subscription ends** at %s: it changed the currency with a transfer and is paid in instalments.\n",
			now.At.UTC().Format("2 January 2006, 15:04:05 MST")))
		var alarm run.Alarm
		alarm.Set(ctx, now.At.String(), "The subscription ends", now.In)
		if err := workflow.Await(ctx, func() bool { return nudges.Waiting() || alarm.Rings() }); err != nil {
			return now, err
		}
		alarm.Cancel()
	}
}

// CancellationStartOptions are how the run is started that ends the subscription.
func CancellationStartOptions(subscriptionID string) client.StartWorkflowOptions {
	return run.StartOptions(subscription.CancellationWorkflowID(subscriptionID), "End of a subscription")
}
