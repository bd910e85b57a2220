package devissuer_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
	"handover/internal/identity"
)

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	return claims
}

func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

func basic(id, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(id, secret) }
}

// TestRefusals have OAuth's form (RFC 6749, section 5.2), and no token in them.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const secret = devissuer.ClientSecret
	cases := map[string]struct {
		tenant string
		form   string
		adapt  func(*http.Request)
		status int
		code   string
		says   string
	}{
		"wrong secret":        {partner, form("grant_type", "client_credentials", "client_id", "crm", "client_secret", "x"), nil, 401, "invalid_client", "development secret"},
		"no secret":           {partner, form("grant_type", "client_credentials", "client_id", "crm"), nil, 401, "invalid_client", "development secret"},
		"wrong secret, Basic": {partner, form("grant_type", "client_credentials"), basic("crm", "x"), 401, "invalid_client", "development secret"},
		"secret first":        {unknown, form("grant_type", "x", "client_id", "crm", "client_secret", "x"), nil, 401, "invalid_client", "development secret"},
		"two secrets":         {partner, credentials(), basic("crm", secret), 400, "invalid_request", "not both"},
		"two clients":         {partner, form("grant_type", "client_credentials", "client_id", "erp"), basic("crm", secret), 400, "invalid_request", "different clients"},
		"Basic, malformed":    {partner, form("grant_type", "client_credentials"), basic("%", secret), 400, "invalid_request", "form-encoded"},
		"no client":           {partner, form("grant_type", "client_credentials", "client_secret", secret), nil, 400, "invalid_request", "client_id is missing"},
		"a long client":       {partner, form("grant_type", "client_credentials", "client_secret", secret, "client_id", strings.Repeat("x", 201)), nil, 400, "invalid_request", "at most 200 bytes"},
		"a client of lines":   {partner, form("grant_type", "client_credentials", "client_secret", secret, "client_id", "a\nb"), nil, 400, "invalid_request", "no control characters"},
		"no grant":            {partner, form("client_id", "crm", "client_secret", secret), nil, 400, "invalid_request", "grant_type is missing"},
		"another grant":       {partner, form("client_id", "crm", "client_secret", secret, "grant_type", "password"), nil, 400, "unsupported_grant_type", "must be client_credentials"},
		"a stranger":          {unknown, credentials(), nil, 400, "invalid_request", unknown + " is not a partner or customer here"},
		"every tenant":        {"organizations", credentials(), nil, 400, "invalid_request", "must be a GUID"},
		"a domain":            {"contoso.example", credentials(), nil, 400, "invalid_request", "must be a GUID"},
		"a silent ledger":     {silent, credentials(), nil, 503, "temporarily_unavailable", "try again"},
		"another role":        {partner, credentials("role=Owner"), nil, 400, "invalid_request", "role must be one of [AdminAgent"},
		"an empty role":       {partner, credentials("role="), nil, 400, "invalid_request", "role must be one of"},
		"one role of two":     {partner, credentials("role=AdminAgent", "role=Owner"), nil, 400, "invalid_request", "role must be one of"},
		"a user's name":       {partner, credentials("user=ann"), nil, 400, "invalid_request", "user must be a GUID"},
		"an empty user":       {partner, credentials("user="), nil, 400, "invalid_request", "user must be a GUID"},
		"two users":           {partner, credentials("user="+user, "user="+user), nil, 400, "invalid_request", "there twice"},
		"two clients' ids":    {partner, credentials("client_id=erp"), nil, 400, "invalid_request", "there twice"},
		"a malformed form":    {partner, credentials("user=%zz"), nil, 400, "invalid_request", "form is malformed"},
		"JSON":                {partner, `{}`, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request", "must be a form"},
		"no type":             {partner, credentials(), func(r *http.Request) { r.Header.Del("Content-Type") }, 400, "invalid_request", "must be a form"},
		"all in the query":    {partner, "", func(r *http.Request) { r.URL.RawQuery = credentials() }, 400, "invalid_request", "client_id is missing"},
		"a large body":        {partner, credentials("scope=" + strings.Repeat("x", 16<<10)), nil, 413, "invalid_request", "larger than 16 kB"},
		"another host":        {partner, credentials(), func(r *http.Request) { r.Host = "rebound.example" }, 403, "access_denied", "loopback addresses only"},
		"no refresh token":    {partner, refreshing(""), nil, 400, "invalid_request", "refresh_token is missing"},
		"a made-up one":       {partner, refreshing("x.y.z"), nil, 400, "invalid_grant", "not one that this issuer gave"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adapt := c.adapt
			if adapt == nil {
				adapt = func(*http.Request) {}
			}
			got := s.post(t, c.tenant, c.form, adapt)
			assert.Equal(t, c.status, got.status)
			assert.Equal(t, c.code, got.Error)
			assert.Contains(t, got.Description, c.says)
			assert.Empty(t, got.AccessToken+got.RefreshToken)
			assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
			assert.Equal(t, c.status == 503, got.header.Get("Retry-After") != "")
			assert.Equal(t, name == "wrong secret, Basic", got.header.Get("WWW-Authenticate") != "")
		})
	}
}

