package httpserver_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/httpserver"
)

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

func TestACertificateMeansHTTPSOnly(t *testing.T) {
	t.Parallel()
	certificate, key, client := certify(t)
	secured, err := httpserver.Certificate(certificate, key)
	require.NoError(t, err)
	server, err := httpserver.Start(t.Context(), "127.0.0.1:0", httpserver.Options{
		Handler: http.HandlerFunc(fine), Bounds: unbounded(), TLS: secured, Logger: zap.NewNop(),
	})
	require.NoError(t, err)
	t.Cleanup(server.Stop)

	response, err := client.Get("https://" + server.Address.String())
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	response, err = client.Get("http://" + server.Address.String())
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	certificate, key, _ := certify(t)
	none, err := httpserver.Certificate("", "")
	require.NoError(t, err)
	assert.Nil(t, none)
	_, err = httpserver.Certificate(certificate, certificate)
	require.Error(t, err)
	_, err = httpserver.Certificate(certificate, filepath.Join(t.TempDir(), "missing.pem"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = httpserver.Certificate(key, key)
	require.Error(t, err)
}
