package courier_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	"handover/internal/webhook/courier"
)

// authority vouches for certificates.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "An authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{key, certificate}
}

// vouches makes a certificate for a server, valid between those times from now.
func (a authority) vouches(t *testing.T, from, until time.Duration, use x509.ExtKeyUsage, names []string, addresses ...net.IP) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until), DNSNames: names, IPAddresses: addresses,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Endpoints are called over TLS that is new enough, with a certificate that holds; the owner is told what is wrong with it.
func TestCertificatesOfEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	known, unknown := newAuthority(t), newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(known.certificate)
	here := net.IPv4(127, 0, 0, 1)
	day := 24 * time.Hour
	good := known.vouches(t, -day, day, x509.ExtKeyUsageServerAuth, nil, here)
	for name, c := range map[string]struct {
		server *tls.Config
		fault  string
	}{
		"right":               {&tls.Config{Certificates: []tls.Certificate{good}}, ""},
		"TLS 1.2":             {&tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, ""},
		"TLS 1.1":             {&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "version 1.2"},
		"TLS 1.0":             {&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, "version 1.2"},
		"expired":             {&tls.Config{Certificates: []tls.Certificate{known.vouches(t, -day, -time.Hour, x509.ExtKeyUsageServerAuth, nil, here)}}, "has expired"},
		"not yet":             {&tls.Config{Certificates: []tls.Certificate{known.vouches(t, time.Hour, day, x509.ExtKeyUsageServerAuth, nil, here)}}, "not valid yet"},
		"another name":        {&tls.Config{Certificates: []tls.Certificate{known.vouches(t, -day, day, x509.ExtKeyUsageServerAuth, []string{"hooks.example"})}}, "not one for its name"},
		"another address":     {&tls.Config{Certificates: []tls.Certificate{known.vouches(t, -day, day, x509.ExtKeyUsageServerAuth, nil, net.IPv4(127, 0, 0, 2))}}, "not one for its name"},
		"an unknown issuer":   {&tls.Config{Certificates: []tls.Certificate{unknown.vouches(t, -day, day, x509.ExtKeyUsageServerAuth, nil, here)}}, "nobody who is trusted"},
		"for something else":  {&tls.Config{Certificates: []tls.Certificate{known.vouches(t, -day, day, x509.ExtKeyUsageEmailProtection, nil, here)}}, "certificate is not valid"},
		"wants to know us":    {&tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "could not be agreed"},
		"without certificate": {&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }}, "could not be agreed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := listens(t, func(connection net.Conn) {
				secured := tls.Server(connection, c.server)
				if secured.HandshakeContext(t.Context()) == nil {
					without("HTTP/1.1 204 No Content\r\n\r\n", "", slowly)(secured)
				}
			})
			answer := brings(t, courier.Settings{Networks: loopback, Trust: &tls.Config{RootCAs: roots}}, webhook.Registration{URL: urlOf("https", address)})
			assert.Equal(t, c.fault == "", answer.Delivered())
			assert.Contains(t, answer.Fault, c.fault)
		})
	}
}
