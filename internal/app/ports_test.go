package app_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/app"
	"handover/internal/billing"
	"handover/internal/telemetry"
)

const anyPort = "127.0.0.1:0"

// certify writes a certificate for this machine and its key into files, for a client that trusts it.
func certify(t *testing.T) (certificate, key string, client *http.Client) {
	t.Helper()
	owner := httptest.NewTLSServer(nil)
	t.Cleanup(owner.Close)
	pair := owner.TLS.Certificates[0]
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return certificate, key, owner.Client()
}

// open opens the ports of the settings; callbacks are taken with the token "ring".
func open(t *testing.T, c config.Config) (app.Ports, error) {
	t.Helper()
	metrics, err := telemetry.NewMetrics()
	require.NoError(t, err)
	steps := app.Steps{Callback: billing.Callbacks("ring", func(string) bool { return true })}
	ports, err := app.OpenPorts(t.Context(), c, steps, metrics, zap.NewNop())
	t.Cleanup(ports.Close)
	return ports, err
}

// taken is an address that somebody else listens on.
func taken(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", anyPort)
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

func TestPortsAreOpenedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	ports, err := open(t, config.Config{})
	require.NoError(t, err)
	assert.Equal(t, app.Ports{}, ports)

	sandbox, err := app.OpenPorts(t.Context(), config.Config{Billing: config.Billing{CallbackListen: anyPort}}, app.Steps{}, telemetry.Metrics{}, zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, app.Ports{}, sandbox, "the ledger does not call itself")
}

func TestPortsAnswerUntilTheyAreClosed(t *testing.T) {
	t.Parallel()
	certificate, key, client := certify(t)
	ports, err := open(t, config.Config{
		Worker:  config.Worker{MetricsListen: anyPort},
		Billing: config.Billing{CallbackListen: anyPort, CallbackTLSCertificate: certificate, CallbackTLSKey: key},
	})
	require.NoError(t, err)

	scraped, err := client.Get("http://" + ports.Metrics.Address.String() + "/metrics")
	require.NoError(t, err)
	text, err := io.ReadAll(scraped.Body)
	require.NoError(t, err)
	scraped.Body.Close()
	assert.Contains(t, string(text), "target_info")

	for token, want := range map[string]int{"Bearer ring": http.StatusMethodNotAllowed, "Bearer rang": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+ports.Callbacks.Address.String()+"/moves/x", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", token)
		answer, err := client.Do(request)
		require.NoError(t, err)
		answer.Body.Close()
		assert.Equal(t, want, answer.StatusCode, token)
	}

	ports.Close()
	for _, gone := range []string{ports.Metrics.Address.String(), ports.Callbacks.Address.String()} {
		_, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", gone)
		require.Error(t, err)
	}
}

func TestAPortThatCannotBeOpenedNamesItsSetting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]config.Config{
		"HANDOVER_WORKER_METRICS_LISTEN":   {Worker: config.Worker{MetricsListen: taken(t)}},
		"HANDOVER_BILLING_CALLBACK_LISTEN": {Billing: config.Billing{CallbackListen: taken(t)}},
		"HANDOVER_BILLING_CALLBACK_TLS_CERTIFICATE": {Billing: config.Billing{
			CallbackListen: anyPort, CallbackTLSCertificate: "missing.pem", CallbackTLSKey: "missing.pem",
		}},
	} {
		_, err := open(t, c)
		require.ErrorContains(t, err, name)
	}
}
