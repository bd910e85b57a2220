package app

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/command"
	"handover/internal/ledger"
	"handover/internal/telemetry"
	"handover/internal/webhook"
	"handover/internal/world"
)

// measuring is a ledger with the metrics of a worker on it.
type measuring struct {
	*ledger.Ledger
	*measurements
	Surroundings
	now time.Time
}

func newMeasuring(t *testing.T) *measuring {
	t.Helper()
	s := &measuring{now: time.Date(2031, 3, 3, 11, 0, 0, 0, time.UTC)}
	settings, err := config.Load()
	require.NoError(t, err)
	settings.Webhooks.PlainAnywhere = true
	s.Ledger, err = ledger.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), ledger.Options{Now: func() time.Time { return s.now }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	require.NoError(t, s.Seed(t.Context(), world.Sample()))
	steps, err := NewSteps(settings, s.Ledger, zap.NewNop())
	require.NoError(t, err)
	metrics, err := telemetry.NewMetrics()
	require.NoError(t, err)
	s.Surroundings = Surroundings{Steps: steps, Ledger: s.Ledger, Metrics: metrics, Logger: zap.NewNop()}
	s.measurements, err = measure(s.Surroundings)
	require.NoError(t, err)
	return s
}

// reads are the values of a metric by its only label, or by "" where it has none; of a histogram how often something was observed.
func (s *measuring) reads(t *testing.T, name string) map[string]float64 {
	t.Helper()
	families, err := s.Metrics.Registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() != name {
				continue
			}
			label := ""
			if len(m.GetLabel()) > 0 {
				require.Len(t, m.GetLabel(), 1, name)
				label = m.GetLabel()[0].GetValue()
			}
			found[label] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return found
}

// answering is an endpoint with these answers in turn.
type answering []webhook.Answer

func (a *answering) Bring(context.Context, webhook.Registration, webhook.Event) (webhook.Answer, error) {
	answer := (*a)[0]
	*a = (*a)[1:]
	return answer, nil
}

// wants registers the partner for tests, and tests it.
func (s *measuring) tested(t *testing.T, partner string, tests ...string) {
	t.Helper()
	_, err := s.RegisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, partner, webhook.Wish{
		URL: "https://hooks.example/", Events: []string{string(webhook.TestCreated)},
	}, webhook.Addresses{})
	require.NoError(t, err)
	for _, id := range tests {
		_, err := s.TestWebhook(t.Context(), command.Terms[webhook.Event]{}, partner, id)
		require.NoError(t, err)
	}
}

// Attempts are counted by the class of their answer, of which there are six, whatever endpoints say.
func TestAttemptsAreMeasured(t *testing.T) {
	s := newMeasuring(t)
	assert.Equal(t, map[string]float64{"none": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, "other": 0}, s.reads(t, "handover_webhook_attempts_total"))
	s.tested(t, world.Demo().SourceTenantID, "t1", "t2")
	s.tested(t, world.Demo().TargetTenantID, "t3", "t4")
	s.Steps.Delivery.Courier = &answering{{Status: 204, Took: time.Second}, {Status: 302}, {Status: 410}}
	for _, partner := range []string{world.Demo().SourceTenantID, world.Demo().TargetTenantID} {
		_, err := s.Steps.Delivery.Deliver(t.Context(), partner)
		require.NoError(t, err)
	}
	for _, status := range []int{0, 100, 299, 429, 503, 599, 600, 999, -7} {
		s.Steps.Delivery.Heard(webhook.Answer{Status: status})
	}
	assert.Equal(t, map[string]float64{"none": 1, "2xx": 2, "3xx": 1, "4xx": 2, "5xx": 2, "other": 4}, s.reads(t, "handover_webhook_attempts_total"))
	assert.Equal(t, map[string]float64{"": 12}, s.reads(t, "handover_webhook_attempt_seconds"))
	assert.Equal(t, map[string]float64{"": 2}, s.reads(t, "handover_webhook_dead_letters_total"), "what it is gone for, and what waited behind")
}

// What waits, what only a worker holds up, and how endpoints do is counted in the ledger.
func TestWhatPartnersAreOwedIsMeasured(t *testing.T) {
	s := newMeasuring(t)
	s.tested(t, world.Demo().SourceTenantID, "t1", "t2")
	s.tested(t, world.Demo().TargetTenantID, "t3")
	s.now = s.now.Add(time.Minute)
	s.Steps.Delivery.Courier = &answering{{Status: 410}}
	_, err := s.Steps.Delivery.Deliver(t.Context(), world.Demo().TargetTenantID)
	require.NoError(t, err)
	require.NoError(t, s.count(t.Context(), s.Ledger))
	require.NoError(t, s.countDead(t.Context(), s.Ledger))
	for name, want := range map[string]map[string]float64{
		"handover_webhook_events_waiting": {"": 2},
		"handover_webhook_oldest_seconds": {"": 60},
		"handover_webhook_events_due":     {"": 2},
		"handover_webhook_due_seconds":    {"": 60},
		"handover_webhook_dead_letters":   {"": 1},
		"handover_webhook_endpoints":      {"taking": 1, "failing": 0, "off": 1},
	} {
		assert.Equal(t, want, s.reads(t, name), name)
	}

	s.Steps.Delivery.Courier = &answering{{Status: 200}, {Status: 500}, {Status: 500}}
	_, err = s.Steps.Delivery.Deliver(t.Context(), world.Demo().SourceTenantID)
	require.NoError(t, err)
	require.NoError(t, s.count(t.Context(), s.Ledger))
	for name, want := range map[string]map[string]float64{
		"handover_webhook_events_waiting": {"": 1},
		"handover_webhook_oldest_seconds": {"": 60},
		"handover_webhook_events_due":     {"": 0},
		"handover_webhook_due_seconds":    {"": 0},
		"handover_webhook_endpoints":      {"taking": 0, "failing": 1, "off": 1},
	} {
		assert.Equal(t, want, s.reads(t, name), name)
	}
}

// A worker counts as soon as it runs, and does not end for a ledger that cannot be read.
func TestWorkersCount(t *testing.T) {
	s := newMeasuring(t)
	s.tested(t, world.Demo().SourceTenantID, "t1")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx, s.Ledger, zap.NewNop())
	}()
	require.Eventually(t, func() bool { return s.reads(t, "handover_webhook_events_waiting")[""] == 1 }, time.Minute, time.Millisecond)
	cancel()
	<-ended
	s.run(ctx, s.Ledger, zap.NewNop())
	_, err := measure(s.Surroundings)
	require.Error(t, err, "they are registered already")
}
