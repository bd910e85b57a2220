package run

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// Alarm is the one timer of a run. It is kept while it is for the same thing, so that a nudge without news costs no events.
type Alarm struct {
	of    string // what it is for
	timer workflow.Future
	stop  workflow.CancelFunc
}

// Set makes the alarm ring after that time, when something is due; zero is never. The summary is what a reader of the history
// is told.
func (a *Alarm) Set(ctx workflow.Context, of, summary string, after time.Duration) {
	if a.of == of && a.timer != nil && !a.timer.IsReady() {
		return
	}
	a.Cancel()
	if after <= 0 {
		return
	}
	a.of = of
	ctx, a.stop = workflow.WithCancel(ctx)
	a.timer = workflow.NewTimerWithOptions(ctx, after, workflow.TimerOptions{Summary: summary})
}

// Cancel makes it for nothing.
func (a *Alarm) Cancel() {
	if a.stop != nil {
		a.stop()
	}
	*a = Alarm{}
}

// Rings tells that the time has come.
func (a *Alarm) Rings() bool { return a.timer != nil && a.timer.IsReady() }
