package dispatch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// measurements are the dispatcher's own metrics.
type measurements struct {
	waiting prometheus.Gauge
	age     prometheus.Gauge
	nudges  *prometheus.CounterVec
	raised  *prometheus.CounterVec
}

func measure(registry prometheus.Registerer) (measurements, error) {
	m := measurements{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_runs_waiting", Help: "How many workflow runs are behind the ledger."}),
		age: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_runs_waiting_age_seconds", Help: "For how long the first of them has been behind."}),
		nudges: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handover_nudges_total", Help: "Workflow runs that were to be told to look at the ledger, by result."}, []string{"result"}),
		raised: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handover_runs_raised_total", Help: "Workflow runs that had to look though nothing was changed, by what noticed."}, []string{"by"}),
	}
	if registry == nil {
		return m, nil
	}
	for _, by := range []string{"watch", "reconcile"} {
		m.raised.WithLabelValues(by) // an alarm on an increase needs the zero before it
	}
	for _, c := range []prometheus.Collector{m.waiting, m.age, m.nudges, m.raised} {
		if err := registry.Register(c); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m measurements) count(err error) { m.nudges.WithLabelValues(code(err)).Inc() }

// wait says how many runs are behind, and since when; zero when none is.
func (m measurements) wait(count int, since time.Time) {
	m.waiting.Set(float64(count))
	if since.IsZero() {
		m.age.Set(0)
		return
	}
	m.age.Set(time.Since(since).Seconds())
}
