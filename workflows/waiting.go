package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
)

// alarm is the one timer of a run. It is kept while it is for the same thing, so that a nudge without news costs no events.
type alarm struct {
	of    string // what it is for
	timer workflow.Future
	stop  workflow.CancelFunc
}

// set makes the alarm ring when something is due next. Nothing due needs none.
func (a *alarm) set(ctx workflow.Context, of, summary string, at transfer.Standing) {
	if a.of == of && a.timer != nil && !a.timer.IsReady() {
		return
	}
	a.cancel()
	if at.NextIn <= 0 {
		return
	}
	a.of = of
	ctx, a.stop = workflow.WithCancel(ctx)
	a.timer = workflow.NewTimerWithOptions(ctx, at.NextIn, workflow.TimerOptions{Summary: summary})
}

func (a *alarm) cancel() {
	if a.stop != nil {
		a.stop()
	}
	*a = alarm{}
}

func (a *alarm) rings() bool { return a.timer != nil && a.timer.IsReady() }

// wait returns when something was said, an item or a range ended, or the time has come.
func (r *run) wait(ctx workflow.Context) error {
	switch {
	case r.restored || r.trouble != "":
		r.alarm.set(ctx, "again", "Look again", transfer.Standing{NextIn: r.rules().LookAgain})
	default:
		r.alarm.set(ctx, fmt.Sprintf("%s %s %d", r.at.Status, r.at.NextIs, r.at.ExpirationTime.Unix()), summaryOf(r.at.NextIs), r.at)
	}
	err := workflow.Await(ctx, func() bool { return r.woken || r.inbox.waiting() || r.alarm.rings() })
	if r.alarm.rings() {
		r.alarm.cancel()
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
