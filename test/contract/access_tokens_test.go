package contract

// Tokens that the issuer of the platform would not give: signed with its own key where only the claims are wrong, and
// otherwise in the ways in which tokens are forged.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
)

// mint makes tokens with the key of the platform's issuer.
type mint struct {
	key     *ecdsa.PrivateKey
	kid     string
	jwk     []byte // the public key, as the issuer publishes it
	foreign *ecdsa.PrivateKey
}

func openMint(t testing.TB) *mint {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(stage.Dir, "development-issuer.pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(content)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	private, ok := key.(*ecdsa.PrivateKey)
	require.True(t, ok)
	published := as[struct{ Keys []json.RawMessage }](t, send(t, call{method: http.MethodGet, path: "/organizations/discovery/v2.0/keys"}), http.StatusOK)
	require.Len(t, published.Keys, 1)
	var named struct{ Kid string }
	require.NoError(t, json.Unmarshal(published.Keys[0], &named))
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return &mint{key: private, kid: named.Kid, jwk: published.Keys[0], foreign: foreign}
}

// claimsOf are the claims of a good token of the client, and some that nobody needs.
func claimsOf(c client) object {
	now := time.Now()
	claims := object{
		"iss": stage.API + "/" + c.tenant + "/v2.0", "aud": "handover", "tid": c.tenant, "azp": uuid.NewString(), "roles": c.roles, "idtyp": "app",
		"sub": uuid.NewString(), "jti": uuid.NewString(), "name": marked("Ada"), "upn": uuid.NewString() + "@agents.example",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if c.roles == nil {
		claims["roles"] = []string{}
	}
	if c.user != "" {
		claims["oid"], claims["idtyp"] = c.user, "user"
	}
	return claims
}

// mintToken makes a token of the claims.
func mintToken(t testing.TB, algorithm jose.SignatureAlgorithm, key any, kid string, claims object) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType("JWT"))
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

// good is a token that the issuer would give, were the client's roles any that it knows.
func (m *mint) good(t testing.TB, c client) string {
	t.Helper()
	return mintToken(t, jose.ES256, m.key, m.kid, claimsOf(c))
}

// badToken is what somebody sends in place of a good token.
type badToken struct {
	name   string
	header string // Authorization; none when empty
	code   string // of the refusal
	says   []string
}

// The codes of a token that is missing and of one that is no good.
const (
	codeMissing = "800001"
	codeInvalid = "400"
)

// bad are all of them, in place of a token of the client.
func (m *mint) bad(t testing.TB, c client) []badToken {
	t.Helper()
	all := []badToken{
		{name: "no token", code: codeMissing},
		{name: "another scheme", header: "Basic " + base64.StdEncoding.EncodeToString([]byte("marker-user:marker-password")), code: codeMissing, says: []string{"marker-"}},
		{name: "an empty token", header: "Bearer ", code: codeMissing},
		{name: "garbage", header: "Bearer marker-garbage", code: codeInvalid, says: []string{"marker-garbage"}},
		{name: "garbage in three parts", header: "Bearer marker.garbage.token", code: codeInvalid, says: []string{"marker.garbage"}},
		{name: "two tokens", header: "Bearer " + m.good(t, c) + " " + m.good(t, c), code: codeInvalid},
	}
	for name, wrong := range wrongClaims(c) {
		all = append(all, asBad(t, name, mintToken(t, jose.ES256, m.key, m.kid, wrong), wrong))
	}
	return append(all, m.forged(t, c)...)
}

// wrongClaims are claims that the issuer's own signature does not make good.
func wrongClaims(c client) map[string]object {
	now, elsewhere := time.Now(), uuid.NewString()
	all := map[string]object{}
	for name, change := range map[string]object{
		"expired":                    {"exp": now.Add(-2 * time.Minute).Unix(), "nbf": now.Add(-time.Hour).Unix(), "iat": now.Add(-time.Hour).Unix()},
		"without an expiry":          {"exp": nil},
		"not yet valid":              {"nbf": now.Add(4 * time.Minute).Unix()}, // longer than clocks may differ
		"for another audience":       {"aud": "https://marker-audience.example"},
		"for no audience":            {"aud": nil},
		"for the issuer itself":      {"aud": stage.API + "/refresh"},
		"of another issuer":          {"iss": "https://marker-issuer.example/" + c.tenant + "/v2.0"},
		"of another tenant's issuer": {"iss": stage.API + "/" + elsewhere + "/v2.0"},
		"of the issuer's template":   {"iss": stage.API + "/{tenantid}/v2.0"},
		"of no issuer":               {"iss": nil},
		"of no tenant":               {"tid": nil},
		"of a tenant that is no id":  {"tid": "marker-tenant", "iss": stage.API + "/marker-tenant/v2.0"},
		"of a user that is no id":    {"oid": "marker-user", "idtyp": "user"},
		"with roles that are none":   {"roles": object{"AdminAgent": "marker-role"}},
	} {
		all[name] = with(claimsOf(c), change)
	}
	return all
}

// forged are tokens that the issuer's key did not sign.
func (m *mint) forged(t testing.TB, c client) []badToken {
	t.Helper()
	claims := claimsOf(c)
	der, err := x509.MarshalPKIXPublicKey(&m.key.PublicKey)
	require.NoError(t, err)
	all := []badToken{
		asBad(t, "unknown key", mintToken(t, jose.ES256, m.foreign, "marker-key", claims), claims),
		asBad(t, "unknown key under the known name", mintToken(t, jose.ES256, m.foreign, m.kid, claims), claims),
		asBad(t, "unknown key without a name", mintToken(t, jose.ES256, m.foreign, "", claims), claims),
		asBad(t, "HS256 with the public key in PEM", mintToken(t, jose.HS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), m.kid, claims), claims),
		asBad(t, "HS256 with the public key in DER", mintToken(t, jose.HS256, der, m.kid, claims), claims),
		asBad(t, "HS256 with the public key as JWK", mintToken(t, jose.HS256, m.jwk, m.kid, claims), claims),
	}
	embedded, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: m.foreign}, (&jose.SignerOptions{EmbedJWK: true}).WithType("JWT"))
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	carried, err := embedded.Sign(payload)
	require.NoError(t, err)
	token, err := carried.CompactSerialize()
	require.NoError(t, err)
	all = append(all, asBad(t, "a key that the token brings along", token, claims))
	for _, none := range []string{"none", "None", "NONE"} {
		header := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"typ":"JWT","kid":%q}`, none, m.kid))
		all = append(all, asBad(t, "alg "+none, header+"."+base64.RawURLEncoding.EncodeToString(payload)+".", claims))
	}
	parts := strings.Split(m.good(t, client{tenant: c.tenant}), ".")
	changed := with(claims, object{"roles": []string{adminAgent}})
	text, err := json.Marshal(changed)
	require.NoError(t, err)
	all = append(all,
		asBad(t, "changed after it was signed", parts[0]+"."+base64.RawURLEncoding.EncodeToString(text)+"."+parts[2], changed),
		asBad(t, "without its signature", parts[0]+"."+parts[1]+".", nil),
	)
	return append(all, refreshToken(t, c))
}

// asBad is a token with everything that it says: an answer must repeat none of it.
func asBad(t testing.TB, name, token string, claims object) badToken {
	t.Helper()
	says := []string{token}
	for _, part := range strings.Split(token, ".") {
		if part != "" {
			says = append(says, part)
		}
	}
	for claim, value := range claims {
		if text, ok := value.(string); ok && text != "handover" && claim != "idtyp" { // the API's own name, and a word
			says = append(says, text)
		}
	}
	return badToken{name: name, header: "Bearer " + token, code: codeInvalid, says: says}
}

// refreshToken is one that the issuer gave, and not for this.
func refreshToken(t testing.TB, c client) badToken {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"contract-tests"}, "client_secret": {devissuer.ClientSecret}, "user": {c.user}}
	got, err := http.PostForm(stage.API+"/"+c.tenant+"/oauth2/v2.0/token", form)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	var given struct {
		RefreshToken string `json:"refresh_token"`
	}
	require.NoError(t, json.NewDecoder(got.Body).Decode(&given))
	require.NotEmpty(t, given.RefreshToken)
	return asBad(t, "a refresh token", given.RefreshToken, nil)
}
