// Package telemetry makes the loggers and metrics of the programs: zap behind every log line, Prometheus behind every
// number, the Temporal SDK's included.
package telemetry

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// NewLogger writes JSON lines to standard error from the level (debug, info, warn, error) upwards.
func NewLogger(level string) (*zap.Logger, error) {
	at, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("the log level must be debug, info, warn or error: %w", err)
	}
	return loggerTo(zapcore.Lock(os.Stderr), at), nil
}

// loggerTo is zap's logger for production, with readable times. Of many lines that say the same within a second it writes some.
func loggerTo(out zapcore.WriteSyncer, at zapcore.Level) *zap.Logger {
	const each, first, thereafter = time.Second, 100, 100
	form := zap.NewProductionEncoderConfig()
	form.EncodeTime = zapcore.ISO8601TimeEncoder
	core := zapcore.NewCore(plainEncoder{zapcore.NewJSONEncoder(form)}, out, at)
	return zap.New(zapcore.NewSamplerWithOptions(core, each, first, thereafter), zap.AddCaller(), zap.AddStacktrace(zap.ErrorLevel), zap.ErrorOutput(out))
}

// ForTemporal is the logger in the form the Temporal SDK takes.
func ForTemporal(logger *zap.Logger) log.Logger {
	return log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core())))
}

// Metrics is what a program measures, to be scraped from Handler.
type Metrics struct {
	Temporal client.MetricsHandler // for client.Options
	Handler  http.Handler          // /metrics
	Registry *prometheus.Registry  // for what a program measures besides
}

// NewMetrics collects the Temporal SDK's and the workflows' own metrics into a fresh registry.
func NewMetrics() (Metrics, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return Metrics{}, fmt.Errorf("make the metrics exporter: %w", err)
	}
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)).Meter("handover")
	return Metrics{
		Temporal: opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{Meter: meter}),
		Handler:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		Registry: registry,
	}, nil
}
