package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

const (
	patience     = 5 * time.Second  // with the issuer
	fetchesApart = 10 * time.Second // for keys: whoever calls can make up key ids
	maxAnswer    = 1 << 20          // bytes of what the issuer says
)

var errSignature = errors.New("no key fits the signature")

// patient is the client with a limit on how long it waits and how much it reads.
func patient(c *http.Client) *http.Client {
	limited := *c
	limited.Transport = bounded{orDefault(c.Transport)}
	if limited.Timeout <= 0 || limited.Timeout > patience {
		limited.Timeout = patience
	}
	return &limited
}

func orDefault(t http.RoundTripper) http.RoundTripper {
	if t == nil {
		return http.DefaultTransport
	}
	return t
}

// bounded cuts answers that are too long.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	}
	return answer, err
}

// keys returns the issuer's keys, looking for the issuer until it was found once. All who wait share one search.
func (v *Verifier) keys(ctx context.Context) (*keys, error) {
	if k := v.found.Load(); k != nil {
		return k, nil
	}
	answer := v.search.DoChan("", func() (any, error) {
		if v.found.Load() != nil {
			return nil, nil // the search before this one has just ended
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // others may still wait when this caller is gone
		defer cancel()
		k, err := v.discover(ctx)
		if err == nil {
			v.found.Store(k)
		}
		return nil, err
	})
	select {
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	case a := <-answer:
		return v.found.Load(), a.Err
	}
}

// discover reads the issuer's discovery document and fetches the keys it names.
func (v *Verifier) discover(ctx context.Context) (*keys, error) {
	ctx = oidc.ClientContext(ctx, v.client)
	if strings.Contains(v.settings.Issuer, tenantTemplate) {
		ctx = oidc.InsecureIssuerURLContext(ctx, v.settings.Issuer) // its document names the template, which is checked below
	}
	provider, err := oidc.NewProvider(ctx, v.settings.discoveryURL())
	if err != nil {
		return nil, unavailable(err)
	}
	var document struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil {
		return nil, unavailable(err)
	}
	if document.Issuer != v.settings.Issuer {
		return nil, unavailable(fmt.Errorf("its discovery document names the issuer %q, not %q", document.Issuer, v.settings.Issuer))
	}
	if at, err := url.Parse(document.KeysURL); err != nil || !reachable(at) {
		return nil, unavailable(fmt.Errorf("its discovery document names no address of keys (jwks_uri) but %q", document.KeysURL))
	}
	k := &keys{
		at: document.KeysURL, client: v.client, tenantClaim: v.settings.TenantClaim,
		limit: rate.NewLimiter(rate.Every(fetchesApart), 1), now: v.settings.Now,
	}
	if err := k.refresh(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// keys are the issuer's, held in memory and fetched anew when none fits a token. Whoever calls can make up key ids, so that happens
// now and then only; in between the latest answer counts, or why there was none.
type keys struct {
	at          string
	client      *http.Client
	tenantClaim string
	limit       *rate.Limiter
	now         func() time.Time

	held     atomic.Pointer[[]signingKey]
	fetching singleflight.Group
	failed   error // of the latest fetch; the fetch's alone
}

// signingKey is a key of the issuer's set, for signatures.
type signingKey struct {
	jose.JSONWebKey
	issuer string // that it is restricted to; empty for none. It may contain tenantTemplate
}

// verify returns the payload of a token that one of the keys has signed. Errors: errSignature, ErrUnavailable.
func (k *keys) verify(ctx context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, errSignature
	}
	if payload, ok := k.fits(signed); ok {
		return payload, nil
	}
	if err := k.refresh(ctx); err != nil {
		return nil, err
	}
	if payload, ok := k.fits(signed); ok {
		return payload, nil
	}
	return nil, errSignature
}

// fits finds the key that signed the token and may sign such: by its id and algorithm, and for the token's issuer.
func (k *keys) fits(signed *jose.JSONWebSignature) ([]byte, bool) {
	held := k.held.Load()
	if held == nil {
		return nil, false
	}
	header := signed.Signatures[0].Header
	for _, key := range *held {
		if header.KeyID != "" && header.KeyID != key.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key.JSONWebKey); err == nil && key.signsFor(payload, k.tenantClaim) {
			return payload, true
		}
	}
	return nil, false
}

// signsFor tells whether the key may sign for the issuer that the token names, for the token's own tenant where it serves many.
func (k signingKey) signsFor(payload []byte, tenantClaim string) bool {
	if k.issuer == "" {
		return true
	}
	found, err := readClaims(payload)
	if err != nil {
		return false
	}
	named, _, err := found.text("iss")
	tenant, _, unread := found.text(tenantClaim)
	return err == nil && unread == nil && named == strings.ReplaceAll(k.issuer, tenantTemplate, tenant)
}

// refresh fetches the keys, unless they were fetched a moment ago. All who wait share one fetch.
func (k *keys) refresh(ctx context.Context) error {
	answer := k.fetching.DoChan("", func() (any, error) {
		if !k.limit.AllowN(k.now(), 1) {
			return nil, k.failed
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // others may still wait when this caller is gone
		defer cancel()
		found, err := k.fetch(ctx)
		if err == nil {
			k.held.Store(&found)
		} else {
			err = unavailable(err)
		}
		k.failed = err
		return nil, err
	})
	select {
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case a := <-answer:
		return a.Err
	}
}

func (k *keys) fetch(ctx context.Context) ([]signingKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.at, nil)
	if err != nil {
		return nil, err
	}
	answer, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(answer.Body)
	switch err = errors.Join(err, answer.Body.Close()); {
	case err != nil:
		return nil, err
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("it answered %d for its keys", answer.StatusCode)
	}
	return readKeys(content)
}

// readKeys picks the keys that are for signatures. One that cannot be read, such as of a kind to come, is no reason to do without
// the others.
func readKeys(content []byte) ([]signingKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, fmt.Errorf("its keys are malformed: %w", err)
	}
	var usable []signingKey
	for _, raw := range set.Keys {
		var key signingKey
		var restricted struct {
			Issuer     string   `json:"issuer"`
			Operations []string `json:"key_ops"`
		}
		if key.UnmarshalJSON(raw) != nil || json.Unmarshal(raw, &restricted) != nil {
			continue
		}
		forSignatures := key.Use == "" || key.Use == "sig"
		if restricted.Operations != nil {
			forSignatures = forSignatures && slices.Contains(restricted.Operations, "verify")
		}
		if key.issuer = restricted.Issuer; forSignatures && key.IsPublic() {
			usable = append(usable, key)
		}
	}
	if len(usable) == 0 {
		return nil, errors.New("it names no key for signatures")
	}
	return usable, nil
}

// attempt is the key set as one token meets it. go-oidc turns a key set's error into text, so it is kept here.
type attempt struct {
	keys    *keys
	payload []byte // of a token whose signature fits
	err     error
}

// VerifySignature implements oidc.KeySet.
func (a *attempt) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	a.payload, a.err = a.keys.verify(ctx, token)
	return a.payload, a.err
}
