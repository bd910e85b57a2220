package identity_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"handover/internal/identity"
)

const (
	tenant   = "1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001"
	stranger = "2e9b1c44-90f3-4a2b-8d55-61a7c3d2b002"
	user     = "5d6e7f80-1111-4222-8333-944455566677"
	audience = "https://handover.example"
)

// key is a private key of an issuer, with the algorithm it signs with.
type key struct {
	id      string
	alg     jose.SignatureAlgorithm
	private any
}

var (
	rsaKey   = sync.OnceValue(func() key { return newRSA("rsa-1") })
	otherRSA = sync.OnceValue(func() key { return newRSA("rsa-2") })
)

func newRSA(id string) key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	return key{id, jose.RS256, private}
}

func newEC(id string, curve elliptic.Curve, alg jose.SignatureAlgorithm) key {
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(err)
	return key{id, alg, private}
}

func newEd25519(id string) key {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	return key{id, jose.EdDSA, private}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (k key) public() jose.JSONWebKey {
	private := jose.JSONWebKey{Key: k.private, KeyID: k.id, Use: "sig"}
	return private.Public()
}

// sign makes a token of the claims.
func (k key) sign(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	must(err)
	return k.signPayload(payload)
}

func (k key) signPayload(payload []byte) string {
	options := (&jose.SignerOptions{}).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}, options)
	must(err)
	signed, err := signer.Sign(payload)
	must(err)
	token, err := signed.CompactSerialize()
	must(err)
	return token
}

// issuer is an OIDC issuer that a test can change, break and count on.
type issuer struct {
	*httptest.Server
	mu       sync.Mutex
	keys     []jose.JSONWebKey
	named    string // as its discovery document names it
	keysURL  string
	padding  string           // makes its discovery document large
	broken   http.HandlerFunc // answers instead
	noKeys   http.HandlerFunc // answers for the keys
	searches int
	fetches  int
}

func newIssuer(t testing.TB, keys ...key) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	i.named, i.keysURL = i.URL, i.URL+"/keys"
	i.rotate(keys...)
	return i
}

func (i *issuer) rotate(keys ...key) {
	i.change(func() {
		i.keys = nil
		for _, k := range keys {
			i.keys = append(i.keys, k.public())
		}
	})
}

func (i *issuer) change(do func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	do()
}

func (i *issuer) counts() (searches, fetches int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.searches, i.fetches
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case i.broken != nil:
		i.broken(w, r)
	case r.URL.Path == "/.well-known/openid-configuration", r.URL.Path == "/organizations/v2.0/.well-known/openid-configuration":
		i.searches++
		must(json.NewEncoder(w).Encode(map[string]any{"issuer": i.named, "jwks_uri": i.keysURL, "padding": i.padding}))
	case r.URL.Path == "/keys":
		i.fetches++
		if i.noKeys != nil {
			i.noKeys(w, r)
			return
		}
		must(json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.keys}))
	default:
		http.NotFound(w, r)
	}
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2031, 3, 2, 9, 15, 4, 0, time.UTC)} }

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

func (c *clock) at(d time.Duration) int64 { return c.Now().Add(d).Unix() }

// scene is a verifier with its issuer, which signs with rsaKey.
type scene struct {
	*issuer
	*clock
	*identity.Verifier
}

func newScene(t testing.TB, adapt ...func(*identity.Settings)) scene {
	t.Helper()
	s := scene{issuer: newIssuer(t, rsaKey()), clock: newClock()}
	settings := identity.Settings{Issuer: s.URL, Audiences: []string{"api://elsewhere", audience}, Client: s.Client(), Now: s.Now}
	for _, a := range adapt {
		a(&settings)
	}
	var err error
	s.Verifier, err = identity.New(settings)
	require.NoError(t, err)
	return s
}

// claims are those of an application's token, changed as told; a nil value leaves the claim out.
func (s scene) claims(changes ...map[string]any) map[string]any {
	c := map[string]any{
		"iss": s.URL, "aud": audience, "exp": s.at(time.Hour), "nbf": s.at(0), "iat": s.at(0), "sub": "0f1e2d3c",
		"tid": tenant, "roles": []string{"AdminAgent"}, "azp": "integrator", "idtyp": "app",
	}
	for _, change := range changes {
		for name, value := range change {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
	}
	return c
}

func (s scene) token(changes ...map[string]any) string { return rsaKey().sign(s.claims(changes...)) }
