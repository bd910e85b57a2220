package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of what is sent. Every event carries the first two; its format and what the partner gave decide about the others.
const (
	HeaderID        = "Webhook-Id"        // the event's, the same for every attempt
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt, in seconds
	HeaderSignature = "Webhook-Signature" // one for each secret, where the partner gave one

	HeaderAuthorization  = "Authorization"  // Signature and base64
	HeaderMSSignature    = "X-Ms-Signature" // the same, where the registration wants it here
	HeaderCertificateURL = "X-Ms-Certificate-Url"
	HeaderAlgorithm      = "X-Ms-Signature-Algorithm"
)

const (
	algorithm = "rsa-sha256"
	version   = "v1"
)

// Headers are those of one attempt to tell of the event, by name. Error: a key that cannot sign, or not at that time.
func (r Registration) Headers(e Event, body []byte, s *Signer, b Bases, now time.Time) (map[string]string, error) {
	headers := map[string]string{
		"Content-Type": "application/json", HeaderID: e.ID, HeaderTimestamp: strconv.FormatInt(now.Unix(), 10),
	}
	if signatures := SignStandard(r.Secrets(now), e.ID, now, body); signatures != "" {
		headers[HeaderSignature] = signatures
	}
	if r.Format != PartnerCenter {
		return headers, nil
	}
	signature, err := s.sign(body, now)
	if err != nil {
		return nil, fmt.Errorf("sign an event: %w", err)
	}
	place := HeaderAuthorization
	if r.InMSHeader {
		place = HeaderMSSignature
	}
	headers[place] = "Signature " + base64.StdEncoding.EncodeToString(signature)
	headers[HeaderCertificateURL], headers[HeaderAlgorithm] = CertificateURL(b, s.ID()), algorithm
	return headers, nil
}

// CertificateURL is where the gateway serves the certificate with that id.
func CertificateURL(b Bases, id string) string {
	return strings.TrimSuffix(b.Certificates, "/") + "/webhooks/v1/certificates/" + id + ".cer"
}

// SignStandard are the signatures of Standard Webhooks 1.0 over the attempt, one for each secret: HMAC-SHA256 of id, time and body.
func SignStandard(secrets []Secret, id string, at time.Time, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = version + "," + base64.StdEncoding.EncodeToString(secret.mac(id, at.Unix(), body))
	}
	return strings.Join(signatures, " ")
}

func (s Secret) mac(id string, at int64, body []byte) []byte {
	mac := hmac.New(sha256.New, s.key())
	mac.Write(fmt.Appendf(nil, "%s.%d.", id, at))
	mac.Write(body)
	return mac.Sum(nil)
}

// Tolerance is how far a receiver's clock may be from the sender's.
const Tolerance = 5 * time.Minute

// VerifyStandard tells whether one of the signatures is the secret's over this attempt, and the attempt is not an old one: what a
// receiver asks.
func VerifyStandard(secret Secret, id, timestamp, signatures string, body []byte, now time.Time) bool {
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)).Abs() > Tolerance {
		return false
	}
	right, want := false, secret.mac(id, at, body)
	for _, signature := range strings.Fields(signatures) {
		kind, encoded, _ := strings.Cut(signature, ",")
		given, err := base64.StdEncoding.DecodeString(encoded)
		right = right || kind == version && err == nil && hmac.Equal(given, want)
	}
	return right
}
