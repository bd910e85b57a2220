package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/answers"
	"handover/internal/dispatch"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/outage/keeper"
	"handover/internal/subscription"
	"handover/internal/telemetry"
	transfermail "handover/internal/transfer/mail"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	webhookmail "handover/internal/webhook/mail"
	webhookstore "handover/internal/webhook/store"
	"handover/workflows"
	"handover/workflows/run"
	"handover/workflows/transfers"
)

// Worker is what every worker process does: it hosts the workflows and steps, makes Temporal follow the ledger, and sends the
// e-mail that the ledger owes. Any number of them share the work.
type Worker struct {
	runs       worker.Worker // workflow runs and their steps
	moves      worker.Worker // calls of the billing system
	deliveries worker.Worker // calls of partners' endpoints
	answers    *answers.Taker
	keeper     *keeper.Keeper
	dispatcher *dispatch.Dispatcher
	relay      *notify.Relay
	listen     func(context.Context) // hears of other programs' changes, until the context ends
	woken      func(context.Context) // forwards the ledger's news to the relay, until the context ends
	forgets    func(context.Context) // what became of old events, until the context ends
	counts     func(context.Context) // what partners are owed, until the context ends
	failed     chan error

	stop    context.CancelFunc
	ended   sync.WaitGroup
	stopped sync.Once
}

// Surroundings are what a worker stands on.
type Surroundings struct {
	Temporal client.Client
	Settings config.Worker
	Billing  config.Billing
	Webhooks config.Webhooks
	Steps    Steps
	Ledger   *ledger.Ledger
	Metrics  telemetry.Metrics
	Logger   *zap.Logger
}

// workerStop is how long a stopping worker lets running steps end; what does not is repeated elsewhere.
const workerStop = 10 * time.Second

// heartbeatThrottle lets the steps' heartbeats through as often as they are made. By default the SDK holds them back for
// most of the heartbeat timeout, and a machine under load would look dead.
const heartbeatThrottle = 5 * time.Second

// localActivities bounds the ledger transactions that steps hold open at once.
const localActivities = 16

// NewWorker makes a worker that does nothing before Start. Error: metrics that are registered already.
func NewWorker(s Surroundings) (*Worker, error) {
	w := &Worker{failed: make(chan error, 1), listen: s.Ledger.Listen}
	var err error
	w.dispatcher, err = dispatch.New(dispatch.Options{
		Book: s.Ledger, Temporal: s.Temporal, Describe: describe,
		WorkflowTypes: []string{webhook.WorkflowType, subscription.CancellationWorkflowType, transfers.Type},
		Versioned:     s.Settings.BuildID != "", Logger: s.Logger, Metrics: s.Metrics.Registry,
	})
	if err != nil {
		return nil, fmt.Errorf("the dispatcher could not be made: %w", err)
	}
	handedOver := make(chan struct{}, 1)
	wake := func() {
		select {
		case handedOver <- struct{}{}:
		default:
		}
	}
	s.Steps.Transfers.HandOver = wake
	if err := reportContradictions(s); err != nil {
		return nil, err
	}
	measured, err := measure(s)
	if err != nil {
		return nil, fmt.Errorf("the metrics of webhooks could not be made: %w", err)
	}
	w.counts = func(ctx context.Context) { measured.run(ctx, s.Ledger, s.Logger) }
	w.forgets = func(ctx context.Context) { forgetWebhooks(ctx, s.Ledger, s.Logger) }
	w.woken = func(ctx context.Context) { forward(ctx, s.Ledger, wake) }
	w.relay, err = notify.NewRelay(notify.RelayOptions{
		Outbox: s.Ledger, Kinds: kindsOf(s.Ledger, s.Steps.TransferURL), Mailer: s.Steps.Mailer, Wake: handedOver, Logger: s.Logger, Registry: s.Metrics.Registry,
	})
	if err != nil {
		return nil, fmt.Errorf("the mail relay could not be made: %w", err)
	}
	w.runs, w.answers, w.deliveries = newRunsWorker(s, w.fail), s.Steps.Answers, newDeliveriesWorker(s, w.fail)
	var slots *keeper.Slots // the ledger itself needs no bounds
	if s.Steps.Breaker != nil {
		slots = keeper.NewSlots(s.Steps.Breaker, s.Billing.Concurrent)
		w.keeper, err = keeper.NewKeeper(keeper.Options{
			Book: s.Ledger, Breaker: s.Steps.Breaker, Slots: slots, Logger: s.Logger, Metrics: s.Metrics.Registry,
		})
		if err != nil {
			return nil, fmt.Errorf("the keeper of outages could not be made: %w", err)
		}
	}
	w.moves, err = newMovesWorker(s, slots, w.fail)
	return w, err
}

