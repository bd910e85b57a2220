package app

import (
	"context"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"handover/config"
	"handover/internal/httpserver"
	"handover/internal/telemetry"
)

// Ports are the optional HTTP ports of a worker: metrics, and the billing system's callbacks. The zero value has none.
type Ports struct {
	Metrics, Callbacks *httpserver.Server // nil when the settings do not ask for it
}

// OpenPorts opens the ports of the settings until the context ends. Errors name the setting: an address that cannot be
// bound, a certificate that cannot be used.
func OpenPorts(ctx context.Context, c config.Config, steps Steps, metrics telemetry.Metrics, logger *zap.Logger) (Ports, error) {
	var p Ports
	var err error
	o := httpserver.Options{Bounds: httpserver.ForWorker(), Logger: logger}
	if address := c.Worker.MetricsListen; address != "" {
		o.Handler = scrape(metrics)
		if p.Metrics, err = httpserver.Start(ctx, address, o); err != nil {
			return Ports{}, fmt.Errorf("HANDOVER_WORKER_METRICS_LISTEN cannot be used: %w", err)
		}
	}
	if address := c.Billing.CallbackListen; address != "" && steps.Callback != nil {
		o.Handler = steps.Callback
		o.TLS, err = httpserver.Certificate(c.Billing.CallbackTLSCertificate, c.Billing.CallbackTLSKey)
		if err != nil {
			p.Close()
			return Ports{}, fmt.Errorf("HANDOVER_BILLING_CALLBACK_TLS_CERTIFICATE and HANDOVER_BILLING_CALLBACK_TLS_KEY cannot be used: %w", err)
		}
		if p.Callbacks, err = httpserver.Start(ctx, address, o); err != nil {
			p.Close()
			return Ports{}, fmt.Errorf("HANDOVER_BILLING_CALLBACK_LISTEN cannot be used: %w", err)
		}
	}
	return p, nil
}

// Close returns when no request is being answered any more.
func (p Ports) Close() {
	for _, port := range []*httpserver.Server{p.Metrics, p.Callbacks} {
		if port != nil {
			port.Stop()
		}
	}
}

func scrape(metrics telemetry.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler)
	return mux
}
