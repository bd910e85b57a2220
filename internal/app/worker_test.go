package app_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/app"
	"handover/internal/ledger"
	"handover/internal/telemetry"
)

// A worker can be made with either billing system. The SDK panics when two of its bounds contradict each other.
func TestNewWorker(t *testing.T) {
	for _, adapter := range []string{"ledger", "http"} {
		t.Run(adapter, func(t *testing.T) {
			settings, err := config.Load()
			require.NoError(t, err)
			settings.Billing.Adapter, settings.Billing.URL = adapter, "https://billing.example"
			settings.Webhooks.PublicURL = "https://handover.example"
			l, err := ledger.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), ledger.Options{})
			require.NoError(t, err)
			defer func() { require.NoError(t, l.Close()) }()
			metrics, err := telemetry.NewMetrics()
			require.NoError(t, err)
			temporal, err := client.NewLazyClient(client.Options{})
			require.NoError(t, err)
			defer temporal.Close()
			steps, err := app.NewSteps(settings, l, zap.NewNop())
			require.NoError(t, err)
			require.Equal(t, adapter == "http", steps.Breaker != nil)
			_, err = app.NewWorker(app.Surroundings{
				Temporal: temporal, Settings: settings.Worker, Billing: settings.Billing, Webhooks: settings.Webhooks, Steps: steps, Ledger: l, Metrics: metrics, Logger: zap.NewNop(),
			})
			require.NoError(t, err)
		})
	}
}

// A worker that would sign what nobody can verify does not start.
func TestAWorkerNeedsAnAddressForPartners(t *testing.T) {
	settings, err := config.Load()
	require.NoError(t, err)
	l, err := ledger.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), ledger.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, err = app.NewSteps(settings, l, zap.NewNop())
	require.ErrorContains(t, err, "HANDOVER_WEBHOOKS_PUBLIC_URL must be the https address")
}
