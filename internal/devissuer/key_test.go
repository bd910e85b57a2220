package devissuer_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
)

func block(kind string, der []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return block("PRIVATE KEY", der, err)
}

func TestTheKeyFileIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	about, err := os.Stat(s.keyFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), about.Mode().Perm())
	found, err := os.ReadDir(filepath.Dir(s.keyFile))
	require.NoError(t, err)
	assert.Len(t, found, 1, "nothing is left of writing it")
}

// E7: a key that an older version, or an operator, left open to others.
func TestTheKeyFileIsClosedToOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.NoError(t, os.Chmod(s.keyFile, 0o644))
	s.start(t)
	about, err := os.Stat(s.keyFile)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), about.Mode().Perm())
}

// TestKeysOfOtherTools: an operator may bring a key; what cannot sign here is refused with the file's name.
func TestKeysOfOtherTools(t *testing.T) {
	t.Parallel()
	wide, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	sec1, errEC := x509.MarshalECPrivateKey(p256)
	cases := map[string]struct {
		content []byte
		says    string
	}{
		"RSA, PKCS 8":  {pkcs8(wide), ""},
		"RSA, PKCS 1":  {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(wide), nil), ""},
		"P-256, PKCS8": {pkcs8(p256), ""},
		"P-256, SEC 1": {block("EC PRIVATE KEY", sec1, errEC), ""},
		"P-384":        {pkcs8(p384), "must be a P-256 key"},
		"Ed25519":      {pkcs8(edwards), "must be a P-256 key"},
		"no PEM":       {[]byte("secret"), "no PEM block"},
		"no key in it": {block("PRIVATE KEY", []byte("x"), nil), "remove it to get a new one"},
		"empty":        {nil, "no PEM block"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			require.NoError(t, os.WriteFile(s.keyFile, c.content, 0o600))
			if c.says != "" {
				_, err := devissuer.New(s.settings())
				require.ErrorContains(t, err, c.says)
				require.ErrorContains(t, err, s.keyFile)
				return
			}
			s.start(t)
			_, err := s.verifier(t).Verify(t.Context(), s.post(t, partner, credentials()).AccessToken)
			assert.NoError(t, err)
		})
	}
}
