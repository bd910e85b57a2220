// The Web UI, served from the files inside this program: it needs no network and shows nothing but this server.

package engine

import (
	"context"
	"fmt"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/backoff"
)

// webUI is nothing while server is nil.
type webUI struct {
	server *uiserver.Server
	url    string
}

// startWebUI listens on port. That port was checked before; should another program have taken it meanwhile, the UI
// library ends the process with a message of its own.
func startWebUI(port int, frontend string, o Options) webUI {
	server := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                loopback,
		Port:                port,
		TemporalGRPCAddress: frontend,
		EnableUI:            true,
		DefaultNamespace:    o.Namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // loopback has no TLS
		Codec:               uiconfig.Codec{Endpoint: o.CodecEndpoint},
		Distribution:        "handover",
		DistributionVersion: o.Version,
	}))
	go func() { _ = server.Start() }() // returns nil after Stop and in no other case
	return webUI{server: server, url: "http://" + hostPort(port)}
}

// await returns when the UI answers.
func (u webUI) await(ctx context.Context) error {
	policy := backoff.NewExponentialRetryPolicy(10 * time.Millisecond).WithExpirationInterval(readyTimeout)
	return backoff.ThrottleRetryContext(ctx, u.healthy, policy, nil)
}

func (u webUI) healthy(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the health check answered %s", response.Status)
	}
	return nil
}

func (u webUI) stop() {
	if u.server != nil {
		u.server.Stop()
	}
}
