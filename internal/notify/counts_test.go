package notify

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// An alarm on growth sees the first of a kind only where there was a zero before it.
func TestEveryOutcomeBeginsAtZero(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	_, err := newCounts(registry)
	require.NoError(t, err)
	families, err := registry.Gather()
	require.NoError(t, err)
	zeros := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "handover_mail_results_total" {
				zeros[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	require.Equal(t, map[string]float64{"sent": 0, "again": 0, "undelivered": 0, "withdrawn": 0, "untried": 0}, zeros)
}
