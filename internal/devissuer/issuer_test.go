package devissuer_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
	"handover/internal/identity"
)

const (
	partner  = "1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001"
	customer = "c0a80101-0000-4000-8000-00000000c001"
	unknown  = "2e9b1c44-90f3-4a2b-8d55-61a7c3d2b002"
	silent   = "99999999-0000-4000-8000-000000000099" // the ledger does not answer about it
	user     = "5d6e7f80-1111-4222-8333-944455566677"
	audience = "https://handover.example"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func known(_ context.Context, tenant string) (bool, error) {
	if tenant == silent {
		return false, errors.New("the ledger sleeps")
	}
	return tenant == partner || tenant == customer, nil
}

func inDomain(_ context.Context, domain string) (string, error) {
	switch strings.ToLower(domain) {
	case "northwind.example":
		return partner, nil
	case "silent.example":
		return "", errors.New("the ledger sleeps")
	}
	return "", nil
}

// site is an issuer behind a real server.
type site struct {
	*httptest.Server
	*clock
	issuer  *devissuer.Issuer
	keyFile string
	routes  atomic.Pointer[http.ServeMux]
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{clock: &clock{now: time.Date(2031, 3, 2, 9, 15, 4, 0, time.UTC)}, keyFile: filepath.Join(t.TempDir(), "issuer.pem")}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.routes.Load().ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	s.start(t)
	return s
}

// start puts a new issuer in place, with the key file as it is.
func (s *site) start(t *testing.T) {
	t.Helper()
	var err error
	s.issuer, err = devissuer.New(s.settings())
	require.NoError(t, err)
	mux := http.NewServeMux()
	s.issuer.Register(mux)
	s.routes.Store(mux)
}

func (s *site) settings() devissuer.Settings {
	return devissuer.Settings{BaseURL: s.URL, KeyFile: s.keyFile, Audience: audience, Known: known, InDomain: inDomain, Now: s.Now}
}

func (s *site) verifier(t *testing.T) *identity.Verifier {
	t.Helper()
	v, err := identity.New(identity.Settings{Issuer: s.issuer.IssuerURL(), Audiences: []string{audience}, Now: s.Now})
	require.NoError(t, err)
	return v
}

// answer is whatever the issuer may say.
type answer struct {
	status int
	header http.Header
	body   string

	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
}

func (s *site) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	response, err := s.Client().Do(r)
	require.NoError(t, err)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	a := answer{status: response.StatusCode, header: response.Header, body: string(content)}
	if response.Header.Get("Content-Type") == "application/json" {
		require.NoError(t, json.Unmarshal(content, &a), a.body)
	}
	return a
}

func (s *site) post(t *testing.T, tenant, form string, adapt ...func(*http.Request)) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, a := range adapt {
		a(r)
	}
	return s.do(t, r)
}

func (s *site) get(t *testing.T, path string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(t, err)
	return s.do(t, r)
}

// credentials is a form with the development secret, and more.
func credentials(more ...string) string {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"crm"}, "client_secret": {devissuer.ClientSecret}}
	return strings.Join(append([]string{form.Encode()}, more...), "&")
}

func refreshing(token string) string {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {"crm"}, "client_secret": {devissuer.ClientSecret},
		"refresh_token": {token}}.Encode()
}

// C12: a tenant goes by its domain as well, in any case.
func TestATenantGoesByItsDomain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for tenant, status := range map[string]int{
		"northwind.example": 200, "Northwind.Example": 200, "fabrikam.example": 400, "northwind": 400, "silent.example": 503,
	} {
		got := s.post(t, tenant, credentials())
		assert.Equal(t, status, got.status, "%s: %s", tenant, got.body)
		if status == http.StatusOK {
			caller, err := s.verifier(t).Verify(t.Context(), got.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, partner, caller.TenantID)
		}
	}
}

