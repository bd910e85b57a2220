package billing

// An operator's own billing system, over HTTP. The contract is docs/billing-http.md. A move is posted under an idempotency
// key; it is answered at once, or accepted and polled until it is done. One call is one try: whatever goes wrong is
// classified here and tried again, with the same key, by whoever calls.

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

	"handover/internal/transfer"
)

// HTTPSettings says where the billing system is and how to talk to it.
type HTTPSettings struct {
	BaseURL       string        // moves go to BaseURL + "/moves"
	Token         string        // bearer token we send; empty for none
	CallbackToken string        // bearer token its callbacks must bring; empty refuses every callback
	Timeout       time.Duration // of one request
	Poll          time.Duration // between polls when the billing system does not say

	Transport http.RoundTripper // nil for a pool of our own
	Now       func() time.Time  // nil for the system clock; reads the date form of Retry-After
}

// HTTP moves subscriptions in an operator's billing system. It is safe for concurrent use.
type HTTP struct {
	settings HTTPSettings
	base     *url.URL
	client   *http.Client
	waiting  waiting
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
	case s.Timeout <= 0:
		return nil, fmt.Errorf("the billing system's timeout must be positive, not %s", s.Timeout)
	case s.Poll <= 0:
		return nil, fmt.Errorf("the billing system's poll interval must be positive, not %s", s.Poll)
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

// stay keeps a redirect from carrying the token and the move elsewhere; the 3xx itself becomes the answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// pool keeps as many connections to the one host as a wide transfer uses.
func pool() http.RoundTripper {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, MaxIdleConnsPerHost: 100, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
}

// Immediate is false: an operator's system takes its time.
func (h *HTTP) Immediate() bool { return false }

// Move posts the move and waits until the billing system says what came of it, as long as ctx allows.
//
// Errors: *transfer.Refusal with cause ProviderRefused for a 409 or 422 with a code that does not say "busy";
// *Unavailable for every other failure, with what Retry-After asked for, cause StillSyncing for code 900103; the
// context's error.
func (h *HTTP) Move(ctx context.Context, m Move) (string, error) {
	woken, forget := h.waiting.register(m.Key) // before the post, so that no callback is missed
	defer forget()
	body, err := json.Marshal(moveOf(m))
	if err != nil {
		return "", unavailable(0, "The move cannot be written as JSON: %v", err)
	}
	to := h.base.JoinPath("moves")
	status := to.JoinPath(url.PathEscape(m.Key))
	a, err := h.ask(ctx, http.MethodPost, to, m, body)
	for err == nil && a.accepted {
		if status, err = h.locate(status, to, a.location); err != nil {
			return "", err
		}
		if err = h.pause(ctx, a.retryAfter, woken); err != nil {
			return "", err
		}
		to = status
		a, err = h.ask(ctx, http.MethodGet, to, m, nil)
	}
	if err != nil {
		return "", err
	}
	if transfer.SameID(a.subscriptionID, m.Old.ID) {
		return "", unavailable(0, "The billing system answered with the id of the source's subscription; a move must give a new one (R-30).")
	}
	return a.subscriptionID, nil
}

// locate is where to ask for the state of an accepted move: where the Location of the answer from that address says, or
// where it was. It stays on the host that may see our token.
func (h *HTTP) locate(status, from *url.URL, location string) (*url.URL, error) {
	if location == "" {
		return status, nil
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, unavailable(0, "The billing system answered with a malformed Location; it must be a URL on its own host.")
	}
	if next.Scheme != h.base.Scheme || !strings.EqualFold(next.Host, h.base.Host) || next.User != nil {
		return nil, unavailable(0, "The billing system answered with a Location on another host (%s); it must stay on %s://%s.",
			clean(next.Host, 80), h.base.Scheme, h.base.Host)
	}
	return next, nil
}

// ask sends one request and reads its answer.
func (h *HTTP) ask(ctx context.Context, method string, to *url.URL, m Move, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, unavailable(0, "The request to the billing system cannot be made: %v", err)
	}
	h.dress(request, m.Key)
	response, err := h.client.Do(request)
	if err != nil {
		return answer{}, h.broken(ctx, err)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return answer{}, h.broken(ctx, err)
	}
	return decode(response.StatusCode, response.Header, content, m.Old.ID, h.settings.Now())
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
	return unavailable(0, "The billing system cannot be reached: %s", clean(err.Error(), maxReason))
}
