package notify

// What there is to see of a relay: how much waits and for how long, what became of the rest, and the mail server's faults.

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"handover/internal/outbox"
)

type counts struct {
	waiting, oldest, undelivered prometheus.Gauge

	results *prometheus.CounterVec
	faults  prometheus.Counter
}

// newCounts makes the metrics and registers them, if there is a registry.
func newCounts(registry *prometheus.Registry) (*counts, error) {
	c := &counts{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_mail_waiting", Help: "E-mails that are neither sent nor given up, of all relays.",
		}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_mail_oldest_seconds", Help: "How long the oldest e-mail that waits has been owed.",
		}),
		undelivered: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_mail_undelivered", Help: "E-mails that could not be delivered and wait for an operator, refused at once, given up or bounced.",
		}),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handover_mail_results_total", Help: "What became of e-mails that this relay had in hand, by outcome.",
		}, []string{"outcome"}),
		faults: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "handover_mail_connection_faults_total", Help: "How often the mail server could not be used, or refused what was not the recipient's fault.",
		}),
	}
	for _, outcome := range outbox.MailOutcomes() { // an alarm on growth needs them from the first moment
		c.results.WithLabelValues(string(outcome))
	}
	if registry == nil {
		return c, nil
	}
	for _, collector := range []prometheus.Collector{c.waiting, c.oldest, c.undelivered, c.results, c.faults} {
		if err := registry.Register(collector); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// measure looks at the outbox at every tick, until ctx ends. It is apart from the sending, so that a mail server that
// hangs is seen.
func (r *Relay) measure(ctx context.Context) {
	tick := time.NewTicker(r.pace.tick)
	defer tick.Stop()
	for {
		switch waiting, err := r.outbox.MailWaiting(ctx); {
		case err == nil:
			r.counts.waiting.Set(float64(waiting.Count))
			r.counts.oldest.Set(waiting.Oldest.Seconds())
			r.counts.undelivered.Set(float64(waiting.Undelivered))
		case ctx.Err() == nil:
			r.logger.Warn("The mail that waits cannot be counted.", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
