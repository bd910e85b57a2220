package webhook_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key
}

// certified is a certificate of the key for an hour from noon, by an issuer or, without one, by itself; and the key. Both as PEM.
func certified(t *testing.T, key crypto.Signer, issuer *x509.Certificate, by crypto.Signer) (certificate *x509.Certificate, asPEM, secret []byte) {
	t.Helper()
	return until(t, noon.Add(time.Hour), key, issuer, by)
}

func until(t *testing.T, end time.Time, key crypto.Signer, issuer *x509.Certificate, by crypto.Signer) (certificate *x509.Certificate, asPEM, secret []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hooks"}, NotBefore: noon, NotAfter: end,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if issuer == nil {
		issuer, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), by)
	require.NoError(t, err)
	certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return certificate, pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", pkcs8)
}

func TestSignersOfADeployment(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	parsed, certificate, secret := certified(t, key, nil, nil)
	s, err := webhook.NewSigner(certificate, secret, noon)
	require.NoError(t, err)
	assert.Equal(t, parsed.Raw, s.Certificate())
	assert.Empty(t, s.Vouching())
	assert.Equal(t, webhook.CertificateID(parsed.Raw), s.ID())

	for _, at := range []time.Time{noon.Add(-time.Second), noon.Add(time.Hour + time.Second)} {
		_, err = webhook.NewSigner(certificate, secret, at)
		require.ErrorContains(t, err, "valid from")
	}
	_, _, foreign := certified(t, newKey(t), nil, nil)
	_, err = webhook.NewSigner(certificate, foreign, noon)
	require.ErrorContains(t, err, "pair")
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, certificate, secret = certified(t, curve, nil, nil)
	_, err = webhook.NewSigner(certificate, secret, noon)
	require.ErrorContains(t, err, "RSA")
}

// a receiver can verify the chain, for which the certificates between the deployment's own and a known one are kept.
func TestCertificatesThatVouchAreKept(t *testing.T) {
	t.Parallel()
	topKey, middleKey, key := newKey(t), newKey(t), newKey(t)
	top, topPEM, _ := certified(t, topKey, nil, nil)
	middle, middlePEM, _ := certified(t, middleKey, top, topKey)
	own, ownPEM, secret := certified(t, key, middle, middleKey)
	s, err := webhook.NewSigner(slices.Concat(ownPEM, middlePEM, topPEM), secret, noon)
	require.NoError(t, err)
	assert.Equal(t, own.Raw, s.Certificate())
	assert.Equal(t, [][]byte{middle.Raw, top.Raw}, s.Vouching())
	late := noon.Add(30 * time.Minute)
	short, shortPEM, _ := until(t, late, middleKey, top, topKey)
	_, briefPEM, _ := certified(t, key, short, middleKey)
	s, err = webhook.NewSigner(slices.Concat(briefPEM, shortPEM), secret, noon)
	require.NoError(t, err)
	require.NoError(t, s.Valid(late))
	require.ErrorContains(t, s.Valid(late.Add(time.Second)), "valid from", "who vouches for it does so no longer")
	for name, file := range map[string][]byte{"in another order": slices.Concat(ownPEM, topPEM, middlePEM), "with a gap": slices.Concat(ownPEM, topPEM)} {
		_, err = webhook.NewSigner(file, secret, noon)
		require.ErrorContains(t, err, "certificate 2 of the file does not vouch", name)
	}
}

// whether a certificate holds is judged for each signature, not once.
func TestNothingIsSignedOutsideACertificatesTime(t *testing.T) {
	t.Parallel()
	_, certificate, secret := certified(t, newKey(t), nil, nil)
	s, err := webhook.NewSigner(certificate, secret, noon)
	require.NoError(t, err)
	r := webhook.Registration{Format: webhook.PartnerCenter}
	for at, holds := range map[time.Duration]bool{-time.Second: false, 0: true, time.Hour: true, time.Hour + time.Second: false} {
		_, err := r.Headers(event(webhook.CreateTransfer), []byte("{}"), s, bases, noon.Add(at))
		assert.Equal(t, holds, err == nil, at)
	}
	_, err = webhook.Registration{Format: webhook.Standard, Secret: webhook.NewSecret()}.Headers(event(webhook.CreateTransfer), []byte("{}"), nil, bases, noon)
	assert.NoError(t, err, "which has no certificate")
}

// One that vouches for itself is followed a month before its end, so that receivers that keep it have that long for the next.
func TestCertificatesEnd(t *testing.T) {
	t.Parallel()
	s := signer(t)
	day := 24 * time.Hour
	for at, want := range map[time.Duration]struct{ renewable, soon, over bool }{
		0: {}, 334 * day: {}, 336 * day: {renewable: true}, 350 * day: {renewable: true}, 352 * day: {renewable: true, soon: true}, 366 * day: {true, true, true},
	} {
		now := noon.Add(at)
		_, soon := s.EndsSoon(now)
		assert.Equal(t, want.renewable, s.Renewable(now), at)
		assert.Equal(t, want.soon, soon, at)
		assert.Equal(t, want.over, s.Valid(now) != nil, at)
	}
}
