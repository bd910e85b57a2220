package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	var hundreds []float64
	for n := 200; n > 0; n-- {
		hundreds = append(hundreds, float64(n))
	}
	assert.Equal(t, 100.0, percentile(hundreds, 50))
	assert.Equal(t, 198.0, percentile(hundreds, 99))
	assert.Equal(t, 3.0, percentile([]float64{1, 3, 2}, 99))
	assert.Equal(t, 2.0, percentile([]float64{1, 3, 2}, 50))
	assert.Zero(t, percentile(nil, 99))
}

// A create is within its budget by the p99 of the full ledger; warming up counts for nothing.
func TestLatenciesAreJudgedOnTheFullLedger(t *testing.T) {
	t.Parallel()
	took := func(measured time.Duration) map[string][]time.Duration {
		all := map[string][]time.Duration{}
		for _, request := range []string{createRequest, submitRequest, getRequest, listRequest, firstRequest, deepRequest} {
			for range warmingUp {
				all[request] = append(all[request], time.Minute)
			}
			all[request] = append(all[request], measured)
		}
		return all
	}
	r := &report{Transfers: 100_000}
	r.noteLatencies("sqlite", took(20*time.Millisecond), took(100*time.Millisecond))
	r.noteLatencies("postgres", took(20*time.Millisecond), took(24*time.Millisecond))
	require.Len(t, r.Latencies, 12)
	create, get, elsewhere := r.Latencies[0], r.Latencies[2], r.Latencies[6]
	assert.Equal(t, []float64{20, 100, 5}, []float64{create.Empty.P99, create.Full.P99, create.Ratio})
	assert.False(t, *create.Within)
	assert.Nil(t, get.Within)
	assert.True(t, *elsewhere.Within)

	var out strings.Builder
	r.writeTable(&out)
	assert.Contains(t, out.String(), "100000 transfers in the ledger")
	assert.Contains(t, out.String(), "p99 < 25")
	assert.Equal(t, 2, strings.Count(out.String(), "NO"))
	assert.NotContains(t, out.String(), "Rows 3 and 4")
}
