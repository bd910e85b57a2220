// Package serving wires the HTTP API for the programs that serve it: gateway by itself, standalone in one process with
// everything else. It decides nothing.
package serving

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime/debug"

	"go.uber.org/zap"

	"handover/config"
	"handover/internal/api"
	"handover/internal/httpapi"
	"handover/internal/httpserver"
	"handover/internal/identity"
	"handover/internal/ledger"
	"handover/internal/telemetry"
)

// Parts are what the API is made of.
type Parts struct {
	Settings config.Config
	Ledger   *ledger.Ledger
	Metrics  telemetry.Metrics
	Logger   *zap.Logger
}

// NewAPI makes the API from the settings. The issuer is asked for its keys only when the first token comes.
func NewAPI(p Parts) (*httpapi.API, error) {
	auth := p.Settings.Auth
	tokens, err := identity.New(identity.Settings{
		Issuer: auth.Issuer, Audiences: auth.Audiences, TenantClaim: auth.TenantClaim, RolesClaim: auth.RolesClaim,
		UserClaim: auth.UserClaim, ApplicationClaim: auth.ApplicationClaim,
	})
	if err != nil {
		return nil, fmt.Errorf("the settings HANDOVER_AUTH_… do not work: %w", err)
	}
	limits := p.Settings.API
	handler, err := api.New(api.Options{
		Ledger: p.Ledger, Tokens: tokens, Policy: p.Settings.Transfers.Policy(), Rules: p.Settings.Transfers.Subscriptions(), Webhooks: p.Settings.Webhooks.Addresses(),
		Logger: p.Logger, Metrics: p.Metrics.Registry, Version: version(),
		RequestsPerSecond: limits.RequestsPerSecond, Burst: limits.Burst,
		OperatorsTenant: limits.OperatorsTenant, InvitationURL: limits.InvitationURL, JointInvitationURL: limits.JointInvitationURL,
	})
	if err != nil {
		return nil, err
	}
	return handler, registerCodec(handler.Mux(), p.Settings, tokens, p.Logger)
}

// Certificate reads the certificate of the settings; without one it is nil, for plain HTTP. The error names the settings.
func Certificate(settings config.API) (*tls.Config, error) {
	certificate, err := httpserver.Certificate(settings.TLSCertificate, settings.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("HANDOVER_API_TLS_CERTIFICATE and HANDOVER_API_TLS_KEY cannot be used: %w", err)
	}
	return certificate, nil
}

// Serve answers HTTP on the listener, to requests for this machine and the names of the settings, until the context ends, then lets
// running requests end; what has not ended in time is cut off. With a certificate it answers HTTPS only. Error: a listener that broke.
func Serve(ctx context.Context, listener net.Listener, p Parts, handler *httpapi.API, certificate *tls.Config) error {
	return httpserver.Serve(ctx, listener, httpserver.Options{
		Handler: httpserver.OnlyHosts(p.Settings.HTTPHosts, handler), Bounds: httpserver.ForAPI(), TLS: certificate, Ending: handler.EndStreams, Logger: p.Logger,
	})
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
