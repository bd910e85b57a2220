// Package dispatch makes Temporal follow the ledger: it tells every workflow run that is behind to look. A run is told a
// number and never a decision, so that lost order, doubles and delays do no harm. It knows nothing of what runs are about.
//
//	dispatch.go   Dispatcher: when to look for runs that are behind, and one round of telling them
//	nudge.go      how one run is told, and what a failure says
//	breaker.go    how nobody is called in vain while Temporal is away
//	reconcile.go  which runs are gone though nobody said so
//	metrics.go    what is measured
package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"handover/internal/jitter"
	"handover/internal/runs"
)

// Book is where it is written which runs are behind. *ledger.Ledger is one.
type Book interface {
	Subscribe() (<-chan struct{}, func())
	ClaimRuns(ctx context.Context, limit, perKey int) ([]runs.Run, error)
	RunsTold(ctx context.Context, told []runs.Run) error
	RunsFailed(ctx context.Context, codes map[string]string) error
	RunsReturned(ctx context.Context, returned []runs.Run) error
	RunsWaiting(ctx context.Context) (count int, since time.Time, err error)
	Watch(ctx context.Context) (raised int, err error)
	FollowedRuns(ctx context.Context, after string, limit int) ([]runs.Wanted, error)
	OverRuns(ctx context.Context, workflowIDs []string) ([]runs.Wanted, error)
	WantRuns(ctx context.Context, wanted ...runs.Wanted) error
}

// Options are what a dispatcher works with.
type Options struct {
	Book     Book
	Temporal Temporal // the worker's own client, for eager starts
	// Describe says for each run how it is started. A run that is left out is tried again later.
	Describe func(context.Context, []runs.Run) (map[string]Start, error)
	// WorkflowTypes are those whose open runs Reconcile compares with the ones that should be.
	WorkflowTypes []string
	// Versioned says that workers are versioned. Then no run is started eagerly, because it might start on a draining version.
	Versioned bool
	Logger    *zap.Logger           // nil for none
	Metrics   prometheus.Registerer // nil for none
}

const (
	// atOnce is how many runs are claimed at once, mostPerKey how many of them of one fair key, and calling how many are
	// told at the same time.
	atOnce     = 64
	mostPerKey = 16
	calling    = 16
	// answerWithin is how long Temporal has to take note of one run, and startWithin how long after the first of them one
	// may still be told: together they are no longer than the shortest lease of a claim, so that no two programs tell one run.
	answerWithin = 3 * time.Second
	startWithin  = time.Second
	// recordWithin bounds a write about what was told, which is made even when the dispatcher is to end.
	recordWithin = 5 * time.Second

	tick           = time.Second
	measureEvery   = 15 * time.Second
	watchEvery     = time.Minute
	reconcileFirst = time.Minute
	reconcileEvery = time.Hour
)

// Dispatcher makes Temporal follow. Any number of them may work on one book.
type Dispatcher struct {
	Options
	breaker  breaker
	measured measurements
	loud     complaints
}

// New makes a dispatcher. Error: metrics that are registered already.
func New(o Options) (*Dispatcher, error) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	measured, err := measure(o.Metrics)
	return &Dispatcher{Options: o, measured: measured, loud: complaints{logger: o.Logger}}, err
}

// Run works until the context ends. What it was about to tell then is given back; what a program that dies was about to
// tell is claimed by another a few seconds later.
func (d *Dispatcher) Run(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { d.follow(ctx) })
	parts.Go(func() { every(ctx, 0, measureEvery, d.measureWaiting) })
	parts.Go(func() { every(ctx, watchEvery, watchEvery, d.watch) })
	parts.Go(func() { every(ctx, reconcileFirst, reconcileEvery, d.reconcile) })
	parts.Wait()
}

// follow tells runs whenever it is woken and, because nobody can be relied on to wake it, at every tick.
func (d *Dispatcher) follow(ctx context.Context) {
	woken, unsubscribe := d.Book.Subscribe()
	defer unsubscribe()
	for ctx.Err() == nil {
		for more := true; more; {
			more = d.round(ctx)
		}
		wake := woken
		if d.breaker.open() {
			wake = nil // one call per tick, whatever changes
		}
		wait(ctx, jitter.Fifth(tick), wake)
	}
}

