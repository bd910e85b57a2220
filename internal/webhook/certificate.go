package webhook

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Signer signs as the platform, with a key whose certificate the gateway serves. Another signer may take its place at any
// time: each is known by its own certificate.
type Signer struct {
	key         *rsa.PrivateKey
	certificate []byte
}

const keyBits = 2048

// NewSigner is the signer of a certificate and its key, both as PEM. Error: a pair that does not belong together, a key that is not RSA
// or too short, a certificate that is not valid at that time.
func NewSigner(certificate, key []byte, now time.Time) (*Signer, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("certificate and key do not make a pair: %w", err)
	}
	private, isRSA := pair.PrivateKey.(*rsa.PrivateKey)
	if !isRSA || private.N.BitLen() < keyBits {
		return nil, fmt.Errorf("the key must be RSA with at least %d bits: receivers know nothing else", keyBits)
	}
	if now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate is valid from %s to %s only", pair.Leaf.NotBefore, pair.Leaf.NotAfter)
	}
	return &Signer{key: private, certificate: pair.Certificate[0]}, nil
}

// SelfSigned is a signer with a new key that vouches for itself, for deployments that have no certificate for the purpose. Error: no
// randomness.
func SelfSigned(now time.Time) (*Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Handover webhooks", Organization: []string{"Handover"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return &Signer{key: key, certificate: certificate}, err
}

// ID names the certificate: the hexadecimal SHA-256 of it.
func (s *Signer) ID() string { return CertificateID(s.certificate) }

// Certificate is the certificate, as DER.
func (s *Signer) Certificate() []byte { return bytes.Clone(s.certificate) }

// sign is RSA over the bytes with SHA-256.
func (s *Signer) sign(body []byte) ([]byte, error) {
	sum := sha256.Sum256(body)
	return rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
}

// CertificateID names a certificate, given as DER.
func CertificateID(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	return hex.EncodeToString(sum[:])
}

// Verify tells whether the signature is the certificate's over these bytes, as a receiver does. Error: that it is not, or a
// certificate that is none.
func Verify(certificate, body, signature []byte) error {
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return err
	}
	public, isRSA := parsed.PublicKey.(*rsa.PublicKey)
	if !isRSA {
		return errors.New("the certificate's key is not RSA")
	}
	sum := sha256.Sum256(body)
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature)
}
