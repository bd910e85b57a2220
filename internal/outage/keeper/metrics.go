package keeper

import (
	"github.com/prometheus/client_golang/prometheus"

	"handover/internal/billing"
)

// measure has the breaker's state read whenever metrics are.
func measure(registry prometheus.Registerer, b *billing.Breaker) error {
	if registry == nil {
		return nil
	}
	for _, c := range []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "handover_billing_away", Help: "1 while this process finds the billing system away, 0 otherwise."}, func() float64 {
			if b.Condition().Away {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "handover_billing_probes_total", Help: "Calls that were to find out whether the billing system is back."}, func() float64 {
			return float64(b.Condition().Probes)
		}),
	} {
		if err := registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}
