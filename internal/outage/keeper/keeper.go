// Package keeper makes one fact of a billing system that is away: no task is fetched in vain, and the ledger says since when,
// for operators and for the run that shows it in the Web UI.
//
//	keeper.go    Keeper: brings the ledger up to date with what this process found out, and the other way round
//	slots.go     Slots: how many activities that call the billing system may be at work
//	metrics.go   what is measured
package keeper

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"handover/internal/billing"
	"handover/internal/jitter"
	"handover/internal/outage"
)

// Book is where it is written that a billing system is away. *ledger.Ledger is one.
type Book interface {
	OutageGoesOn(ctx context.Context, s outage.Sighting) error
	EndOutage(ctx context.Context, name string, quietFor time.Duration) (ended bool, err error)
	Outage(ctx context.Context, name string) (outage.Outage, error)
	Crowded(ctx context.Context, name string) error
}

// Options are what a keeper works with.
type Options struct {
	Book    Book
	Breaker *billing.Breaker
	Slots   *Slots                // nil when nobody is kept waiting for one
	Logger  *zap.Logger           // nil for none
	Metrics prometheus.Registerer // nil for none
}

const (
	// lookEvery is how often a process that found the billing system away asks the ledger whether another one found it there.
	lookEvery = 5 * time.Second
	// tidyEvery is how often a process that gets answers looks for an outage that nobody goes on with, and quietFor how long
	// nobody must have: whoever found it died.
	tidyEvery = time.Minute
	quietFor  = 2*time.Minute + 30*time.Second
	// crowdedEvery is how often it is written that moves wait for a slot.
	crowdedEvery = 5 * time.Minute
	// answerWithin bounds one call of the ledger.
	answerWithin = 5 * time.Second
)

// Keeper keeps the ledger's fact and the process's breaker together. Each process that calls the billing system has one; they
// share the fact. It writes when the billing system is found away, at each probe in vain, and when it is back, never per call.
type Keeper struct {
	Options
	written billing.Condition // as the ledger has it from this process
	answers int64             // at the latest tidying
	loud    rate.Sometimes    // complains about the ledger
	crowded rate.Sometimes    // says that moves wait for a slot
}

// NewKeeper makes a keeper. Error: metrics that are registered already.
func NewKeeper(o Options) (*Keeper, error) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return &Keeper{Options: o, loud: rate.Sometimes{Interval: time.Minute}, crowded: rate.Sometimes{Interval: crowdedEvery}}, measure(o.Metrics, o.Breaker)
}

// Run works until the context ends.
func (k *Keeper) Run(ctx context.Context) {
	for ctx.Err() == nil {
		changed := k.Breaker.Gate().Changed
		k.round(ctx)
		period := tidyEvery
		if k.written.Away || k.Breaker.Condition().Away {
			period = lookEvery
		}
		wait(ctx, jitter.Fifth(period), changed)
	}
}

// wait returns after that time, or when something changed, or when the context ends.
func wait(ctx context.Context, d time.Duration, changed <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-changed:
	}
}

// round does what is to be done now. What the ledger could not take is done in a later round.
func (k *Keeper) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	now := k.Breaker.Condition()
	var err error
	switch {
	case now.Away && (!k.written.Away || now.Futile != k.written.Futile):
		err = k.goesOn(ctx, now)
	case now.Away:
		err = k.look(ctx)
	case k.written.Away:
		err = k.end(ctx)
	case now.Answers != k.answers:
		err = k.tidy(ctx, now.Answers)
	}
	if err == nil && k.Slots != nil && k.Slots.WereFull() {
		k.crowded.Do(func() { err = k.Book.Crowded(ctx, outage.BillingCrowd) })
	}
	if err != nil && ctx.Err() == nil {
		k.loud.Do(func() { k.Logger.Error("The ledger could not be told how the billing system is.", zap.Error(err)) })
	}
}

func (k *Keeper) goesOn(ctx context.Context, now billing.Condition) error {
	failures := now.Failures
	if k.written.Away {
		failures = max(0, failures-k.written.Failures)
	} else {
		k.Logger.Warn("The billing system is away. Line items wait, and it is asked at growing intervals.", zap.String("said", now.Said))
	}
	err := k.Book.OutageGoesOn(ctx, outage.Sighting{
		Name: outage.Billing, Lasted: now.Lasted, Failures: failures, Status: now.Status, Said: now.Said, Next: now.Next,
	})
	if err == nil {
		k.written = now
	}
	return err
}

// look probes at once when another process found the billing system there.
func (k *Keeper) look(ctx context.Context) error {
	o, err := k.Book.Outage(ctx, outage.Billing)
	if err == nil && !o.Open() {
		k.Breaker.ProbeNow()
	}
	return err
}

func (k *Keeper) end(ctx context.Context) error {
	if _, err := k.Book.EndOutage(ctx, outage.Billing, 0); err != nil {
		return err
	}
	k.Logger.Info("The billing system is back.")
	k.written = billing.Condition{}
	return nil
}

// tidy ends an outage that nobody goes on with, although this process gets answers.
func (k *Keeper) tidy(ctx context.Context, answers int64) error {
	_, err := k.Book.EndOutage(ctx, outage.Billing, quietFor)
	if err == nil {
		k.answers = answers
	}
	return err
}
