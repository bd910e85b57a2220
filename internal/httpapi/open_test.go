package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/identity"
)

// Who asks without a token has a share by its address, as partners have, and takes nobody else's; probes are answered in any case.
func TestWhatIsOpenIsBoundedByAddress(t *testing.T) {
	t.Parallel()
	now := time.Now()
	served := 0
	a, err := New(Options{
		Tokens: anybody{}, Logger: zap.NewNop(), RequestsPerSecond: 1, Burst: 3, Now: func() time.Time { return now },
		Admit: func(ctx context.Context, _ identity.Caller) (context.Context, error) { return ctx, nil },
	}, declared(func(a *API) {
		RegisterOpen(a, Route{ID: "getLeaflet", Method: http.MethodGet, Path: "/leaflet"}, func(context.Context, *struct{}) (*struct{ Body tick }, error) {
			served++
			return &struct{ Body tick }{tick{1}}, nil
		})
		thing(Everybody())(a)
	}))
	require.NoError(t, err)
	asks := func(path, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.RemoteAddr = from
		r.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	for range 2000 {
		asks("/leaflet", "192.0.2.1:4711")
	}
	assert.Equal(t, 3, served)
	refused := asks("/leaflet", "192.0.2.1:4712")
	assert.Equal(t, http.StatusTooManyRequests, refused.Code)
	assert.Equal(t, "2", refused.Header().Get("Retry-After"))
	assert.Equal(t, http.StatusOK, asks("/leaflet", "192.0.2.2:1").Code)
	assert.Equal(t, http.StatusOK, asks("/things/mine", "192.0.2.1:1").Code, "a token has its own share")
	assert.Equal(t, http.StatusOK, asks("/healthz", "192.0.2.1:1").Code)
	for range 3 {
		assert.Equal(t, http.StatusOK, asks("/leaflet", "[2001:db8:1:2::3%eth0]:1").Code)
	}
	assert.Equal(t, http.StatusTooManyRequests, asks("/leaflet", "[2001:db8:1:ffff::4]:1").Code, "the same network")
	assert.Equal(t, http.StatusOK, asks("/leaflet", "[2001:db8:2::1]:1").Code)
	assert.Equal(t, http.StatusOK, asks("/leaflet", "@").Code, "a socket has no address")
	now = now.Add(2 * time.Second)
	assert.Equal(t, http.StatusOK, asks("/leaflet", "192.0.2.1:1").Code)
	assert.Equal(t, http.StatusTooManyRequests, func() int {
		asks("/leaflet", "[::ffff:192.0.2.1]:1")
		return asks("/leaflet", "[::ffff:192.0.2.1]:1").Code
	}())
}
