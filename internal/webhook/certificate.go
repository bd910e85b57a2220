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
	"slices"
	"time"
)

// Signer signs as the platform, with a key whose certificate the gateway serves. Another signer may take its place at any
// time: each is known by its own certificate.
type Signer struct {
	key         *rsa.PrivateKey
	chain       [][]byte // its certificate, and those that vouch for it
	from, until time.Time
}

const keyBits = 2048

// CertificatesKept is how long a certificate is served after it signed for the last time: for as long as a receiver may want to check once
// more what it kept.
const CertificatesKept = 90 * 24 * time.Hour

const (
	madeFor    = 365 * 24 * time.Hour // one that vouches for itself
	renewed    = 30 * 24 * time.Hour  // before its end
	endsSoon   = 14 * 24 * time.Hour  // of one that somebody else has to renew
	clocksVary = time.Hour
)

// NewSigner is the signer of a certificate and its key, both as PEM. Certificates that vouch for it follow it, each for the one before.
// Error: a pair that does not belong together, a key that is not RSA or too short, a certificate that is not valid at that time, or that
// the next one does not vouch for.
func NewSigner(certificate, key []byte, now time.Time) (*Signer, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("certificate and key do not make a pair: %w", err)
	}
	private, isRSA := pair.PrivateKey.(*rsa.PrivateKey)
	if !isRSA || private.N.BitLen() < keyBits {
		return nil, fmt.Errorf("the key must be RSA with at least %d bits: receivers know nothing else", keyBits)
	}
	s := &Signer{key: private, chain: pair.Certificate, from: pair.Leaf.NotBefore, until: pair.Leaf.NotAfter}
	for i, below := 1, pair.Leaf; i < len(s.chain); i++ {
		above, err := x509.ParseCertificate(s.chain[i])
		if err == nil {
			err = below.CheckSignatureFrom(above)
		}
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the file does not vouch for the one before it: %w", i+1, err)
		}
		below = above
		s.from = slices.MaxFunc([]time.Time{s.from, above.NotBefore}, time.Time.Compare)
		s.until = slices.MinFunc([]time.Time{s.until, above.NotAfter}, time.Time.Compare)
	}
	return s, s.Valid(now)
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
		NotBefore: now.Add(-clocksVary), NotAfter: now.Add(madeFor), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return &Signer{key: key, chain: [][]byte{certificate}, from: template.NotBefore, until: template.NotAfter}, err
}

// Valid tells whether what is signed at that time holds. Error: that the certificate, or one that vouches for it, is not valid then.
func (s *Signer) Valid(now time.Time) error {
	if now.Before(s.from) || now.After(s.until) {
		return fmt.Errorf("the certificate is valid from %s to %s only", s.from, s.until)
	}
	return nil
}

// Renewable tells that a signer that vouches for itself should be followed by another one.
func (s *Signer) Renewable(now time.Time) bool { return now.After(s.until.Add(-renewed)) }

// EndsSoon tells whether, and when, the certificate ends within two weeks.
func (s *Signer) EndsSoon(now time.Time) (time.Time, bool) {
	return s.until, now.After(s.until.Add(-endsSoon))
}

// ID names the certificate: the hexadecimal SHA-256 of it.
func (s *Signer) ID() string { return CertificateID(s.chain[0]) }

// Certificate is the certificate, as DER.
func (s *Signer) Certificate() []byte { return bytes.Clone(s.chain[0]) }

// Vouching are the certificates that vouch for it, as DER, each for the one before.
func (s *Signer) Vouching() [][]byte { return slices.Clone(s.chain[1:]) }

// sign is RSA over the bytes with SHA-256. Error: that of Valid.
func (s *Signer) sign(body []byte, now time.Time) ([]byte, error) {
	if err := s.Valid(now); err != nil {
		return nil, err
	}
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
