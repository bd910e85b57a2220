package billing

// An operator's own billing system, over HTTP. The contract is docs/billing-http.md. A move is posted under an idempotency
// key; it is answered at once, or accepted and asked about later. One call is one request, which net/http repeats by itself
// only where a kept connection turns out to be dead; whatever goes wrong is classified here and tried again, with the same key,
// by whoever calls.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"handover/internal/kernel"
)

// HTTPSettings says where the billing system is and how to talk to it.
type HTTPSettings struct {
	BaseURL string        // moves go to BaseURL + "/moves"
	Token   string        // bearer token we send; empty for none
	Timeout time.Duration // of one request

	Transport http.RoundTripper // nil for a pool of our own
	Now       func() time.Time  // nil for the system clock; reads the date form of Retry-After
}

// HTTP moves subscriptions in an operator's billing system. It is safe for concurrent use.
type HTTP struct {
	settings HTTPSettings
	base     *url.URL
	client   *http.Client
}

// NewHTTP checks the settings; it does not connect. The error is one sentence about the setting to correct.
func NewHTTP(s HTTPSettings) (*HTTP, error) {
	base, err := url.Parse(strings.TrimRight(s.BaseURL, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the billing system's base URL is malformed: %w", err)
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, fmt.Errorf("the billing system's base URL must start with https:// or http:// and name a host, not %q", base.Redacted())
	case base.User != nil, base.RawQuery != "", base.Fragment != "":
		return nil, fmt.Errorf("the billing system's base URL must have no user, query or fragment; a secret belongs into the token")
	case strings.ContainsFunc(s.Token, unicode.IsControl):
		return nil, fmt.Errorf("the billing system's token must be one line without control characters")
	case s.Timeout <= 0:
		return nil, fmt.Errorf("the billing system's timeout must be positive, not %s", s.Timeout)
	}
	if s.Transport == nil {
		s.Transport = pool()
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	client := &http.Client{Transport: s.Transport, Timeout: s.Timeout, CheckRedirect: stay}
	return &HTTP{settings: s, base: base, client: client}, nil
}

// longestWhere bounds the address of an accepted move, in bytes: the ledger keeps it.
const longestWhere = 2000

// stay keeps a redirect from carrying the token and the move elsewhere; the 3xx itself becomes the answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// pool keeps as many connections to the one host as a wide transfer uses.
func pool() http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, MaxIdleConnsPerHost: 100, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: maxHeaders,
		// One connection carries all calls, and a timeout ends a call only: so a connection that died silently has to be noticed.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// Immediate is false: an operator's system takes its time.
func (h *HTTP) Immediate() bool { return false }

// Move posts the move.
//
// Errors: *AtWork for a 202; *kernel.Refusal with cause ProviderRefused for a 409 or 422 with a code that does not say
// "busy"; *Unavailable for every other failure, with what Retry-After asked for, cause StillSyncing for code 900103
// the context's error.
func (h *HTTP) Move(ctx context.Context, m Move) (string, error) {
	body, err := json.Marshal(moveOf(m))
	if err != nil {
		return "", unavailable(0, "The move cannot be written as JSON: %v", err)
	}
	return h.outcome(ctx, http.MethodPost, h.base.JoinPath("moves"), Question{Key: m.Key, SubscriptionID: m.Old.ID}, body)
}

// Ask reads what became of a move, where the billing system wanted to be asked, and, when it knows nothing there or its address
// was changed since, at GET /moves/{key}.
//
// Errors: those of Move, and ErrUnknown for a 404.
func (h *HTTP) Ask(ctx context.Context, q Question) (string, error) {
	usual := h.statusOf(q.Key)
	if q.Where != "" {
		if told, err := h.locate(usual, q.Where); err == nil && told.String() != usual.String() {
			if id, err := h.outcome(ctx, http.MethodGet, told, q, nil); !errors.Is(err, ErrUnknown) {
				return id, err
			}
		}
	}
	return h.outcome(ctx, http.MethodGet, usual, q, nil)
}

// outcome is what one request about a move says of it.
func (h *HTTP) outcome(ctx context.Context, method string, to *url.URL, q Question, body []byte) (string, error) {
	status, a, err := h.ask(ctx, method, to, q, body)
	switch {
	case method == http.MethodGet && status == http.StatusNotFound:
		return "", ErrUnknown
	case err != nil:
		return "", err
	case a.accepted:
		return "", h.atWork(to, a)
	}
	return newID(a, q)
}

// newID is the id of the target's subscription in an answer that says done. A move gives a new one.
func newID(a answer, q Question) (string, error) {
	if kernel.SameID(a.subscriptionID, q.SubscriptionID) {
		return "", unavailable(0, "The billing system answered with the id of the source's subscription; a move must give a new one (R-30).")
	}
	return a.subscriptionID, nil
}

// atWork is an accepted move, with the address to ask at. An answer without one leaves it where it is.
func (h *HTTP) atWork(from *url.URL, a answer) error {
	found := &AtWork{RetryAfter: a.retryAfter}
	if a.location == "" {
		return found
	}
	where, err := h.locate(from, a.location)
	if err != nil {
		return err
	}
	if found.Where = where.String(); len(found.Where) > longestWhere {
		return unavailable(0, "The billing system answered with a Location of more than %d bytes.", longestWhere)
	}
	return found
}

// statusOf is where a billing system is asked about a move unless it says otherwise.
func (h *HTTP) statusOf(key string) *url.URL { return h.base.JoinPath("moves", url.PathEscape(key)) }

// locate is where the Location of an answer from that address says. It stays on the host that may see our token.
func (h *HTTP) locate(from *url.URL, location string) (*url.URL, error) {
	next, err := from.Parse(location)
	if err != nil {
		return nil, unavailable(0, "The billing system answered with a malformed Location; it must be a URL on its own host.")
	}
	if next.Scheme != h.base.Scheme || !strings.EqualFold(next.Host, h.base.Host) || next.User != nil {
		return nil, unavailable(0, "The billing system answered with a Location on another host (%s); it must stay on %s://%s.",
			kernel.ShortLine(next.Host, 80), h.base.Scheme, h.base.Host)
	}
	return next, nil
}

// ask sends one request and reads its answer.
func (h *HTTP) ask(ctx context.Context, method string, to *url.URL, q Question, body []byte) (int, answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return 0, answer{}, unavailable(0, "The request to the billing system cannot be made: %v", err)
	}
	h.dress(request, q.Key)
	response, err := h.client.Do(request)
	if err != nil {
		return 0, answer{}, h.broken(ctx, err)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return 0, answer{}, h.broken(ctx, err)
	}
	a, err := decode(response.StatusCode, response.Header, content, q.SubscriptionID, h.settings.Now())
	return response.StatusCode, a, err
}

func (h *HTTP) dress(request *http.Request, key string) {
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "handover")
	if h.settings.Token != "" {
		request.Header.Set("Authorization", "Bearer "+h.settings.Token)
	}
	if request.Method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
	}
}

// broken is a request without an answer: the caller's context ended, or the network or our timeout did it.
func (h *HTTP) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return away(0, "The billing system cannot be reached: %s", kernel.ShortLine(err.Error(), maxReason))
}
