package workflows

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/internal/transfer"
)

// BillingOutage is open for as long as the billing system is away, so that whoever looks at Temporal sees one cause and not a
// run per line item that waits. It decides nothing and calls nobody: it shows what the ledger says.
func BillingOutage(ctx workflow.Context) (activities.Outage, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	options := workflow.SignalChannelOptions{Description: "The ledger has news: look at it"}
	nudges := &inbox{channels: []said{{channel: workflow.GetSignalChannelWithOptions(ctx, SignalLook, options)}}}
	var refresh alarm
	for {
		nudges.empty()
		now, err := stepWithin[activities.Outage](ctx, lookTimeout, "Look at the outage", steps.LookAtOutage)
		if err != nil {
			return now, err
		}
		rules := rulesOf(now.Rules)
		workflow.SetCurrentDetails(ctx, outageDetails(now))
		switch {
		case nudges.waiting():
			continue
		case !now.Away:
			return now, nil
		case isCrowded(ctx, nudges, rules):
			return now, workflow.NewContinueAsNewError(ctx, BillingOutageType)
		}
		refresh.set(ctx, "refresh", "Look again", transfer.Standing{NextIn: rules.ShowsEvery})
		if err := workflow.Await(ctx, func() bool { return nudges.waiting() || refresh.rings() }); err != nil {
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
	return client.StartWorkflowOptions{
		ID:                       transfer.OutageWorkflowID,
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "The billing system is away",
	}
}
