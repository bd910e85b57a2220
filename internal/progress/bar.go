package progress

import (
	"io"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/progress"

	"handover/internal/operatorview"
)

// redraw is how often the bar is drawn: the clock in it should look alive.
const redraw = 100 * time.Millisecond

// bar is the live display: the bar itself, above it the line items being retried. It uses no colours.
type bar struct {
	writer  pretty.Writer
	tracker *pretty.Tracker
	drawn   chan struct{} // closed once the last state is on the screen
}

func newBar(out io.Writer) *bar {
	b := &bar{
		writer:  pretty.NewWriter(),
		tracker: &pretty.Tracker{Message: "Asking how the transfer stands", AutoStopDisabled: true},
		drawn:   make(chan struct{}),
	}
	b.writer.SetOutputWriter(out)
	b.writer.SetUpdateFrequency(redraw)
	b.writer.SetTrackerPosition(pretty.PositionRight)
	b.writer.SetAutoStop(true)
	b.writer.SetStyle(barStyle())
	b.writer.AppendTracker(b.tracker)
	go func() {
		defer close(b.drawn)
		b.writer.Render()
	}()
	return b
}

func barStyle() pretty.Style {
	style := pretty.StyleBlocks
	style.Visibility = pretty.StyleVisibility{Pinned: true, Time: true, Tracker: true}
	style.Options.Separator = " "
	style.Options.DoneString = ""
	style.Options.ErrorString = ""
	style.Options.TimeInProgressPrecision = time.Second
	style.Options.TimeDonePrecision = redraw
	return style
}

func (b *bar) show(s operatorview.Snapshot) {
	b.writer.SetPinnedMessages(retrying(s)...)
	b.tracker.UpdateMessage(headline(s))
	b.tracker.UpdateTotal(int64(s.Items.Total()))
	b.tracker.SetValue(int64(s.Items.Complete + s.Items.Failed))
}

func (b *bar) unanswered(err error) { b.writer.SetPinnedMessages(silence(err)) }

// end draws the last state. The writer stops by itself once its only tracker is done.
func (b *bar) end() {
	b.writer.SetPinnedMessages()
	b.tracker.MarkAsDone()
	<-b.drawn
}
