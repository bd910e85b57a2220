package serving_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/serving"
)

// E2: no page gets at the API, or the pages about it, under a name of its own.
func TestTheAPIAnswersForItsNamesOnly(t *testing.T) {
	s := settings(t)
	s.HTTPHosts = []string{"api.example"}
	parts := serving.Parts{Settings: s, Logger: zap.NewNop()}
	handler, err := serving.NewAPI(parts)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serving.Serve(ctx, listener, parts, handler, nil) }()

	address := listener.Addr().String()
	for host, known := range map[string]bool{address: true, "api.example": true, "evil.example": false} {
		for path, status := range map[string]int{"/docs": http.StatusOK, "/openapi.json": http.StatusOK, "/healthz": http.StatusOK, "/v1/customers": http.StatusUnauthorized} {
			if !known {
				status = http.StatusMisdirectedRequest
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
			require.NoError(t, err)
			r.Host = host
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			assert.Equal(t, status, answer.StatusCode, host+path)
		}
	}
	stop()
	require.NoError(t, <-ended)
}
