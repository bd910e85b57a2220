package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"handover/internal/jitter"
	"handover/internal/ledger"
	"handover/internal/webhook"
)

// measurements are what there is to see of telling partners over HTTP, and of e-mail beside what its relay measures. No label grows with
// partners, endpoints or events.
type measurements struct {
	attempts *prometheus.CounterVec
	seconds  prometheus.Histogram
	died     prometheus.Counter

	waiting, oldest, due, dueFor prometheus.Gauge
	endpoints                    *prometheus.GaugeVec
	dead                         prometheus.Gauge
}

// The classes of answers. They are few, whatever endpoints say.
const (
	classNone  = "none" // no answer
	classOther = "other"
)

var classes = []string{classNone, "2xx", "3xx", "4xx", "5xx", classOther}

// classOf is the class of an answer.
func classOf(a webhook.Answer) string {
	switch hundreds := a.Status / 100; {
	case a.Status == 0:
		return classNone
	case hundreds < 2 || hundreds > 5:
		return classOther
	default:
		return fmt.Sprintf("%dxx", hundreds)
	}
}

// The states of endpoints.
const (
	endpointTaking  = "taking"
	endpointFailing = "failing"
	endpointOff     = "off"
)

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// measure makes the metrics and registers them, if there is a registry, and has the steps count. Error: they are registered already.
func measure(s Surroundings) (*measurements, error) {
	m := &measurements{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handover_webhook_attempts_total", Help: "Attempts of this worker to tell a partner, by the class of the answer's status."}, []string{"answer"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "handover_webhook_attempt_seconds", Help: "How long endpoints took to answer, or not to.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30}}),
		died: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "handover_webhook_dead_letters_total", Help: "Events of which this worker made dead letters, after an attempt or because their endpoint is not called any more."}),
		waiting: gauge("handover_webhook_events_waiting", "Events that partners are still to be told of."),
		oldest:  gauge("handover_webhook_oldest_seconds", "How long ago the oldest event that waits happened."),
		due:     gauge("handover_webhook_events_due", "Events that wait for nothing but a worker."),
		dueFor:  gauge("handover_webhook_due_seconds", "For how long the first of those has been due."),
		endpoints: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "handover_webhook_endpoints", Help: "Registered endpoints, by how they do."}, []string{"state"}),
		dead: gauge("handover_webhook_dead_letters", "Events that are not sent any more unless somebody asks for it; counted once an hour."),
	}
	for _, class := range classes {
		m.attempts.WithLabelValues(class) // an alarm on an increase needs the zero before it
	}
	s.Steps.Delivery.Heard = func(a webhook.Answer) {
		m.attempts.WithLabelValues(classOf(a)).Inc()
		m.seconds.Observe(a.Took.Seconds())
	}
	s.Steps.Delivery.Died = func(events int) { m.died.Add(float64(events)) }
	if s.Metrics.Registry == nil {
		return m, nil
	}
	var failures []error
	for _, c := range []prometheus.Collector{m.attempts, m.seconds, m.died, m.waiting, m.oldest, m.due, m.dueFor, m.endpoints, m.dead} {
		failures = append(failures, s.Metrics.Registry.Register(c))
	}
	return m, errors.Join(failures...)
}

const (
	// countEvery is how often is counted what waits, and countDeadEvery what is dead, of which there may be many.
	countEvery     = 15 * time.Second
	countDeadEvery = time.Hour
)

// run counts at every tick, until the context ends.
func (m *measurements) run(ctx context.Context, l *ledger.Ledger, logger *zap.Logger) {
	tick := time.NewTicker(jitter.Fifth(countEvery))
	defer tick.Stop()
	var counted time.Time // the dead
	for {
		err := m.count(ctx, l)
		if err == nil && time.Since(counted) >= countDeadEvery {
			counted = time.Now()
			err = m.countDead(ctx, l)
		}
		if err != nil && ctx.Err() == nil {
			logger.Warn("What partners are owed cannot be counted.", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (m *measurements) count(ctx context.Context, l *ledger.Ledger) error {
	c, err := l.CountWebhooks(ctx)
	if err != nil {
		return err
	}
	m.waiting.Set(float64(c.Waiting))
	m.oldest.Set(c.Oldest.Seconds())
	m.due.Set(float64(c.Due))
	m.dueFor.Set(c.DueFor.Seconds())
	m.endpoints.WithLabelValues(endpointTaking).Set(float64(c.Endpoints - c.Failing - c.Off))
	m.endpoints.WithLabelValues(endpointFailing).Set(float64(c.Failing))
	m.endpoints.WithLabelValues(endpointOff).Set(float64(c.Off))
	return nil
}

func (m *measurements) countDead(ctx context.Context, l *ledger.Ledger) error {
	dead, err := l.CountDeadWebhooks(ctx)
	if err == nil {
		m.dead.Set(float64(dead))
	}
	return err
}