func TestClientsMayUseBasic(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.post(t, partner, form("grant_type", "client_credentials"), basic("our%20crm", devissuer.ClientSecret))
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, "our crm", claimsOf(t, got.AccessToken)["azp"])
}

func TestOnlyPostsGetTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	assert.Equal(t, http.StatusMethodNotAllowed, s.get(t, "/"+partner+"/oauth2/v2.0/token?"+credentials()).status)
}

// TestRefresh: the same user and roles again, and a refresh token for the next time.
func TestRefresh(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.verifier(t)
	first := s.post(t, partner, credentials("role=SalesAgent", "role=BillingAdmin", "user="+user))
	require.NotEmpty(t, first.RefreshToken)
	s.advance(14*24*time.Hour - time.Second)
	second := s.post(t, partner, refreshing(first.RefreshToken))
	require.Equal(t, http.StatusOK, second.status, second.body)
	caller, err := v.Verify(t.Context(), second.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, identity.Caller{TenantID: partner, UserID: user, ApplicationID: "crm",
		Roles: []identity.Role{identity.SalesAgent, identity.BillingAdmin}}, caller)
	s.advance(13 * 24 * time.Hour)
	assert.Equal(t, http.StatusBadRequest, s.post(t, partner, refreshing(first.RefreshToken)).status)
	assert.Contains(t, s.post(t, partner, refreshing(first.RefreshToken)).Description, "has expired")
	third := s.post(t, partner, refreshing(second.RefreshToken))
	assert.Equal(t, http.StatusOK, third.status, third.body)
}

// TestARefreshTokenIsItsClientsAndTenants, and as it was given.
func TestARefreshTokenIsItsClientsAndTenants(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.post(t, partner, credentials("user="+user)).RefreshToken
	parts := strings.Split(token, ".")
	cases := map[string]answer{
		"another tenant": s.post(t, customer, refreshing(token)),
		"another client": s.post(t, partner, strings.Replace(refreshing(token), "client_id=crm", "client_id=erp", 1)),
		"changed":        s.post(t, partner, refreshing(parts[0]+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"`+partner+`"}`))+"."+parts[2])),
		"unsigned":       s.post(t, partner, refreshing(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"refresh+jwt"}`))+"."+parts[1]+".")),
		"elsewhere's":    s.post(t, partner, refreshing(newSite(t).post(t, partner, credentials("user="+user)).RefreshToken)),
	}
	for name, got := range cases {
		assert.Equal(t, http.StatusBadRequest, got.status, name)
		assert.Equal(t, "invalid_grant", got.Error, name)
	}
}

// TestARefreshTokenHasItsOwnTypeAndAudience: one of them alone does not make one, not even under the issuer's signature.
func TestARefreshTokenHasItsOwnTypeAndAudience(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	key, err := x509.ParsePKCS8PrivateKey(pkcs8DER(t, s.keyFile))
	require.NoError(t, err)
	claims := claimsOf(t, s.post(t, partner, credentials("user="+user)).RefreshToken)
	refresh, ok := claims["aud"].(string)
	require.True(t, ok)
	for _, c := range []struct {
		kind   jose.ContentType
		aud    string
		status int
	}{{"refresh+jwt", refresh, 200}, {"JWT", refresh, 400}, {"refresh+jwt", audience, 400}, {"", "", 400}} {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType(c.kind))
		require.NoError(t, err)
		claims["aud"] = c.aud
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		require.NoError(t, err)
		assert.Equal(t, c.status, s.post(t, partner, refreshing(token)).status, c)
	}
}

func pkcs8DER(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	found, _ := pem.Decode(content)
	require.NotNil(t, found)
	return found.Bytes
}

func TestTheTwoKindsOfTokenDoNotStandForEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	given := s.post(t, partner, credentials("user="+user))
	_, err := s.verifier(t).Verify(t.Context(), given.RefreshToken)
	var refused *identity.InvalidTokenError
	require.ErrorAs(t, err, &refused)
	got := s.post(t, partner, refreshing(given.AccessToken))
	assert.Equal(t, "invalid_grant", got.Error)
}
