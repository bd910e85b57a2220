// Package identity says who calls, from the bearer token of a request.
//
// Any OIDC issuer will do: its discovery document names its keys, and a token signed with one of them, for one of our
// audiences, within its time, names a tenant, the roles it holds and, unless an application acts by itself, a user. What the
// caller may do with that is not decided here.
//
//	identity.go  settings, and the checks of a token in their order
//	claims.go    from claims to the caller
//	caller.go    callers and their roles
//	kind.go      access tokens from all others
//	keys.go      the issuer's keys: found when first needed, fetched again when a token names another
//	failure.go   the two ways to fail: the token is no good, or nobody can say
//
// There are two ways to fail because they ask for different answers: a token that is no good is the caller's to replace
// (401), an issuer that is down is nobody's fault who calls (503).
package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	maxToken = 16_000           // bytes; a token with every claim we read has a tenth of it
	leeway   = 60 * time.Second // by which clocks may differ: at the beginning of a token and at its end
)

// The part of Settings.Issuer that stands for a tenant, and what stands there when no tenant is meant.
const (
	tenantTemplate = "{tenantid}"
	anyTenant      = "organizations"
)

// algorithms are the signatures that we accept. They all need the issuer's private key: with a shared secret, or none at
// all, everybody who verifies could sign as well.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.PS256, jose.EdDSA}

// Settings names the issuer that is trusted and how it spells what we need to know.
type Settings struct {
	// Issuer is the OIDC issuer's URL. It may contain "{tenantid}", as issuers of many tenants want it: then the issuer
	// claim must be that URL with the token's own tenant claim in it, and discovery runs with "organizations" in its place.
	Issuer string
	// Audiences are what the audience claim may name; one of them is enough.
	Audiences []string

	TenantClaim      string // default tid; a GUID
	RolesClaim       string // default roles; a list, or names with spaces between
	UserClaim        string // default oid; a GUID. Absent: an application acts
	ApplicationClaim string // default azp, and appid for tokens without

	Client *http.Client     // reaches the issuer; default a client of our own
	Now    func() time.Time // default the system clock
}

// Verifier checks the tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	settings Settings
	config   *oidc.Config
	client   *http.Client
	found    atomic.Pointer[keys] // nil until the issuer has answered once
	search   singleflight.Group
}

// New checks the settings. It does not connect, so that a gateway starts while the issuer is down. The error is one
// sentence about the setting to correct.
func New(s Settings) (*Verifier, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	s.Audiences = slices.Clone(s.Audiences)
	for claim, usual := range map[*string]string{&s.TenantClaim: "tid", &s.RolesClaim: "roles", &s.UserClaim: "oid"} {
		if *claim == "" {
			*claim = usual
		}
	}
	if s.Client == nil {
		s.Client = &http.Client{}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	v := &Verifier{settings: s, client: patient(s.Client)}
	v.config = &oidc.Config{
		SkipClientIDCheck: true, // it knows one audience, see checkAudience
		SkipIssuerCheck:   true, // it knows no template, see checkIssuer
		SkipExpiryCheck:   true, // it has two leeways, see checkTimes
	}
	for _, a := range algorithms {
		v.config.SupportedSigningAlgs = append(v.config.SupportedSigningAlgs, string(a))
	}
	return v, nil
}

func (s Settings) check() error {
	if len(s.Audiences) == 0 || slices.Contains(s.Audiences, "") {
		return errors.New("name the audience that tokens must be for, and no empty one")
	}
	if bare := strings.ReplaceAll(s.Issuer, tenantTemplate, ""); strings.ContainsAny(bare, "{}") {
		return fmt.Errorf("the issuer's URL may have %s in braces and nothing else, not as in %q", tenantTemplate, s.Issuer)
	}
	at, err := url.Parse(s.discoveryURL())
	switch {
	case err != nil:
		return fmt.Errorf("the issuer's URL is malformed: %w", err)
	case !reachable(at):
		return fmt.Errorf("the issuer's URL must start with https:// or http:// and name a host, not %q", at.Redacted())
	case at.User != nil, at.RawQuery != "", at.Fragment != "":
		return errors.New("the issuer's URL must have no user, query or fragment")
	}
	return nil
}

// discoveryURL is the issuer whose discovery document names the keys.
func (s Settings) discoveryURL() string {
	return strings.ReplaceAll(s.Issuer, tenantTemplate, anyTenant)
}

func reachable(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// Ready tells whether tokens can be verified now: nil once the issuer has given its keys, else ErrUnavailable.
func (v *Verifier) Ready(ctx context.Context) error {
	_, err := v.keys(ctx)
	return err
}

// Verify checks a bearer token and says who brings it.
//
// Errors: *InvalidTokenError when the token is no good; ErrUnavailable when the issuer's keys cannot be fetched, so that
// nobody can say.
func (v *Verifier) Verify(ctx context.Context, raw string) (Caller, error) {
	if err := checkForm(raw); err != nil {
		return Caller{}, err
	}
	keys, err := v.keys(ctx)
	if err != nil {
		return Caller{}, err
	}
	attempt := &attempt{keys: keys}
	token, err := oidc.NewVerifier(v.settings.Issuer, attempt, v.config).Verify(ctx, raw)
	if err != nil {
		return Caller{}, v.explain(attempt)
	}
	found, err := readClaims(attempt.payload)
	if err != nil {
		return Caller{}, err
	}
	if err := found.checkTimes(token.Expiry, v.settings.Now()); err != nil {
		return Caller{}, err
	}
	if err := v.checkKind(raw, found); err != nil {
		return Caller{}, err
	}
	if err := v.checkAudience(token.Audience); err != nil {
		return Caller{}, err
	}
	caller, err := v.caller(found)
	if err != nil {
		return Caller{}, err
	}
	if err := v.checkIssuer(token.Issuer, found); err != nil {
		return Caller{}, err
	}
	return caller, nil
}

// checkForm refuses what cannot be a token, before anybody is asked for keys.
func checkForm(raw string) error {
	if len(raw) > maxToken {
		return invalid("The token is larger than %d bytes.", maxToken)
	}
	_, err := jose.ParseSignedCompact(raw, algorithms) // not in the JSON form, which go-oidc would read as well
	var other *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case errors.As(err, &other):
		return invalid("The token is not signed with an algorithm that is accepted here (%s).", join(algorithms))
	case err != nil:
		return invalid("The token is not a signed JWT.")
	}
	return nil
}

// explain says why a well-formed token was refused.
func (v *Verifier) explain(a *attempt) error {
	switch {
	case errors.Is(a.err, ErrUnavailable):
		return a.err
	case a.err != nil:
		return invalid("The token's signature fits no key of the issuer.")
	}
	found, err := readClaims(a.payload)
	if err == nil && found.begins(v.settings.Now()) {
		return notYet()
	}
	return invalid("The token's claims are malformed.")
}

func (v *Verifier) checkAudience(named []string) error {
	for _, ours := range v.settings.Audiences {
		if slices.Contains(named, ours) {
			return nil
		}
	}
	return invalid("The token is for another audience (aud).")
}

// checkIssuer compares the issuer claim with the trusted issuer, for the token's own tenant where it serves many.
func (v *Verifier) checkIssuer(named string, c claims) error {
	trusted := v.settings.Issuer
	if strings.Contains(trusted, tenantTemplate) {
		tenant, _, err := c.text(v.settings.TenantClaim)
		if err != nil {
			return err
		}
		trusted = strings.ReplaceAll(trusted, tenantTemplate, tenant)
	}
	if named != trusted {
		return invalid("The token comes from another issuer (iss).")
	}
	return nil
}
