// Package delivery holds the process of telling one partner what happened.
package delivery

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/delivery"
	"handover/internal/webhook"
	"handover/workflows/run"
)

// Type is the workflow type of Delivery.
const Type = webhook.WorkflowType

// Queue is where endpoints are called: apart from everything else, so that one that takes its time takes nobody else's place.
const Queue = "deliveries"

// The steps. The receiver is nil: it only lends its methods.
var (
	room  *activities.Activities
	steps = run.Under(activities.Prefix)

	deliver = run.Step1(steps, room.Deliver)
)

// Activities are the names of all activities that the runs call.
func Activities() []string { return steps.Names() }

// Input says whom the run tells.
type Input struct {
	PartnerTenantID string `json:"partnerTenantId"`
}

// longestRetry is how long a run waits for a ledger that is away. It is a rule of runs that are open, like the next: another one needs
// a gate.
const longestRetry = time.Minute

// crowded tells that the history should begin afresh.
func crowded(events, _, signals int) bool { return events >= 4000 || signals >= 500 }

// Delivery tells one partner what happened, for as long as there is something to tell: it has the ledger say what is due, has it sent, and
// waits for the next event or attempt. There is one for each partner, however many events there are, and it knows none of them.
func Delivery(ctx workflow.Context, in Input) (activities.Round, error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	nudges := run.NewInbox[struct{}](ctx)
	for {
		nudges.Empty()
		now, err := run.Start(ctx, options(in.PartnerTenantID), deliver(in.PartnerTenantID)).Get(ctx)
		if err != nil {
			return now, err
		}
		workflow.SetCurrentDetails(ctx, details(now))
		switch {
		case run.IsCrowded(ctx, nudges.Received(), crowded):
			return now, workflow.NewContinueAsNewError(ctx, Type, in)
		case now.More || nudges.Waiting():
			continue
		}
		if now.Waiting == 0 && now.NextIn <= 0 {
			return now, nil
		}
		because := "The next attempt"
		if now.Waiting == 0 {
			because = "Nothing is left to tell"
		}
		var alarm run.Alarm
		alarm.Set(ctx, because, because, now.NextIn)
		if err := workflow.Await(ctx, func() bool { return nudges.Waiting() || alarm.Rings() }); err != nil {
			return now, err
		}
		if !nudges.Waiting() && now.Waiting == 0 {
			return now, nil
		}
		alarm.Cancel()
	}
}

func options(partner string) workflow.ActivityOptions {
	o := run.EverSlower(Queue, "", "Tell what is due", partner)
	o.RetryPolicy.MaximumInterval = longestRetry
	return o
}

// details is the text that the Web UI shows above the history: what waits and why. What an endpoint said stands in the ledger, where its
// owner reads it.
func details(r activities.Round) string {
	const layout = "2 January 2006, 15:04:05 MST"
	var b strings.Builder
	switch {
	case r.Off != "":
		fmt.Fprintf(&b, "**The endpoint is switched off**: %s. Its owner registers it again.\n", map[webhook.Why]string{
			webhook.WhyGone: "it answered that it is gone", webhook.WhyFailing: "it did nothing but fail for five days",
		}[r.Off])
	case r.Waiting == 0:
		b.WriteString("**Everything is told.**\n")
	default:
		fmt.Fprintf(&b, "**Events that wait: %s**, the first since %s.\n", webhook.Counted(r.Waiting), r.Oldest.UTC().Format(layout))
	}
	if !r.FailingSince.IsZero() {
		fmt.Fprintf(&b, "\nThe endpoint has taken nothing since %s.", r.FailingSince.UTC().Format(layout))
		if r.Answer != "" {
			fmt.Fprintf(&b, " What came of the latest attempt: %s", r.Answer)
		}
		b.WriteString("\n")
	}
	if !r.Next.IsZero() {
		fmt.Fprintf(&b, "\nThe next attempt is at %s.\n", r.Next.UTC().Format(layout))
	}
	if r.Dead > 0 {
		fmt.Fprintf(&b, "\nDead letters, which their owner may ask for again: %s.\n", webhook.Counted(r.Dead))
	}
	return b.String()
}

// StartOptions are how the run is started that tells the partner.
func StartOptions(partner string) client.StartWorkflowOptions {
	return run.StartOptions(webhook.WorkflowID(partner), "What a partner is told over HTTP")
}
