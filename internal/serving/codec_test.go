package serving_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/config"
	"handover/internal/payloads"
	"handover/internal/serving"
)

func settings(t *testing.T) config.Config {
	t.Helper()
	c, err := config.Load()
	require.NoError(t, err)
	c.Auth.Issuer, c.Auth.Audiences = "http://127.0.0.1:1", []string{"handover"}
	c.Payloads.EncryptionKeys, err = payloads.ParseKeys("a:" + base64.StdEncoding.EncodeToString(make([]byte, 32)))
	require.NoError(t, err)
	return c
}

// The codec is there for named operators only, beside the API and within its bounds.
func TestTheCodecIsServedWhenItIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Codec)
		status map[string]int
	}{
		"unless named": {func(*config.Codec) {}, map[string]int{"/codec/decode": 404, "/codec/encode": 404}},
		"decode": {func(c *config.Codec) { c.Tenant = "0a1b2c3d-0000-4000-8000-000000000001" },
			map[string]int{"/codec/decode": 401, "/codec/encode": 404, "/codec/download": 404}},
		"encode": {func(c *config.Codec) { c.Tenant, c.Encode = "0a1b2c3d-0000-4000-8000-000000000001", true },
			map[string]int{"/codec/decode": 401, "/codec/encode": 401}},
	} {
		s := settings(t)
		c.change(&s.Codec)
		handler, err := serving.NewAPI(serving.Parts{Settings: s, Logger: zap.NewNop()})
		require.NoError(t, err, name)
		for path, status := range c.status {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader("{}")))
			assert.Equal(t, status, answer.Code, "%s: %s", name, path)
			assert.Equal(t, "no-store", answer.Header().Get("Cache-Control"), name)
		}
	}
}

func TestThePageThatMayAsk(t *testing.T) {
	s := settings(t)
	s.Codec.Tenant, s.Codec.Origin = "0a1b2c3d-0000-4000-8000-000000000001", "https://temporal.example"
	handler, err := serving.NewAPI(serving.Parts{Settings: s, Logger: zap.NewNop()})
	require.NoError(t, err)
	for origin, status := range map[string]int{"https://temporal.example": http.StatusNoContent, "https://evil.example": http.StatusForbidden} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/codec/decode", nil)
		r.Header.Set("Origin", origin)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		assert.Equal(t, status, answer.Code, origin)
	}
}

func TestPartnersRolesOpenNoPayloads(t *testing.T) {
	s := settings(t)
	s.Codec.Tenant, s.Codec.Role = "0a1b2c3d-0000-4000-8000-000000000001", "admin agents"
	_, err := serving.NewAPI(serving.Parts{Settings: s, Logger: zap.NewNop()})
	require.ErrorContains(t, err, "HANDOVER_CODEC_ROLE")
}