// C12: clients of version 1 get the same token, with the times as text.
func TestVersionOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/"+partner+"/oauth2/token",
		strings.NewReader(credentials("resource="+url.QueryEscape("https://graph.windows.net"), "user="+user)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := s.Client().Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, got.Body.Close()) }()
	require.Equal(t, http.StatusOK, got.StatusCode)
	var said map[string]string
	require.NoError(t, json.NewDecoder(got.Body).Decode(&said))
	for name, want := range map[string]string{
		"token_type": "Bearer", "expires_in": "3599", "ext_expires_in": "3599", "resource": "https://graph.windows.net",
		"not_before": strconv.FormatInt(s.Now().Unix(), 10), "expires_on": strconv.FormatInt(s.Now().Add(3599*time.Second).Unix(), 10),
	} {
		assert.Equal(t, want, said[name], name)
	}
	assert.NotEmpty(t, said["refresh_token"])
	caller, err := s.verifier(t).Verify(t.Context(), said["access_token"])
	require.NoError(t, err)
	assert.Equal(t, partner, caller.TenantID)
}

// TestTheTokensSayWhoCalls: what the issuer gives, package identity takes.
func TestTheTokensSayWhoCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.verifier(t)
	cases := map[string]struct {
		tenant, form string
		want         identity.Caller
	}{
		"an application": {partner, credentials(), identity.Caller{TenantID: partner, ApplicationID: "crm", Roles: []identity.Role{identity.AdminAgent}}},
		"a user":         {partner, credentials("user=" + user), identity.Caller{TenantID: partner, UserID: user, ApplicationID: "crm", Roles: []identity.Role{identity.AdminAgent}}},
		"roles": {partner, credentials("role=SalesAgent", "role=billing_admin", "role=sales+agents"),
			identity.Caller{TenantID: partner, ApplicationID: "crm", Roles: []identity.Role{identity.SalesAgent, identity.BillingAdmin}}},
		"a customer": {customer, credentials("role=GlobalAdmin"), identity.Caller{TenantID: customer, ApplicationID: "crm", Roles: []identity.Role{identity.GlobalAdmin}}},
		"capitals": {strings.ToUpper(partner), credentials("user=" + strings.ToUpper(user)),
			identity.Caller{TenantID: partner, UserID: user, ApplicationID: "crm", Roles: []identity.Role{identity.AdminAgent}}},
		"a scope": {partner, credentials("scope=https%3A%2F%2Fx%2F.default"), identity.Caller{TenantID: partner, ApplicationID: "crm", Roles: []identity.Role{identity.AdminAgent}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.post(t, c.tenant, c.form)
			require.Equal(t, http.StatusOK, got.status, got.body)
			caller, err := v.Verify(t.Context(), got.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, c.want, caller)
			assert.Equal(t, c.want.UserID != "", got.RefreshToken != "", "a refresh token goes with a user")
		})
	}
}

// TestTheAnswerHasTheShapeThatClientsRead (wire note 16).
func TestTheAnswerHasTheShapeThatClientsRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.post(t, partner, credentials())
	assert.Equal(t, "Bearer", got.TokenType)
	assert.Equal(t, 3599, got.ExpiresIn)
	assert.Equal(t, 3599, got.ExtExpiresIn)
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Equal(t, "no-cache", got.header.Get("Pragma"))
	assert.NotContains(t, got.body, "refresh_token")
	assert.Equal(t, map[string]any{
		"iss": s.URL + "/" + partner + "/v2.0", "aud": audience, "tid": partner, "roles": []any{"AdminAgent"}, "azp": "crm",
		"idtyp": "app", "sub": "crm", "iat": float64(s.Now().Unix()), "nbf": float64(s.Now().Unix()), "exp": float64(s.Now().Unix() + 3600),
	}, claimsOf(t, got.AccessToken))
	claims := claimsOf(t, s.post(t, partner, credentials("user="+user)).AccessToken)
	assert.Equal(t, "user", claims["idtyp"])
	assert.Equal(t, user, claims["oid"])
	assert.Equal(t, user, claims["sub"])
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.verifier(t)
	token := s.post(t, partner, credentials()).AccessToken
	s.advance(time.Hour)
	_, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	s.advance(time.Minute) // by which clocks may differ
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	s.advance(time.Second)
	_, err = v.Verify(t.Context(), token)
	assert.ErrorContains(t, err, "expired")
}

