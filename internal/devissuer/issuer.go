// Package devissuer gives out bearer tokens for development. IT PROTECTS NOTHING: whoever knows the shared secret, which is
// printed in the manual, gets a token for any partner or customer of the ledger, in any role. It therefore works on
// loopback addresses only, and belongs into standalone and tests, never into a deployment: there, an identity provider of
// the operator's own gives the tokens (package identity).
//
// Its routes and answers have the shape of Entra's, so that clients written for Partner Center work unchanged (wire note 16).
//
//	issuer.go     settings and routes
//	token.go      the token endpoint; tokenv1.go the one before it
//	request.go    what a client asks of it
//	refresh.go    refresh tokens
//	discovery.go  the discovery document and the public key
//	key.go        the private key, kept in a file
//	failure.go    refusals, in OAuth's form
package devissuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"handover/internal/httpserver"
)

// ClientSecret is the shared development secret. It is no secret at all: the manual has it.
const ClientSecret = "handover-development"

const (
	usualLifetime   = time.Hour
	refreshLifetime = 14 * 24 * time.Hour
)

// Settings says where the issuer is reached and for whom it gives tokens.
type Settings struct {
	BaseURL  string        // as clients reach it, such as "http://127.0.0.1:8080"; a loopback address
	KeyFile  string        // RSA or P-256 private key in PEM; created with mode 0600 when missing
	Audience string        // of the access tokens
	Lifetime time.Duration // of the access tokens; default 1h

	// Known tells whether the tenant, a GUID in lower case, is a partner or customer of the ledger. An error is answered
	// 503: try again.
	Known func(ctx context.Context, tenantID string) (bool, error)
	// InDomain is the tenant that has the domain, empty for none. Without it tenants go by their ids only.
	InDomain func(ctx context.Context, domain string) (string, error)
	Now      func() time.Time // default the system clock
}

// Issuer gives out tokens for development. It is safe for concurrent use.
type Issuer struct {
	settings Settings
	access   jose.Signer
	refresh  jose.Signer
	public   jose.JSONWebKey
}

// New checks the settings and reads the key, or creates it. The error is one sentence about what to correct.
func New(s Settings) (*Issuer, error) {
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	if s.Lifetime == 0 {
		s.Lifetime = usualLifetime
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	i := &Issuer{settings: s}
	key, err := loadKey(s.KeyFile)
	if err != nil {
		return nil, err
	}
	i.public = key.Public()
	if i.access, err = newSigner(key, accessType); err != nil {
		return nil, err
	}
	i.refresh, err = newSigner(key, refreshType)
	return i, err
}

func (s Settings) check() error {
	base, err := url.Parse(s.BaseURL)
	switch {
	case err != nil:
		return fmt.Errorf("the development issuer's base URL is malformed: %w", err)
	case base.Scheme != "http" && base.Scheme != "https", !httpserver.Loopback(base.Host):
		return fmt.Errorf("the development issuer works on loopback only, such as http://127.0.0.1:8080, not at %q", base.Redacted())
	case base.User != nil, base.RawQuery != "", base.Fragment != "", base.Path != "":
		return errors.New("the development issuer's base URL must be scheme, host and port only")
	case s.KeyFile == "":
		return errors.New("the development issuer needs a file for its key")
	case s.Audience == "":
		return errors.New("the development issuer needs the audience of its tokens")
	case s.Audience == s.refreshAudience():
		return errors.New("the audience of the development issuer's access tokens must differ from that of its refresh tokens")
	case s.Known == nil:
		return errors.New("the development issuer needs to know which tenants there are")
	case s.Lifetime < time.Second:
		return fmt.Errorf("the development issuer's tokens must live a second or longer, not %s", s.Lifetime)
	}
	return nil
}

// IssuerURL is the issuer of the tokens, with "{tenantid}" for the tenant: what identity.Settings.Issuer takes.
func (i *Issuer) IssuerURL() string { return i.settings.issuer("{tenantid}") }

func (s Settings) issuer(tenant string) string { return s.BaseURL + "/" + tenant + "/v2.0" }

// refreshAudience is the issuer itself: nobody else has use for a refresh token.
func (s Settings) refreshAudience() string { return s.BaseURL + "/refresh" }

// Register adds the routes. They begin with the tenant, so nothing else on the mux may end in the same way.
func (i *Issuer) Register(mux *http.ServeMux) {
	mux.Handle("POST /{tenant}/oauth2/v2.0/token", i.handle(i.answerToken))
	mux.Handle("POST /{tenant}/oauth2/token", i.handle(i.answerTokenV1))
	mux.Handle("GET /{tenant}/v2.0/.well-known/openid-configuration", i.handle(i.answerDiscovery))
	mux.Handle("GET /{tenant}/discovery/v2.0/keys", i.handle(i.answerKeys))
}

// handle refuses requests for other hosts, so that no page in a browser gets here under a name of its own, and writes
// whatever the handler returns as JSON.
func (i *Issuer) handle(answer func(w http.ResponseWriter, r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !httpserver.Loopback(r.Host) {
			writeFailure(w, &failure{status: http.StatusForbidden, Code: accessDenied,
				Description: "Tokens for development are given on loopback addresses only."})
			return
		}
		content, err := answer(w, r)
		if err != nil {
			writeFailure(w, err)
			return
		}
		write(w, http.StatusOK, content)
	})
}
