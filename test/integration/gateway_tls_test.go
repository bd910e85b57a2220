package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

// With a certificate the gateway speaks HTTPS, tells browsers to stay with it, and nothing else is answered.
func TestAGatewayWithACertificate(t *testing.T) {
	t.Parallel()
	certificate, key := selfSigned(t)
	trusted := x509.NewCertPool()
	content, err := os.ReadFile(certificate)
	require.NoError(t, err)
	require.True(t, trusted.AppendCertsFromPEM(content))
	tokens := startIssuer(t)
	g := prepareGateway(t, append(tokens.trusted(), tlsOf(certificate, key, seededLedger(t), "TEMPORAL_ADDRESS=127.0.0.1:1")...)...)
	g.scheme, g.client = "https", speaking(&tls.Config{RootCAs: trusted})
	g.start(t)

	customers := ask{by: tokens.caller(t, world.LargeTarget, world.LargeTargetUser), method: http.MethodGet, path: "/v1/customers"}
	secure := g.hear(t, customers)
	assert.Equal(t, http.StatusOK, secure.status, secure.body)
	assert.Equal(t, "max-age=31536000", secure.security)

	old := &gateway{scheme: "https", address: g.address, client: speaking(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})}
	_, err = old.send(customers)
	require.ErrorContains(t, err, "protocol version")

	plain := &gateway{scheme: "http", address: g.address, client: onceOver}
	refused := plain.hear(t, ask{method: http.MethodGet, path: "/healthz"})
	assert.Equal(t, http.StatusBadRequest, refused.status)
	assert.Contains(t, refused.body, "HTTPS")

	open, _ := lonelyGateway(t)
	assert.Empty(t, open.hear(t, ask{method: http.MethodGet, path: "/healthz"}).security)
}

func speaking(c *tls.Config) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}
}

// tlsOf are settings with a certificate among them.
func tlsOf(certificate, key string, more ...string) []string {
	return append(more, "HANDOVER_API_TLS_CERTIFICATE="+certificate, "HANDOVER_API_TLS_KEY="+key)
}

// selfSigned writes a certificate for this machine and its key into files.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return file(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))),
		file(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}
