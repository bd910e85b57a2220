package identity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/identity"
)

// restricted is a public key as key sets write it, with what jose leaves out.
func (k key) restricted(to map[string]any) map[string]any {
	text, err := json.Marshal(k.public())
	must(err)
	var fields map[string]any
	must(json.Unmarshal(text, &fields))
	for name, value := range to {
		fields[name] = value
	}
	return fields
}

// E10: a key signs only for the issuer, the use, the operations and the algorithm that the key set restricts it to.
func TestKeysAreBoundToWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		key  func(s scene) map[string]any
		fits bool
	}{
		"its issuer":             {func(s scene) map[string]any { return map[string]any{"issuer": s.URL} }, true},
		"no issuer":              {func(scene) map[string]any { return nil }, true},
		"another issuer":         {func(scene) map[string]any { return map[string]any{"issuer": "https://elsewhere.example"} }, false},
		"another tenant's":       {func(s scene) map[string]any { return map[string]any{"issuer": s.URL + "/" + stranger + "/v2.0"} }, false},
		"a template":             {func(s scene) map[string]any { return map[string]any{"issuer": s.URL + "/{tenantid}/v2.0"} }, false},
		"an issuer of numbers":   {func(scene) map[string]any { return map[string]any{"issuer": 7} }, false},
		"for encryption":         {func(scene) map[string]any { return map[string]any{"use": "enc"} }, false},
		"any use":                {func(scene) map[string]any { return map[string]any{"use": ""} }, true},
		"to verify with":         {func(scene) map[string]any { return map[string]any{"key_ops": []string{"verify"}} }, true},
		"to wrap keys with":      {func(scene) map[string]any { return map[string]any{"key_ops": []string{"wrapKey"}} }, false},
		"its algorithm":          {func(scene) map[string]any { return map[string]any{"alg": "RS256"} }, true},
		"another algorithm":      {func(scene) map[string]any { return map[string]any{"alg": "PS256"} }, false},
		"encryption, by its alg": {func(scene) map[string]any { return map[string]any{"alg": "RSA-OAEP"} }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			set, err := json.Marshal(map[string]any{"keys": []any{
				map[string]any{"kty": "of a kind to come", "kid": "new"}, otherRSA().restricted(nil), rsaKey().restricted(c.key(s)),
			}})
			require.NoError(t, err)
			s.change(func() { s.noKeys = answer(200, string(set)) })
			_, err = s.Verify(t.Context(), s.token())
			if c.fits {
				require.NoError(t, err)
				return
			}
			var refused *identity.InvalidTokenError
			require.ErrorAs(t, err, &refused)
			assert.Contains(t, refused.Reason, "fits no key")
		})
	}
}

// E10: where one issuer serves many tenants, a key may be restricted to one of them, or stand for each tenant's own issuer.
func TestKeysOfAnIssuerOfManyTenants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	template := s.URL + "/{tenantid}/v2.0"
	set, err := json.Marshal(map[string]any{"keys": []any{
		rsaKey().restricted(map[string]any{"issuer": template}), otherRSA().restricted(map[string]any{"issuer": s.URL + "/" + stranger + "/v2.0"}),
	}})
	require.NoError(t, err)
	s.change(func() { s.named, s.noKeys = template, answer(200, string(set)) })
	v, err := identity.New(identity.Settings{Issuer: template, Audiences: []string{audience}, Now: s.Now})
	require.NoError(t, err)
	of := func(tenant string) map[string]any {
		return s.claims(change{"tid": tenant, "iss": s.URL + "/" + tenant + "/v2.0"})
	}
	for _, token := range []string{rsaKey().sign(of(tenant)), rsaKey().sign(of(stranger)), otherRSA().sign(of(stranger))} {
		_, err = v.Verify(t.Context(), token)
		require.NoError(t, err)
	}
	var refused *identity.InvalidTokenError
	_, err = v.Verify(t.Context(), otherRSA().sign(of(tenant)))
	require.ErrorAs(t, err, &refused, "one tenant's key signs for no other")
}

// E10: only access tokens open anything, whatever else the issuer signs for the same audience.
func TestOnlyAccessTokens(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	bare := change{"azp": nil, "idtyp": nil}
	cases := map[string]struct {
		header any // the type
		change change
		access bool
	}{
		"RFC 9068":                {"at+jwt", bare, true},
		"RFC 9068, in full":       {"application/at+jwt", bare, true},
		"RFC 9068, in capitals":   {"AT+JWT", bare, true},
		"RFC 9068, with a nonce":  {"at+jwt", change{"nonce": "n"}, true},
		"Entra ID":                {"JWT", change{"idtyp": nil}, true},
		"Entra ID, version 1":     {"JWT", change{"azp": nil, "appid": "a", "idtyp": nil}, true},
		"Keycloak":                {"JWT", change{"typ": "Bearer"}, true},
		"scopes only":             {"JWT", change{"azp": nil, "idtyp": nil, "scp": "x"}, true},
		"no type":                 {nil, change{}, true},
		"ID token, Entra ID":      {"JWT", bare, false},
		"ID token with a nonce":   {"JWT", change{"nonce": "n"}, false},
		"ID token with a hash":    {"JWT", change{"at_hash": "h"}, false},
		"ID token beside a code":  {"JWT", change{"c_hash": "h"}, false},
		"ID token, Keycloak":      {"JWT", change{"typ": "ID"}, false},
		"refresh token, Keycloak": {"JWT", change{"typ": "Refresh"}, false},
		"a kind of numbers":       {"JWT", change{"typ": 7}, false},
		"refresh token":           {"refresh+jwt", change{}, false},
		"logout token":            {"logout+jwt", change{}, false},
		"proof of possession":     {"dpop+jwt", change{}, false},
		"a type of numbers":       {7, change{"nonce": "n"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := &jose.SignerOptions{}
			if c.header != nil {
				options = options.WithHeader(jose.HeaderType, c.header)
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: rsaKey().private, KeyID: "rsa-1"}}, options)
			require.NoError(t, err)
			payload, err := json.Marshal(s.claims(c.change))
			require.NoError(t, err)
			signed, err := signer.Sign(payload)
			require.NoError(t, err)
			token, err := signed.CompactSerialize()
			require.NoError(t, err)
			_, err = s.Verify(t.Context(), token)
			if c.access {
				require.NoError(t, err)
				return
			}
			var refused *identity.InvalidTokenError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "The token is not an access token.", refused.Reason)
		})
	}
}

// E10: clocks may differ by one leeway, at either end.
func TestOneLeeway(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct {
		name string
		off  time.Duration
	}{{"exp", -60 * time.Second}, {"nbf", 60 * time.Second}} {
		_, err := s.Verify(t.Context(), s.token(change{c.name: s.at(c.off)}))
		require.NoError(t, err, c.name)
		beyond := c.off + c.off/60
		_, err = s.Verify(t.Context(), s.token(change{c.name: s.at(beyond)}))
		var refused *identity.InvalidTokenError
		require.ErrorAs(t, err, &refused, c.name)
	}
}
