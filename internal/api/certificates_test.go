package api

import (
	"encoding/pem"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

// a receiver without a token gets the certificate of a signature as DER, and with those that vouch for it as PEM.
func TestReceiversGetTheChain(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	own, above := []byte("own"), []byte("above")
	require.NoError(t, s.ledger.PublishWebhookCertificate(t.Context(), own, above))
	path := "/webhooks/v1/certificates/" + webhook.CertificateID(own)
	get := func(end string) reply { return s.gets(ask{method: http.MethodGet, path: path + end}, http.StatusOK) }
	for _, end := range []string{".cer", ""} {
		got := get(end)
		assert.Equal(t, "application/pkix-cert", got.kind)
		assert.Equal(t, "own", got.complete)
	}
	got := get(".pem")
	assert.Equal(t, "application/pem-certificate-chain", got.kind)
	rest := []byte(got.complete)
	for _, want := range [][]byte{own, above} {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		require.NotNil(t, block)
		assert.Equal(t, "CERTIFICATE", block.Type)
		assert.Equal(t, want, block.Bytes)
	}
	assert.Empty(t, rest)
	for _, unknown := range []string{"/webhooks/v1/certificates/none.pem", "/webhooks/v1/certificates/none.cer", path + ".p7b"} {
		s.gets(ask{method: http.MethodGet, path: unknown}, http.StatusNotFound)
	}
}
