package webhook_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel/kerneltest"
	"handover/internal/webhook"
)

func signer(t *testing.T) *webhook.Signer {
	t.Helper()
	s, err := webhook.SelfSigned(noon)
	require.NoError(t, err)
	return s
}

func sent(t *testing.T, r webhook.Registration, s *webhook.Signer, at time.Time) (body []byte, headers http.Header) {
	t.Helper()
	body, err := event(webhook.CreateTransfer).Body(r.Format, bases)
	require.NoError(t, err)
	said, err := r.Headers(event(webhook.CreateTransfer), body, s, bases, at)
	require.NoError(t, err)
	headers = http.Header{}
	for name, value := range said {
		headers.Set(name, value)
	}
	return body, headers
}

func TestSignatureOfPartnerCenter(t *testing.T) {
	t.Parallel()
	s := signer(t)
	kerneltest.Rule(t, "R-221 signature, certificate and algorithm stand in the headers", func(t *testing.T) {
		_, headers := sent(t, webhook.Registration{Format: webhook.PartnerCenter}, s, noon)
		assert.Regexp(t, `^Signature [A-Za-z0-9+/]+=*$`, headers.Get("Authorization"))
		assert.Empty(t, headers.Get("x-ms-signature"))
		assert.Equal(t, "https://handover.example/webhooks/v1/certificates/"+s.ID()+".cer", headers.Get("X-MS-Certificate-Url"))
		assert.Equal(t, "rsa-sha256", headers.Get("X-MS-Signature-Algorithm"))
		assert.Empty(t, headers.Get("webhook-signature"), "there is no secret")
		_, headers = sent(t, webhook.Registration{Format: webhook.PartnerCenter, InMSHeader: true}, s, noon)
		assert.Empty(t, headers.Get("Authorization"))
		assert.Regexp(t, `^Signature [A-Za-z0-9+/]+=*$`, headers.Get("x-ms-signature"))
	})
	kerneltest.Rule(t, "R-222 it is RSA over the raw body", func(t *testing.T) {
		body, headers := sent(t, webhook.Registration{Format: webhook.PartnerCenter}, s, noon)
		token, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(headers.Get("Authorization"), "Signature "))
		require.NoError(t, err)
		certificate, err := x509.ParseCertificate(s.Certificate())
		require.NoError(t, err)
		sum := sha256.Sum256(body)
		require.NoError(t, rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], token))
		require.NoError(t, webhook.Verify(s.Certificate(), body, token))
		require.Error(t, webhook.Verify(s.Certificate(), append(body, ' '), token))
		require.Error(t, webhook.Verify(signer(t).Certificate(), body, token), "another key")
		require.Error(t, webhook.Verify([]byte("garbage"), body, token))
	})
}

// What is sent verifies with the library of Standard Webhooks, by either secret while they overlap, and by no other.
func TestSignaturesOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	before, after, other := webhook.NewSecret(), webhook.NewSecret(), webhook.NewSecret()
	for _, format := range []webhook.Format{webhook.Standard, webhook.PartnerCenter} {
		r := webhook.Registration{Format: format, Secret: after, Previous: []webhook.Secret{before}, PreviousUntil: now.Add(time.Hour)}
		body, headers := sent(t, r, signer(t), now)
		for secret, right := range map[webhook.Secret]bool{before: true, after: true, other: false} {
			library, err := standardwebhooks.NewWebhook(secret.Kept())
			require.NoError(t, err)
			assert.Equal(t, right, library.Verify(body, headers) == nil)
			assert.Error(t, library.Verify(append(body, ' '), headers))
			verified := func(at time.Time) bool {
				return webhook.VerifyStandard(secret, headers.Get("webhook-id"), headers.Get("webhook-timestamp"), headers.Get("webhook-signature"), body, at)
			}
			assert.Equal(t, right, verified(now))
			assert.False(t, verified(now.Add(webhook.Tolerance+time.Second)), "an attempt of long ago")
			assert.False(t, verified(now.Add(-webhook.Tolerance-time.Second)))
		}
		r.PreviousUntil = now
		body, headers = sent(t, r, signer(t), now)
		library, err := standardwebhooks.NewWebhook(before.Kept())
		require.NoError(t, err)
		assert.Error(t, library.Verify(body, headers), "the overlap is over")
		assert.Equal(t, event(webhook.CreateTransfer).ID, headers.Get("webhook-id"))
	}
	_, headers := sent(t, webhook.Registration{Format: webhook.Standard, Secret: after}, nil, now)
	assert.Empty(t, headers.Get("Authorization"), "the certificate is the other format's")
}

// What we sign is what their library signs.
func TestTheLibrarySignsAlike(t *testing.T) {
	t.Parallel()
	secret := webhook.NewSecret()
	library, err := standardwebhooks.NewWebhook(secret.Kept())
	require.NoError(t, err)
	theirs, err := library.Sign("id", noon, []byte(`{"a":1}`))
	require.NoError(t, err)
	assert.Equal(t, theirs, webhook.SignStandard([]webhook.Secret{secret}, "id", noon, []byte(`{"a":1}`)))
	assert.True(t, webhook.VerifyStandard(secret, "id", "1795694400", "v9,x "+theirs, []byte(`{"a":1}`), noon))
	for _, bad := range []string{"", "v1", "v1,", "v1,!", strings.Replace(theirs, "v1,", "v2,", 1)} {
		assert.False(t, webhook.VerifyStandard(secret, "id", "1795694400", bad, []byte(`{"a":1}`), noon), bad)
	}
	assert.False(t, webhook.VerifyStandard(secret, "id", "now", theirs, []byte(`{"a":1}`), noon))
}
