package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"
)

const (
	patience     = 5 * time.Second  // with the issuer
	fetchesApart = 10 * time.Second // for keys: whoever calls can make up key ids
	maxAnswer    = 1 << 20          // bytes of what the issuer says
)

// nobodys is a token that no key fits. Verifying it makes a key set fetch its keys, which it offers no other way to do.
const nobodys = "eyJhbGciOiJSUzI1NiJ9.e30.AA"

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
	k := newKeys(ctx, document.KeysURL, v.client, v.settings.Now)
	if _, err := k.verify(ctx, nobodys); errors.Is(err, ErrUnavailable) {
		return nil, err
	}
	return k, nil
}

// keys are the issuer's. go-oidc keeps them and asks for them anew whenever none fits a token; the gate keeps forged tokens
// from reaching the issuer with that.
type keys struct{ remote *oidc.RemoteKeySet }

func newKeys(ctx context.Context, at string, client *http.Client, now func() time.Time) *keys {
	g := &gate{client: client, limit: rate.NewLimiter(rate.Every(fetchesApart), 1), now: now}
	return &keys{remote: oidc.NewRemoteKeySet(oidc.ClientContext(ctx, &http.Client{Transport: g}), at)}
}

// verify returns the payload of a token that one of the keys has signed. Errors: errSignature, ErrUnavailable.
func (k *keys) verify(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, token)
	switch {
	case err == nil:
		return payload, nil
	case ctx.Err() != nil:
		return nil, unavailable(ctx.Err())
	case strings.HasPrefix(err.Error(), "fetching keys"): // go-oidc has no error of its own for it
		return nil, unavailable(err)
	}
	return nil, errSignature
}

// gate asks the issuer for its keys now and then. In between it repeats the latest answer, or why there was none.
type gate struct {
	client *http.Client
	limit  *rate.Limiter
	now    func() time.Time

	mu      sync.Mutex
	content []byte
	err     error
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit.AllowN(g.now(), 1) {
		g.content, g.err = g.fetch(r)
	}
	if g.err != nil {
		return nil, g.err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(g.content)), Request: r,
	}, nil
}

func (g *gate) fetch(r *http.Request) ([]byte, error) {
	answer, err := g.client.Do(r.Clone(r.Context()))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %d", answer.StatusCode)
	}
	return content, err
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