// kindsOf are the kinds of subjects that e-mails tell of.
func kindsOf(l *ledger.Ledger, transferURL string) notify.Kinds {
	return notify.Kinds{transferstore.SubjectKind: transfermail.New(l, transferURL), webhookstore.SubjectKind: webhookmail.New(l)}
}

// forward wakes the relay whenever the ledger has news: a command may owe e-mail too.
func forward(ctx context.Context, l *ledger.Ledger, wake func()) {
	news, leave := l.Subscribe()
	defer leave()
	for {
		select {
		case <-ctx.Done():
			return
		case <-news:
			wake()
		}
	}
}

// newRunsWorker hosts runs and their steps on the ledger.
func newRunsWorker(s Surroundings, fail func(error)) worker.Worker {
	options := workerOptions(s, fail)
	options.MaxConcurrentActivityExecutionSize = s.Settings.Activities
	options.MaxConcurrentLocalActivityExecutionSize = localActivities
	worker.SetStickyWorkflowCacheSize(s.Settings.CachedWorkflows)
	w := worker.New(s.Temporal, run.TaskQueue, options)
	workflows.Register(w, s.Steps.Activities)
	return w
}

// newMovesWorker makes the calls of the billing system, in places and at a pace of their own. While it is away there are no places
// but one for a probe: what waits for it stays with Temporal.
func newMovesWorker(s Surroundings, slots *keeper.Slots, fail func(error)) (worker.Worker, error) {
	options := workerOptions(s, fail)
	options.DisableWorkflowWorker = true
	if slots == nil {
		options.MaxConcurrentActivityExecutionSize = s.Settings.Activities
	} else {
		var err error
		options.TaskQueueActivitiesPerSecond = s.Billing.PerSecond
		options.Tuner, err = keeper.Tuner(slots)
		if err != nil {
			return nil, err
		}
	}
	w := worker.New(s.Temporal, transfers.MovesQueue, options)
	s.Steps.Register(w)
	return w, nil
}

func workerOptions(s Surroundings, fail func(error)) worker.Options {
	options := worker.Options{
		MaxHeartbeatThrottleInterval: heartbeatThrottle,
		WorkerStopTimeout:            workerStop,
		OnFatalError:                 fail,
	}
	if s.Settings.BuildID != "" {
		options.DeploymentOptions = worker.DeploymentOptions{
			UseVersioning: true,
			Version:       worker.WorkerDeploymentVersion{DeploymentName: s.Settings.Deployment, BuildID: s.Settings.BuildID},
		}
	}
	return options
}

// Start begins the work. The dispatcher begins after Temporal's worker, so that runs which it starts eagerly find a place.
func (w *Worker) Start() error {
	workers := w.workers()
	for started, part := range workers {
		if err := part.Start(); err != nil {
			for _, before := range workers[:started] {
				before.Stop()
			}
			return fmt.Errorf("the worker did not start: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	parts := []func(context.Context){w.listen, w.dispatcher.Run, w.relay.Run, w.woken, w.forgets, w.counts}
	if w.answers != nil {
		parts = append(parts, w.answers.Run)
	}
	if w.keeper != nil {
		parts = append(parts, w.keeper.Run)
	}
	for _, part := range parts {
		w.ended.Go(func() { part(ctx) })
	}
	return nil
}

func (w *Worker) workers() []worker.Worker { return []worker.Worker{w.runs, w.moves, w.deliveries} }

// Failed has the error that Temporal's worker cannot live with, once there is one.
func (w *Worker) Failed() <-chan error { return w.failed }

func (w *Worker) fail(err error) {
	select {
	case w.failed <- err:
	default: // the first one tells
	}
}

// Stop ends the work: nothing new is begun, running steps and mails get a few seconds. A worker that did not start, or was
// stopped before, is left as it is.
func (w *Worker) Stop() {
	if w.stop == nil {
		return
	}
	w.stopped.Do(func() {
		w.stop()
		var stopping sync.WaitGroup
		for _, part := range w.workers() {
			stopping.Go(part.Stop)
		}
		stopping.Wait()
		w.ended.Wait()
	})
}

// Reconcile compares what the ledger has open with the runs that Temporal has, now, and starts what is missing.
func (w *Worker) Reconcile(ctx context.Context) (dispatch.Report, error) {
	return w.dispatcher.Reconcile(ctx)
}
