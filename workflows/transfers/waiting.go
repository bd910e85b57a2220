package transfers

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
)

// wait returns when something was said, an item or a range ended, or the time has come.
func (r *life) wait(ctx workflow.Context) error {
	switch {
	case r.restored || r.trouble != "":
		r.alarm.Set(ctx, "again", "Look again", r.rules().LookAgain)
	default:
		r.alarm.Set(ctx, fmt.Sprintf("%s %s %d", r.at.Status, r.at.NextIs, r.at.ExpirationTime.Unix()), summaryOf(r.at.NextIs), r.at.NextIn)
	}
	err := workflow.Await(ctx, func() bool { return r.woken || r.inbox.Waiting() || r.alarm.Rings() })
	if r.alarm.Rings() {
		r.alarm.Cancel()
	}
	return err
}

func summaryOf(next transfer.Due) string {
	switch next {
	case transfer.DueReminder:
		return "Reminder to the source"
	case transfer.DueExpiry:
		return "Request expires"
	case transfer.DueDeadline:
		return "Deadline of the line items"
	default:
		return "Overdue 72 hours after submit"
	}
}
