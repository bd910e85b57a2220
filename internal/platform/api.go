package platform

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"syscall"

	"go.uber.org/zap"

	"handover/internal/devissuer"
	"handover/internal/engine"
	"handover/internal/programme"
	"handover/internal/serving"
)

// devAudience names this API in the tokens of the development issuer.
const devAudience = "handover"

// takePort takes the port of the HTTP API before anything slow begins, so that a taken one is told at once. Nobody but this
// machine can reach it, so it does without TLS.
func (p *Platform) takePort(ctx context.Context) error {
	if !p.options.HTTP {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.options.HTTPPort)))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &engine.PortTakenError{Name: "http", Port: p.options.HTTPPort}
	case err != nil:
		return fmt.Errorf("port %d cannot be listened on, choose another with --http-port: %w", p.options.HTTPPort, err)
	}
	p.onStop(func() { _ = listener.Close() })
	p.listener, p.API = listener, "http://"+listener.Addr().String()
	return nil
}

// startAPI serves the HTTP API. Where no issuer is configured, it carries its own for development.
func (p *Platform) startAPI(context.Context) error {
	if !p.options.HTTP {
		return nil
	}
	opens := p.codecEndpoint() != ""
	issuer, err := p.devIssuer()
	if err != nil {
		return err
	}
	parts := serving.Parts{Settings: p.Settings, Ledger: p.Ledger, Metrics: p.metrics, Logger: p.options.Logger}
	handler, err := serving.NewAPI(parts)
	if err != nil {
		return err
	}
	if issuer != nil {
		issuer.Register(handler.Mux())
	}
	if opens {
		p.serveCodec(handler.Mux())
	}
	serve, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go handler.Housekeep(serve)
	go func() {
		defer close(ended)
		if err := serving.Serve(serve, p.listener, parts, handler, nil); err != nil {
			p.options.Logger.Error("The HTTP API ended.", zap.Error(err))
		}
	}()
	p.onStop(func() { stop(); <-ended })
	return nil
}

// devIssuer is the issuer for development, unless the settings name a real one.
func (p *Platform) devIssuer() (*devissuer.Issuer, error) {
	if p.Settings.Auth.Issuer != "" {
		return nil, nil
	}
	issuer, err := devissuer.New(devissuer.Settings{
		BaseURL: p.API, KeyFile: filepath.Join(p.Dir, keyFile), Audience: devAudience, Known: p.knowsTenant, InDomain: p.Ledger.TenantOf,
	})
	if err != nil {
		return nil, fmt.Errorf("the development issuer did not start: %w", err)
	}
	p.Settings.Auth.Issuer, p.Settings.Auth.Audiences = issuer.IssuerURL(), []string{devAudience}
	return issuer, nil
}

// knowsTenant tells whether the tenant is a partner or a customer here.
func (p *Platform) knowsTenant(ctx context.Context, tenantID string) (bool, error) {
	_, err := p.Ledger.Partner(ctx, tenantID)
	if errors.Is(err, programme.PartnerUnknown) {
		_, err = p.Ledger.Customer(ctx, tenantID)
	}
	if errors.Is(err, programme.CustomerUnknown) {
		return false, nil
	}
	return err == nil, err
}
