// The Web UI, served from the files inside this program: it needs no network and shows nothing but this server.
//
// It asks nobody who they are, so whoever reads a page of it in a browser may do everything. Its library listens by itself, for
// any name that a page may give itself; here its parts are put behind the check of hosts and the bounds that all HTTP has.

package engine

import (
	"context"
	"io/fs"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
	"go.uber.org/zap"

	"handover/internal/httpserver"
)

// cookieSecure is whether cookies need TLS; loopback has none.
const cookieSecure = false

// startWebUI listens on port, for the names of the options beside those of this machine.
func startWebUI(ctx context.Context, port int, frontend string, o Options) (*httpserver.Server, error) {
	handler, err := webUI(frontend, o)
	if err != nil {
		return nil, err
	}
	logger := o.Logger
	if logger == nil {
		logger = zap.NewNop()
	}
	bounds := httpserver.ForAPI()
	bounds.Drain = time.Second // an open page always waits for news
	return httpserver.Start(context.WithoutCancel(ctx), hostPort(port), httpserver.Options{
		Handler: httpserver.OnlyHosts(o.UIHosts, handler), Bounds: bounds, Logger: logger,
	})
}

// webUI puts the parts together as the library's own server does. There is no other origin that may ask, so none is let in.
func webUI(frontend string, o Options) (http.Handler, error) {
	settings, err := uiconfig.NewConfigProviderWithRefresh(&uiconfig.Config{
		TemporalGRPCAddress: frontend,
		EnableUI:            true,
		DefaultNamespace:    o.Namespace,
		DisableNewsFetch:    true,
		CORS:                uiconfig.CORS{CookieInsecure: !cookieSecure},
		Codec:               uiconfig.Codec{Endpoint: o.CodecEndpoint},
		Distribution:        "handover",
		DistributionVersion: o.Version,
	})
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Use(middleware.Recover(), middleware.Gzip(), middleware.Secure(),
		csrf.EnsureTokenCookie(cookieSecure), middleware.CSRFWithConfig(csrf.MiddlewareConfig(settings, cookieSecure)))
	route.SetHealthRoute(e)
	if err := route.SetAPIRoutes(e, settings, []api.Middleware{headers.WithForwardHeaders([]string{"Caller-Type"})}); err != nil {
		return nil, err
	}
	assets, err := ui.Assets()
	if err != nil {
		return nil, err
	}
	local, err := fs.Sub(assets, "local")
	if err != nil {
		return nil, err
	}
	if err := route.SetUIRoutes(e, "", local, settings); err != nil {
		return nil, err
	}
	route.SetRenderRoute(e, "/")
	return e, nil
}
