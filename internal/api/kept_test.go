package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// E5: what is kept of an answer is small, however large the request was: no refusal repeats what it refuses.
func TestKeptAnswersAreSmall(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	at := s.pending(0)
	unknown := make([]string, 5000)
	for n := range unknown {
		unknown[n] = `{"subscriptionId":"` + uuid.NewString() + `","productType":"OnlineServicesNCE"}`
	}
	large := strings.Repeat("x", 45<<10)
	for name, q := range map[string]ask{
		"long text": {by: byTarget, method: http.MethodPost, path: customerPath(0) + "/transfers",
			body: `{"customerEmailId":"it@contoso.example","partnerOnRecord":"` + large + `"}`},
		"unknown field": {by: byTarget, method: http.MethodPost, path: customerPath(0) + "/transfers", body: `{"` + large + `":1}`},
		"unknown items": deciding(bySource, at, `{"status":"InProgress","lineItems":[`+strings.Join(unknown, ",")+`]}`, ""),
	} {
		q.key = name
		got := s.hears(t.Context(), q)
		require.GreaterOrEqual(t, got.status, 400, name)
		require.Less(t, len(got.complete), 2<<10, name)
	}
	require.Equal(t, []string{"0"}, s.rows("SELECT COUNT(*) FROM api_requests WHERE LENGTH(body) > 2048"))
}

// E5: how much is kept for repeated requests can be watched.
func TestKeptAnswersAreMeasured(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	s.gets(creating(0, "kept"), http.StatusCreated)
	registry := prometheus.NewRegistry()
	a, err := New(Options{Ledger: s.ledger, Policy: transfer.DefaultPolicy(), Rules: subscription.DefaultRules(), Logger: zap.NewNop(), Version: "1", Metrics: registry})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	kept := func() map[string]float64 {
		families, err := registry.Gather()
		require.NoError(t, err)
		found := map[string]float64{}
		for _, f := range families {
			if f.GetType().String() == "GAUGE" {
				found[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return found
	}
	done := make(chan struct{})
	go func() { defer close(done); a.Housekeep(ctx) }()
	require.Eventually(t, func() bool { return kept()["handover_kept_answers"] == 1 && kept()["handover_kept_answers_bytes"] > 0 }, time.Minute, time.Millisecond)
	cancel()
	<-done
}