// round claims, tells and records once. It tells whether there may be more to tell at once.
func (d *Dispatcher) round(ctx context.Context) (more bool) {
	limit, probing := atOnce, d.breaker.open()
	if probing {
		limit = 1
	}
	claimed, err := d.Book.ClaimRuns(ctx, limit, mostPerKey)
	if err != nil {
		if ctx.Err() == nil {
			d.loud.say("Runs that are behind could not be claimed.", "claim", err)
		}
		return false
	}
	if len(claimed) == 0 {
		return false
	}
	told := d.record(ctx, d.tell(ctx, claimed, probing))
	if now := d.breaker.open(); now != probing {
		d.sayBreaker(now)
	}
	return told > 0 && len(claimed) >= min(limit, mostPerKey) && ctx.Err() == nil
}

func (d *Dispatcher) sayBreaker(open bool) {
	if open {
		d.Logger.Warn("Temporal does not answer. Changes are kept, and runs are told of them once it is back.")
		return
	}
	d.Logger.Info("Temporal answers again.")
}

// outcome is what became of telling one run.
type outcome struct {
	run runs.Run
	err error // errNotTried when there was no call
}

// tell tells the claimed runs, some at a time. When Temporal turns out to be away, the rest is not tried.
func (d *Dispatcher) tell(ctx context.Context, claimed []runs.Run, probing bool) []outcome {
	outcomes := make([]outcome, len(claimed))
	starts, err := d.describe(ctx, claimed)
	if err != nil && ctx.Err() == nil {
		d.loud.say("Runs that are behind could not be described.", "describe", err)
	}
	began := time.Now()
	var calls errgroup.Group
	calls.SetLimit(calling)
	for i, run := range claimed {
		outcomes[i] = outcome{run: run, err: errNotTried}
		if err != nil {
			continue
		}
		calls.Go(func() error {
			if !d.breaker.open() || probing {
				outcomes[i].err = d.nudge(ctx, run, starts, began)
			}
			return nil
		})
	}
	_ = calls.Wait() // each outcome has its own error
	return outcomes
}

func (d *Dispatcher) describe(ctx context.Context, claimed []runs.Run) (map[string]Start, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return d.Describe(ctx, claimed)
}

// record writes what became of the claimed runs, also when the dispatcher is to end, and tells how many were told. That
// Temporal was away is nobody's fault and counts for no run, unless it answered about others at the same time.
func (d *Dispatcher) record(ctx context.Context, outcomes []outcome) int {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	var told, returned []runs.Run
	for _, o := range outcomes {
		if o.err == nil {
			told = append(told, o.run)
		}
	}
	failed := map[string]string{}
	for _, o := range outcomes {
		d.measured.count(o.err)
		switch {
		case o.err == nil:
		case isNotTried(o.err), away(o.err) && len(told) == 0:
			returned = append(returned, o.run)
		default:
			failed[o.run.WorkflowID] = code(o.err)
			d.loud.say("A run could not be told to look; it will be tried again.", code(o.err), o.err, zap.String("workflow", o.run.WorkflowID))
		}
	}
	err := errors.Join(d.Book.RunsTold(ctx, told), d.Book.RunsFailed(ctx, failed), d.Book.RunsReturned(ctx, returned))
	if err != nil {
		d.loud.say("What became of runs could not be recorded; they will be told again.", "record", err)
		return 0
	}
	return len(told)
}

// watch raises what the book itself says is overdue.
func (d *Dispatcher) watch(ctx context.Context) {
	raised, err := d.Book.Watch(ctx)
	if err != nil && ctx.Err() == nil {
		d.loud.say("The watch for what is overdue failed.", "watch", err)
	}
	if raised > 0 {
		d.Logger.Warn("Something was overdue that no run had done; the runs are told to look.", zap.Int("runs", raised))
	}
	d.measured.raised.WithLabelValues("watch").Add(float64(raised))
}

func (d *Dispatcher) reconcile(ctx context.Context) {
	report, err := d.Reconcile(ctx)
	if err != nil && ctx.Err() == nil {
		d.loud.say("The comparison of the ledger with Temporal's open runs failed.", "reconcile", err)
	}
	if report.Raised > 0 {
		d.Logger.Warn("Runs were gone that should be open; they are started again.", zap.Int("runs", report.Raised))
	}
}

func (d *Dispatcher) measureWaiting(ctx context.Context) {
	count, since, err := d.Book.RunsWaiting(ctx)
	if err != nil {
		return // what cannot be reached says so everywhere else
	}
	d.measured.wait(count, since)
}

// every does something again and again, first after the first time, until the context ends.
func every(ctx context.Context, first, period time.Duration, do func(context.Context)) {
	wait(ctx, jitter.Fifth(first), nil)
	for ctx.Err() == nil {
		do(ctx)
		wait(ctx, jitter.Fifth(period), nil)
	}
}

// wait returns after that time, or when it is woken, or when the context ends.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}