// TestTheKeySurvivesARestart: tokens from before it stay good.
func TestTheKeySurvivesARestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.post(t, partner, credentials()).AccessToken
	s.start(t)
	_, err := s.verifier(t).Verify(t.Context(), before)
	assert.NoError(t, err)
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	assert.Equal(t, s.URL+"/{tenantid}/v2.0", s.issuer.IssuerURL())
	for tenant, issuer := range map[string]string{"organizations": s.URL + "/{tenantid}/v2.0", partner: s.URL + "/" + partner + "/v2.0"} {
		var document map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.get(t, "/"+tenant+"/v2.0/.well-known/openid-configuration").body), &document))
		assert.Equal(t, issuer, document["issuer"])
		assert.Equal(t, s.URL+"/"+tenant+"/oauth2/v2.0/token", document["token_endpoint"])
		assert.Equal(t, s.URL+"/"+tenant+"/discovery/v2.0/keys", document["jwks_uri"])
		assert.Equal(t, []any{"ES256"}, document["id_token_signing_alg_values_supported"])
		keys := s.get(t, "/"+tenant+"/discovery/v2.0/keys")
		assert.Contains(t, keys.body, `"kid"`)
		assert.NotContains(t, keys.body, `"d"`, "the private part stays here")
	}
	for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys"} {
		got := s.get(t, "/"+unknown+path)
		assert.Equal(t, http.StatusBadRequest, got.status)
		assert.Contains(t, got.Description, "is not a partner or customer here")
	}
}

// TestOneTenantsIssuerServesASingleTenant: a verifier may trust one tenant only.
func TestOneTenantsIssuerServesASingleTenant(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v, err := identity.New(identity.Settings{Issuer: s.URL + "/" + partner + "/v2.0", Audiences: []string{audience}, Now: s.Now})
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), s.post(t, partner, credentials()).AccessToken)
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), s.post(t, customer, credentials()).AccessToken)
	assert.ErrorContains(t, err, "another issuer")
}

func TestNewChecksTheSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cases := map[string]struct {
		change func(*devissuer.Settings)
		says   string
	}{
		"another machine":    {func(o *devissuer.Settings) { o.BaseURL = "https://handover.example" }, "loopback only"},
		"every address":      {func(o *devissuer.Settings) { o.BaseURL = "http://0.0.0.0:8080" }, "loopback only"},
		"a name like it":     {func(o *devissuer.Settings) { o.BaseURL = "http://localhost.example" }, "loopback only"},
		"no address":         {func(o *devissuer.Settings) { o.BaseURL = "" }, "loopback only"},
		"another scheme":     {func(o *devissuer.Settings) { o.BaseURL = "ftp://localhost" }, "loopback only"},
		"a malformed one":    {func(o *devissuer.Settings) { o.BaseURL = "http://localhost:x" }, "malformed"},
		"a path":             {func(o *devissuer.Settings) { o.BaseURL += "/x" }, "scheme, host and port only"},
		"no key file":        {func(o *devissuer.Settings) { o.KeyFile = "" }, "a file for its key"},
		"no folder":          {func(o *devissuer.Settings) { o.KeyFile = filepath.Join(o.KeyFile, "x") }, "cannot be kept in a file"},
		"no audience":        {func(o *devissuer.Settings) { o.Audience = "" }, "needs the audience"},
		"refresh's audience": {func(o *devissuer.Settings) { o.Audience = o.BaseURL + "/refresh" }, "must differ"},
		"no tenants":         {func(o *devissuer.Settings) { o.Known = nil }, "which tenants there are"},
		"a moment":           {func(o *devissuer.Settings) { o.Lifetime = time.Millisecond }, "a second or longer"},
		"no time":            {func(o *devissuer.Settings) { o.Lifetime = -time.Hour }, "a second or longer"},
	}
	for name, c := range cases {
		settings := s.settings()
		c.change(&settings)
		_, err := devissuer.New(settings)
		assert.ErrorContains(t, err, c.says, name)
	}
	for _, base := range []string{"http://localhost:8080", "http://[::1]:8080/", "https://127.0.0.2"} {
		settings := s.settings()
		settings.BaseURL = base
		_, err := devissuer.New(settings)
		assert.NoError(t, err, base)
	}
}
