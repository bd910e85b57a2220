package identity_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/identity"
)

type change = map[string]any

// TestWhoCalls: both kinds of token, and every way in which issuers write claims.
func TestWhoCalls(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	admin := []identity.Role{identity.AdminAgent}
	cases := map[string]struct {
		change change
		want   identity.Caller
	}{
		"an application":            {change{}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"an application with an id": {change{"oid": user}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"a user":                    {change{"idtyp": "user", "oid": user}, identity.Caller{TenantID: tenant, UserID: user, ApplicationID: "integrator", Roles: admin}},
		"a user, type unsaid":       {change{"idtyp": nil, "oid": user}, identity.Caller{TenantID: tenant, UserID: user, ApplicationID: "integrator", Roles: admin}},
		"a user with a name": {change{"idtyp": "user", "oid": user, "upn": "ada@contoso.example", "preferred_username": "ada"},
			identity.Caller{TenantID: tenant, UserID: user, PrincipalName: "ada@contoso.example", ApplicationID: "integrator", Roles: admin}},
		"a name of version 2": {change{"idtyp": "user", "oid": user, "preferred_username": "ada\r\n\x00"},
			identity.Caller{TenantID: tenant, UserID: user, PrincipalName: "ada", ApplicationID: "integrator", Roles: admin}},
		"a name without end": {change{"idtyp": "user", "oid": user, "upn": strings.Repeat("a", 5000)},
			identity.Caller{TenantID: tenant, UserID: user, PrincipalName: strings.Repeat("a", 320) + "…", ApplicationID: "integrator", Roles: admin}},
		"a name that is no text": {change{"idtyp": "user", "oid": user, "upn": 7},
			identity.Caller{TenantID: tenant, UserID: user, ApplicationID: "integrator", Roles: admin}},
		"an application's name": {change{"upn": "app@contoso.example"}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"no user, type unsaid":  {change{"idtyp": nil}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"a null user":           {change{"idtyp": nil, "oid": json.RawMessage("null")}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"ids in capitals": {change{"tid": strings.ToUpper(tenant), "oid": strings.ToUpper(user), "idtyp": "user"},
			identity.Caller{TenantID: tenant, UserID: user, ApplicationID: "integrator", Roles: admin}},
		"appid":              {change{"azp": nil, "appid": "old"}, identity.Caller{TenantID: tenant, ApplicationID: "old", Roles: admin}},
		"azp before appid":   {change{"appid": "old"}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"no application":     {change{"azp": nil}, identity.Caller{TenantID: tenant, Roles: admin}},
		"another audience":   {change{"aud": []string{"x", "api://elsewhere"}}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"no roles":           {change{"roles": nil}, identity.Caller{TenantID: tenant, ApplicationID: "integrator"}},
		"a role in words":    {change{"roles": "Admin agents"}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin, OtherRoles: []string{"Admin", "agents"}}},
		"others' roles":      {change{"roles": []string{"Reader", "admin_agent", "AdminAgents"}}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin, OtherRoles: []string{"Reader"}}},
		"roles in one text":  {change{"roles": "billing-admin AdminAgent"}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: []identity.Role{identity.AdminAgent, identity.BillingAdmin}, OtherRoles: []string{"billing-admin AdminAgent"}}},
		"clocks that differ": {change{"nbf": s.at(60 * time.Second)}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"no beginning":       {change{"nbf": nil}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
		"fractions":          {change{"exp": float64(s.at(time.Minute)) + .5}, identity.Caller{TenantID: tenant, ApplicationID: "integrator", Roles: admin}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Verify(t.Context(), s.token(c.change))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

// TestTokensThatAreNoGood: each is the caller's fault, and the reason says which, without the token.
func TestTokensThatAreNoGood(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	good := s.token()
	header, rest, _ := strings.Cut(good, ".")
	body, signature, _ := strings.Cut(rest, ".")
	otherBody := base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"` + stranger + `"}`))
	cases := map[string]struct {
		token string
		says  string
	}{
		"expired":                {s.token(change{"exp": s.at(-61 * time.Second)}), "has expired"},
		"no expiry":              {s.token(change{"exp": nil}), "has no expiry"},
		"a malformed expiry":     {s.token(change{"exp": "tomorrow"}), "claims are malformed"},
		"not yet valid":          {s.token(change{"nbf": s.at(61 * time.Second)}), "not valid yet"},
		"long not yet valid":     {s.token(change{"nbf": s.at(24 * time.Hour), "exp": s.at(48 * time.Hour)}), "not valid yet"},
		"never valid":            {s.token(change{"nbf": 1e300}), "not valid yet"},
		"a malformed beginning":  {s.token(change{"nbf": "soon"}), "claims are malformed"},
		"wrong audience":         {s.token(change{"aud": "https://graph.example"}), "another audience"},
		"no audience":            {s.token(change{"aud": nil}), "another audience"},
		"wrong issuer":           {s.token(change{"iss": "https://elsewhere.example"}), "another issuer"},
		"issuer with a slash":    {s.token(change{"iss": s.URL + "/"}), "another issuer"},
		"no issuer":              {s.token(change{"iss": nil}), "another issuer"},
		"no tenant":              {s.token(change{"tid": nil}), "names no tenant (tid)"},
		"a tenant's name":        {s.token(change{"tid": "contoso.example"}), "tid is not a GUID"},
		"a tenant in braces":     {s.token(change{"tid": "{" + tenant + "}"}), "tid is not a GUID"},
		"an empty tenant":        {s.token(change{"tid": ""}), "tid is not a GUID"},
		"a tenant of numbers":    {s.token(change{"tid": 7}), "tid is not text"},
		"a user's name":          {s.token(change{"oid": "ann", "idtyp": "user"}), "oid is not a GUID"},
		"an empty user":          {s.token(change{"oid": "", "idtyp": "user"}), "oid is not a GUID"},
		"a type of numbers":      {s.token(change{"idtyp": 1}), "idtyp is not text"},
		"an application of many": {s.token(change{"azp": []string{"a"}}), "azp is not text"},
		"roles by number":        {s.token(change{"roles": 7}), "roles is neither text nor a list"},
		"roles in objects":       {s.token(change{"roles": []any{"AdminAgent", 7}}), "roles is neither text nor a list"},
		"alg none":               {segment(`{"alg":"none"}`) + "." + body + ".", "algorithm"},
		"alg None":               {segment(`{"alg":"None"}`) + "." + body + "." + signature, "algorithm"},
		"no alg":                 {segment(`{"typ":"JWT"}`) + "." + body + "." + signature, "algorithm"},
		"HS256, the public key":  {publicKeyAsSecret(s), "algorithm"},
		"ES512":                  {newEC("e", elliptic.P521(), jose.ES512).sign(s.claims()), "algorithm"},
		"a stranger's key":       {newRSA("rsa-1").sign(s.claims()), "fits no key"},
		"unknown kid":            {otherRSA().sign(s.claims()), "fits no key"},
		"no kid, no key":         {newRSA("").sign(s.claims()), "fits no key"},
		"a key of its own":       {ownKey(s), "fits no key"},
		"another body":           {header + "." + otherBody + "." + signature, "fits no key"},
		"no signature":           {header + "." + body + ".", "fits no key"},
		"truncated signature":    {good[:len(good)-8], "fits no key"},
		"truncated body":         {good[:len(header)+12], "not a signed JWT"},
		"a part too many":        {good + ".x", "not a signed JWT"},
		"a scheme before it":     {"Bearer " + good, "not a signed JWT"},
		"a JWS as JSON":          {`{"protected":"` + header + `","payload":"` + body + `","signature":"` + signature + `"}`, "not a signed JWT"},
		"claims that are none":   {rsaKey().signPayload([]byte("7")), "claims are malformed"},
		"claims that are null":   {rsaKey().signPayload([]byte("null")), "has no expiry"},
		"claims that are text":   {rsaKey().signPayload([]byte("{")), "claims are malformed"},
		"garbage":                {"garbage", "not a signed JWT"},
		"dots":                   {"..", "algorithm"},
		"nothing":                {"", "not a signed JWT"},
		"too large":              {s.token(change{"padding": strings.Repeat("x", 16_000)}), "larger than 16000 bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Verify(t.Context(), c.token)
			var refused *identity.InvalidTokenError
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.Reason, c.says)
			assert.NotErrorIs(t, err, identity.ErrUnavailable)
			assert.Zero(t, got)
			if len(c.token) > 10 {
				assert.NotContains(t, err.Error(), c.token[:10])
			}
		})
	}
	_, err := s.Verify(t.Context(), good)
	assert.NoError(t, err, "what the others were made of is good")
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// publicKeyAsSecret signs with what everybody may read, in the hope that the verifier takes it for a shared secret.
func publicKeyAsSecret(s scene) string {
	der, err := x509.MarshalPKIXPublicKey(rsaKey().public().Key)
	must(err)
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return key{"rsa-1", jose.HS256, secret}.sign(s.claims())
}

// ownKey brings the key that fits in its own header.
func ownKey(s scene) string {
	own := newRSA("")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: own.alg, Key: own.private}, &jose.SignerOptions{EmbedJWK: true})
	must(err)
	payload, err := json.Marshal(s.claims())
	must(err)
	signed, err := signer.Sign(payload)
	must(err)
	token, err := signed.CompactSerialize()
	must(err)
	return token
}

func TestEveryAcceptedAlgorithmVerifies(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	signers := []key{
		{"a", jose.RS256, rsaKey().private}, {"b", jose.RS384, rsaKey().private}, {"c", jose.RS512, rsaKey().private},
		{"d", jose.PS256, rsaKey().private}, newEC("e", elliptic.P256(), jose.ES256), newEC("f", elliptic.P384(), jose.ES384),
		newEd25519("g"),
	}
	s.rotate(signers...)
	for _, k := range signers {
		_, err := s.Verify(t.Context(), k.sign(s.claims()))
		assert.NoError(t, err, k.alg)
	}
}

// TestAnIssuerOfManyTenants: the issuer claim must name the token's own tenant.
func TestAnIssuerOfManyTenants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	template := s.URL + "/{tenantid}/v2.0"
	s.change(func() { s.named = template })
	v, err := identity.New(identity.Settings{Issuer: template, Audiences: []string{audience}, Now: s.Now})
	require.NoError(t, err)

	for _, own := range []string{tenant, stranger} {
		caller, err := v.Verify(t.Context(), s.token(change{"tid": own, "iss": s.URL + "/" + own + "/v2.0"}))
		require.NoError(t, err)
		assert.Equal(t, own, caller.TenantID)
	}
	cases := map[string]struct {
		change change
		says   string
	}{
		"another tenant's issuer": {change{"iss": s.URL + "/" + stranger + "/v2.0"}, "another issuer"},
		"the template itself":     {change{"iss": template}, "another issuer"},
		"no tenant in the issuer": {change{"iss": s.URL + "//v2.0"}, "another issuer"},
		"the discovery's issuer":  {change{"iss": s.URL + "/organizations/v2.0"}, "another issuer"},
		"the template as tenant":  {change{"tid": "{tenantid}", "iss": template}, "tid is not a GUID"},
		"no tenant":               {change{"tid": nil, "iss": s.URL + "//v2.0"}, "names no tenant"},
	}
	for name, c := range cases {
		_, err := v.Verify(t.Context(), s.token(c.change))
		var refused *identity.InvalidTokenError
		require.ErrorAs(t, err, &refused, name)
		assert.Contains(t, refused.Reason, c.says, name)
	}
}

func TestClaimsMayHaveOtherNames(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(o *identity.Settings) {
		o.TenantClaim, o.RolesClaim, o.UserClaim, o.ApplicationClaim = "org", "groups", "person", "client"
	})
	caller, err := s.Verify(t.Context(), s.token(change{
		"idtyp": nil, "tid": nil, "roles": []string{"GlobalAdmin"}, "org": stranger, "groups": "sales-agents", "person": user, "client": "crm",
	}))
	require.NoError(t, err)
	assert.Equal(t, identity.Caller{TenantID: stranger, UserID: user, ApplicationID: "crm", Roles: []identity.Role{identity.SalesAgent}}, caller)
}

// FuzzVerify: nobody gets in without the issuer's key, and nothing breaks.
func FuzzVerify(f *testing.F) {
	s := newScene(f)
	expired := s.token(change{"exp": s.at(-time.Hour)})
	for _, token := range []string{
		"", ".", "..", "...", "garbage", expired, expired[:len(expired)/2], publicKeyAsSecret(s), ownKey(s),
		otherRSA().sign(s.claims()), segment(`{"alg":"none"}`) + "." + segment(`{"tid":"`+tenant+`"}`) + ".",
		s.token(change{"tid": nil}), s.token(change{"aud": "x"}), s.token(change{"iss": "x"}), rsaKey().signPayload([]byte("[]")),
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		caller, err := s.Verify(t.Context(), token)
		var refused *identity.InvalidTokenError
		require.ErrorAs(t, err, &refused)
		assert.Zero(t, caller)
	})
}
