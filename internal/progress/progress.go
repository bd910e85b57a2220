// Package progress shows a transfer while it moves: a live bar on a terminal, one plain line per change anywhere else.
//
//	progress.go  Follow: look, show, wait, until the transfer is over
//	wording.go   what is said about a transfer, in one line each, and Summary
//	bar.go       the live display
//	plain.go     the plain one
package progress

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/mattn/go-isatty"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/transfer"
	"handover/internal/transferclient"
)

// Options say how Follow looks and shows. The zero value works.
type Options struct {
	Every time.Duration // between two looks; zero for a second
	Plain bool          // plain lines on a terminal too
}

const (
	defaultEvery = time.Second
	// answerWithin bounds one look, so that a service which hangs is seen to be silent.
	answerWithin = 10 * time.Second
)

// display is where a transfer is shown.
type display interface {
	show(s operatorview.Snapshot)
	unanswered(err error) // the service was asked and is silent
	end()                 // nothing follows; returns once everything is written
}

// Follow shows the transfer on out until its status is final and returns how it stands then. A look that fails is shown
// and repeated, for as long as the context lasts.
//
// Errors, each with the latest snapshot there was: the *kernel.Refusal that read answered, NotFound when the transfer
// is not there any more, transferclient.ErrAbandoned, and the context's error.
func Follow(ctx context.Context, out io.Writer, read func(context.Context) (operatorview.Snapshot, error), o Options) (operatorview.Snapshot, error) {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	d := displayOn(out, o.Plain)
	defer d.end()
	var last operatorview.Snapshot
	for {
		now, err := look(ctx, read)
		var refusal *kernel.Refusal
		switch {
		case err == nil:
			last = now
			d.show(now)
			if now.Transfer.Status.Final() {
				return now, nil
			}
		case errors.As(err, &refusal), errors.Is(err, transferclient.ErrAbandoned):
			return last, err
		case ctx.Err() == nil:
			d.unanswered(err)
		}
		if err := wait(ctx, o.Every); err != nil {
			return last, err
		}
	}
}

func displayOn(out io.Writer, plain bool) display {
	if plain || !Terminal(out) {
		return &lines{out: out}
	}
	return newBar(out)
}

// Terminal tells whether somebody watches what is written there.
func Terminal(out io.Writer) bool {
	file, ok := out.(interface{ Fd() uintptr })
	return ok && isatty.IsTerminal(file.Fd())
}

// look asks once. A snapshot without a transfer in it is the answer of a run that was never opened.
func look(ctx context.Context, read func(context.Context) (operatorview.Snapshot, error)) (operatorview.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	s, err := read(ctx)
	if err == nil && s.Transfer.ID == "" {
		err = kernel.Refuse(transfer.NotFound, "There is no such transfer any more. Check the transfer id.")
	}
	return s, err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}
