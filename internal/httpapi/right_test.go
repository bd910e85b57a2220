package httpapi

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"handover/internal/identity"
	"handover/internal/kernel"
)

func thing(right *Right) declared {
	return func(a *API) {
		Register(a, Route{ID: "getThing", Method: http.MethodGet, Path: "/things/{thingId}", Roles: identity.Roles(), Right: right},
			func(_ context.Context, _ *struct {
				ID string `path:"thingId"`
			}) (*struct{ Body tick }, error) {
				return &struct{ Body tick }{tick{1}}, nil
			})
	}
}

// No operation is open to somebody because nobody thought of them.
func TestEveryOperationSaysByWhichRight(t *testing.T) {
	_, err := New(Options{Logger: zap.NewNop()}, thing(nil))
	require.ErrorContains(t, err, "getThing")
	_, err = New(Options{Logger: zap.NewNop()}, thing(Everybody()))
	require.NoError(t, err)
}

// A right looks at the path, refuses before the handler, and is described with its causes.
func TestARightIsAsked(t *testing.T) {
	t.Parallel()
	a, server := served(t, thing(&Right{
		Says: "For owners.", Causes: []kernel.Cause{NotAPartner},
		Check: func(_ context.Context, path func(string) string) error {
			require.Empty(t, path("another"))
			if path("thingId") == "mine" {
				return nil
			}
			return Refuse(NotAPartner, "Not yours.")
		},
	}))
	require.Equal(t, http.StatusOK, gets(t, server.URL+"/things/mine", http.Header{}).status)
	got := gets(t, server.URL+"/things/yours", http.Header{})
	require.Equal(t, http.StatusForbidden, got.status)
	require.Contains(t, got.body, "Not yours")
	require.Contains(t, a.Description().Paths["/things/{thingId}"].Get.Description, "For owners.")
}
