// Package billing holds the processes about the billing system as such, whatever it is asked to move.
package billing

import (
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/billing"
	"handover/internal/outage"
	"handover/internal/transfer"
	"handover/workflows/run"
)

// OutageType is the workflow type of Outage.
const OutageType = outage.WorkflowType

// The steps. The receiver is nil: it only lends its methods.
var (
	room  *activities.Activities
	steps = run.Under(activities.Prefix)

	lookAtOutage = run.Step0(steps, room.LookAtOutage)
)

// Activities are the names of all activities that the runs call.
func Activities() []string { return steps.Names() }

// Outage is open for as long as the billing system is away, so that whoever looks at Temporal sees one cause and not a
// run per line item that waits. It decides nothing and calls nobody: it shows what the ledger says.
func Outage(ctx workflow.Context) (activities.Outage, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	nudges := run.NewInbox[struct{}](ctx)
	var refresh run.Alarm
	for {
		nudges.Empty()
		now, err := run.UntilDone(ctx, "Look at the outage", lookAtOutage().Within(run.ForALook))
		if err != nil {
			return now, err
		}
		rules := run.RulesOf(now.Rules, transfer.RunRulesOf)
		workflow.SetCurrentDetails(ctx, outageDetails(now))
		switch {
		case nudges.Waiting():
			continue
		case !now.Away:
			return now, nil
		case run.IsCrowded(ctx, nudges.Received(), rules.Crowded):
			return now, workflow.NewContinueAsNewError(ctx, OutageType)
		}
		refresh.Set(ctx, "refresh", "Look again", rules.ShowsEvery)
		if err := workflow.Await(ctx, func() bool { return nudges.Waiting() || refresh.Rings() }); err != nil {
			return now, err
		}
	}
}

// outageDetails is the text that the Web UI shows above the history. What the billing system said in its own words stands in
// the ledger: it may be anything.
func outageDetails(o activities.Outage) string {
	const layout = "2 January 2006, 15:04:05 MST"
	if !o.Away {
		return fmt.Sprintf("**The billing system is back.** It was away from %s to %s.\n", o.Since.UTC().Format(layout), o.Until.UTC().Format(layout))
	}
	answer := "did not answer"
	if o.Answer != "" {
		answer = "answered " + o.Answer
	}
	return fmt.Sprintf("**The billing system is away** since %s: when last asked, it %s. Calls in vain so far: %d.\n\n"+
		"Line items that wait: %d. They are not tried one by one: one call at a time asks again, at growing intervals up to a minute, and "+
		"when it is answered all go on. `starter stuck` has what the billing system said.\n", o.Since.UTC().Format(layout), answer, o.Failures, o.Waiting)
}

// OutageStartOptions are how the run is started that shows the outage.
func OutageStartOptions() client.StartWorkflowOptions {
	return run.StartOptions(outage.WorkflowID, "The billing system is away")
}
