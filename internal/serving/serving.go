// Package serving wires the HTTP API for the programs that serve it: gateway by itself, standalone in one process with
// everything else. It decides nothing.
package serving

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"handover/config"
	"handover/internal/api"
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
func NewAPI(p Parts) (*api.API, error) {
	auth := p.Settings.Auth
	tokens, err := identity.New(identity.Settings{
		Issuer: auth.Issuer, Audiences: auth.Audiences, TenantClaim: auth.TenantClaim, RolesClaim: auth.RolesClaim,
		UserClaim: auth.UserClaim, ApplicationClaim: auth.ApplicationClaim,
	})
	if err != nil {
		return nil, fmt.Errorf("the settings HANDOVER_AUTH_… do not work: %w", err)
	}
	limits := p.Settings.API
	return api.New(api.Options{
		Ledger: p.Ledger, Tokens: tokens, Policy: p.Settings.Transfers.Policy(),
		Logger: p.Logger, Metrics: p.Metrics.Registry, Version: version(),
		RequestsPerSecond: limits.RequestsPerSecond, Burst: limits.Burst, InvitationURL: limits.InvitationURL,
	})
}

// The limits of one connection.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute // a body of 4 MB over a slow line
	writeTimeout  = 2 * time.Minute
	idleTimeout   = 2 * time.Minute
	mostHeader    = 32 << 10 // bytes
	drain         = 20 * time.Second
)

// Certificate reads the certificate of the settings; without one it is nil, for plain HTTP. The error names the settings.
func Certificate(settings config.API) (*tls.Config, error) {
	if settings.TLSCertificate == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(settings.TLSCertificate, settings.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("HANDOVER_API_TLS_CERTIFICATE and HANDOVER_API_TLS_KEY cannot be used: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// Serve answers HTTP on the listener until the context ends, then lets running requests end; what has not ended 20 s later
// is cut off. With a certificate it answers HTTPS only. Error: a listener that broke.
func Serve(ctx context.Context, listener net.Listener, handler *api.API, certificate *tls.Config, logger *zap.Logger) error {
	complaints, err := zap.NewStdLogAt(logger, zap.WarnLevel)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: mostHeader, ErrorLog: complaints, TLSConfig: certificate,
	}
	drained := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		handler.EndStreams()
		drained <- end(server, logger)
	})
	defer release()
	if certificate == nil {
		err = server.Serve(listener)
	} else {
		err = server.ServeTLS(listener, "", "")
	}
	if errors.Is(err, http.ErrServerClosed) {
		return <-drained
	}
	return err
}

// end lets running requests end for as long as drain.
func end(server *http.Server, logger *zap.Logger) error {
	patience, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		logger.Warn("Requests that did not end were cut off.", zap.Duration("after", drain))
		err = server.Close()
	}
	return err
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
