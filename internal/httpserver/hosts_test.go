package httpserver_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/httpserver"
)

// E2: a name that was made to lead here is not one of ours, however it is written.
func TestOnlyKnownHostsAreServed(t *testing.T) {
	t.Parallel()
	own := &net.TCPAddr{IP: net.ParseIP("10.1.2.3"), Port: 8080}
	for host, served := range map[string]bool{
		"localhost": true, "LocalHost:8080": true, "localhost.:8080": true, "127.0.0.1": true, "127.0.0.1:8080": true, "127.9.9.9": true,
		"[::1]:8080": true, "[::1]": true, "[::ffff:127.0.0.1]:8080": true,
		"api.example": true, "API.example:8443": true, "api.example.": true,
		"10.1.2.3:8080": true, "10.1.2.3": true,
		"": false, "evil.example": false, "evil.example:8080": false, "api.example.evil.example": false, "sub.api.example": false,
		"localhost.evil.example": false, "127.0.0.1.evil.example": false, "evil.localhost": false, "0.0.0.0:8080": false, "[::]:8080": false,
		"10.1.2.4:8080": false, "2130706433": false, "127.1": false, "0x7f000001": false, "*": false,
	} {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, own), http.MethodGet, "/", nil)
		r.Host = host
		answer := httptest.NewRecorder()
		httpserver.OnlyHosts([]string{"api.example"}, http.HandlerFunc(fine)).ServeHTTP(answer, r)
		assert.Equal(t, map[bool]int{true: http.StatusNoContent, false: http.StatusMisdirectedRequest}[served], answer.Code, host)
	}
}

// What stands for every name does so only where it is asked for.
func TestAnyHostIsServedWhereThatIsMeant(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Host = "prometheus.example"
	answer := httptest.NewRecorder()
	httpserver.OnlyHosts([]string{httpserver.AnyHost}, http.HandlerFunc(fine)).ServeHTTP(answer, r)
	assert.Equal(t, http.StatusNoContent, answer.Code)
}
