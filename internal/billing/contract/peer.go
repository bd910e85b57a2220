package contract

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Settings say which billing system is checked, and how.
type Settings struct {
	BaseURL  string        // moves go to BaseURL + "/moves"
	Token    string        // bearer token it wants; empty for none
	Patience time.Duration // how long a move may take, and a busy system be asked again

	// Restart kills the system and starts it again at the same address; nil when that is not ours to do. Error: it could not
	// be started.
	Restart func(ctx context.Context) error
}

// Peer is a billing system that is checked. It is safe for concurrent use.
type Peer struct {
	settings Settings
	base     *url.URL
	client   *http.Client
}

const (
	requestTimeout = 30 * time.Second // as Handover's
	mostBody       = 1 << 20          // bytes of an answer
	atOnce         = 20               // requests side by side, as Handover makes them
)

// NewPeer checks the settings; it does not connect. The error is one sentence about the setting to correct.
func NewPeer(s Settings) (*Peer, error) {
	base, err := url.Parse(strings.TrimRight(s.BaseURL, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the base URL is malformed: %w", err)
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, fmt.Errorf("the base URL must start with https:// or http:// and name a host, not %q", base.Redacted())
	case s.Patience <= 0:
		return nil, fmt.Errorf("the patience must be positive, not %s", s.Patience)
	}
	client := &http.Client{
		Timeout:       requestTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 5 * atOnce, ExpectContinueTimeout: time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Peer{settings: s, base: base, client: client}, nil
}

// post asks for the move.
func (p *Peer) post(ctx context.Context, m move) (answer, error) {
	body, err := m.json()
	if err != nil {
		return answer{}, err
	}
	return p.postBody(ctx, m.key, p.settings.Token, body)
}

func (p *Peer) postBody(ctx context.Context, key, token string, body []byte) (answer, error) {
	return p.ask(ctx, http.MethodPost, p.base.JoinPath("moves"), key, token, body)
}

// look asks what became of the key.
func (p *Peer) look(ctx context.Context, key string) (answer, error) {
	return p.ask(ctx, http.MethodGet, p.of(key), "", p.settings.Token, nil)
}

// withdraw asks never to move under the key.
func (p *Peer) withdraw(ctx context.Context, key string) (answer, error) {
	return p.ask(ctx, http.MethodDelete, p.of(key), "", p.settings.Token, nil)
}

// of is where the key is.
func (p *Peer) of(key string) *url.URL { return p.base.JoinPath("moves", url.PathEscape(key)) }

// ask sends one request and reads its answer.
func (p *Peer) ask(ctx context.Context, method string, to *url.URL, key, token string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "handover-contract")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
	}
	if len(body) > mostBody {
		request.Header.Set("Expect", "100-continue") // or the answer may be lost with the connection
	}
	response, err := p.client.Do(request)
	if err != nil {
		return answer{}, p.silent(ctx, err)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, mostBody))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return answer{}, p.silent(ctx, err)
	}
	return read(response.StatusCode, response.Header, content), nil
}

// silentError is a request without an answer.
type silentError struct{ error }

func (e *silentError) Unwrap() error { return e.error }

func (p *Peer) silent(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &silentError{fmt.Errorf("the billing system gave no answer: %w", err)}
}

// asking is one of the requests about a move.
type asking func(ctx context.Context) (answer, error)

// decided repeats the request while the answer is "not now".
func (p *Peer) decided(ctx context.Context, ask asking) (answer, error) {
	return p.until(ctx, ask, func(a answer) bool { return a.kind != busy })
}

// until repeats the request until the answer is good enough. An answer that is not when the patience ends is the answer.
func (p *Peer) until(ctx context.Context, ask asking, enough func(answer) bool) (answer, error) {
	ends := time.Now().Add(p.settings.Patience)
	for {
		a, err := ask(ctx)
		if err != nil || enough(a) || time.Now().After(ends) {
			return a, err
		}
		if err := pause(ctx, a); err != nil {
			return answer{}, err
		}
	}
}

// ended asks for the move until it is done or refused, as Handover does: a 202 is looked after where it says, and what is
// unknown there is posted again.
func (p *Peer) ended(ctx context.Context, m move) (answer, error) {
	var at *url.URL // where to look, once it was accepted
	ask := func(ctx context.Context) (a answer, err error) {
		looking := at != nil
		if looking {
			a, err = p.lookAt(ctx, at)
		} else {
			a, err = p.post(ctx, m)
		}
		switch {
		case err != nil:
			return answer{}, err
		case a.kind == atWork:
			at, err = p.where(m.key, at, a)
		case looking && a.kind == unknown:
			at, a.kind = nil, busy
		}
		return a, err
	}
	return p.until(ctx, ask, func(a answer) bool { return a.kind != atWork && a.kind != busy })
}

// moved has the move done and returns the id of the new subscription.
func (p *Peer) moved(ctx context.Context, m move) (string, error) {
	a, err := p.ended(ctx, m)
	if err != nil {
		return "", err
	}
	if a.kind != done {
		return "", wrong("POST of a new move, and GET after a 202", fmt.Sprintf("200 with a subscriptionId within %s", p.settings.Patience), a)
	}
	return a.id, nil
}

// movedAll has moves done side by side.
func (p *Peer) movedAll(ctx context.Context, moves ...move) ([]string, error) {
	ids := make([]string, len(moves))
	group, ctx := errgroup.WithContext(ctx)
	for i, m := range moves {
		group.Go(func() (err error) {
			ids[i], err = p.moved(ctx, m)
			return err
		})
	}
	return ids, group.Wait()
}

func (p *Peer) lookAt(ctx context.Context, where *url.URL) (answer, error) {
	return p.ask(ctx, http.MethodGet, where, "", p.settings.Token, nil)
}

// where is the address to ask at after a 202, which answered a look at that address, or a POST when it is nil: what its
// Location says, on the host that may see the token, or where it was.
func (p *Peer) where(key string, looked *url.URL, a answer) (*url.URL, error) {
	if a.location == "" {
		return cmp.Or(looked, p.of(key)), nil
	}
	to, err := cmp.Or(looked, p.base.JoinPath("moves")).Parse(a.location)
	if err != nil || to.Scheme != p.base.Scheme || to.Host != p.base.Host || len(to.String()) > 2000 {
		return nil, fmt.Errorf("a 202: expected a Location on %s://%s of at most 2,000 bytes, got %s", p.base.Scheme, p.base.Host, quote(a.location))
	}
	return to, nil
}

// reach waits until the system answers anything.
func (p *Peer) reach(ctx context.Context) error {
	ends := time.Now().Add(p.settings.Patience)
	for {
		_, err := p.look(ctx, newMove().key)
		var silence *silentError
		if !errors.As(err, &silence) || time.Now().After(ends) {
			return err
		}
		if err := pause(ctx, answer{}); err != nil {
			return err
		}
	}
}

// pause waits before a request is repeated: as long as the answer asks for, but never long. Whoever checks is impatient.
func pause(ctx context.Context, a answer) error {
	const least, most = 50 * time.Millisecond, time.Second
	timer := time.NewTimer(min(max(a.wait, least), most))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
