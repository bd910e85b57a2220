// Package courier brings events to endpoints over HTTP. An endpoint is somebody else's: it may be anywhere, answer anything, for ever or
// never. So the address is judged when it is called, an answer has bounds in time and bytes, and nothing that it says is followed.
//
//	courier.go  one attempt
//	dialer.go   which addresses are called, and how
//	answer.go   what is read of an answer
//	fault.go    why there was none
//	keys.go     who signs; sources.go where those come from
package courier

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"

	"handover/internal/webhook"
)

// Settings are what a courier works with.
type Settings struct {
	Networks webhook.Networks // that are called although they are not public
	Bases    webhook.Bases
	Signer   func(context.Context) (*webhook.Signer, error) // of webhook.PartnerCenter; see Keys
	Timeout  time.Duration                                  // of an attempt as a whole; 0 for the usual
	AtOnce   int                                            // attempts at one endpoint for which connections are kept; 0 for one
	Trust    *tls.Config                                    // of endpoints; nil for the system's
	Resolver *net.Resolver                                  // of their names; nil for the system's
	Now      func() time.Time                               // nil for time.Now
}

// usualTimeout is how long an attempt may take, and longestConnect how long of it until there is a connection, and again until TLS is agreed.
const (
	usualTimeout   = 15 * time.Second
	longestConnect = 5 * time.Second
	keptIdle       = 30 * time.Second
	mostIdle       = 500
	mostHeader     = 16 << 10 // bytes of all heads of an answer, informational ones included
)

// Courier brings events. It is safe for concurrent use.
type Courier struct {
	settings Settings
	client   *http.Client
}

// New makes a courier, which calls nobody by itself.
func New(s Settings) *Courier {
	if s.Timeout == 0 {
		s.Timeout = usualTimeout
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	calls := newDialer(s)
	// HTTP/1.1 only: then a connection is one attempt's alone, and can be closed when that is over without harm to another.
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &Courier{settings: s, client: &http.Client{
		// No proxy: the address that is judged must be the one that is called.
		Transport: &http.Transport{
			DialContext: calls.plain, DialTLSContext: calls.secured, Protocols: &protocols, MaxResponseHeaderBytes: mostHeader, DisableCompression: true,
			IdleConnTimeout: keptIdle, MaxIdleConns: mostIdle, MaxIdleConnsPerHost: max(s.AtOnce, 1),
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Bring makes one attempt to tell the partner of the event. The answer says what came of it; an error is ours:
// *webhook.UnsaidError for an event that cannot be said, which is the event's alone; nothing can be signed, which passes; or the end of ctx
// before there was an answer.
func (c *Courier) Bring(ctx context.Context, r webhook.Registration, e webhook.Event) (webhook.Answer, error) {
	body, err := e.Body(r.Format, c.settings.Bases)
	if err != nil {
		return webhook.Answer{}, err
	}
	headers, err := c.headers(ctx, r, e, body)
	if err != nil {
		return webhook.Answer{}, err
	}
	attempt, end := c.attempt(ctx)
	defer end()
	request, err := http.NewRequestWithContext(attempt, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return webhook.Answer{Fault: "The address cannot be called."}, nil // its owner is told
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", "Handover-Webhooks/1")
	request.GetBody = nil // a request that broke is not sent a second time behind our back
	began := time.Now()
	response, err := c.client.Do(request) //nolint:bodyclose // answerOf closes it
	if err != nil {
		if ctx.Err() != nil {
			return webhook.Answer{}, ctx.Err()
		}
		if attempt.Err() != nil {
			err = attempt.Err() // whatever broke when its connection was closed
		}
		return unanswered(fault(err), time.Since(began)), nil
	}
	answer := answerOf(response, c.settings.Now())
	answer.Took = time.Since(began)
	return answer, nil
}

func (c *Courier) headers(ctx context.Context, r webhook.Registration, e webhook.Event, body []byte) (map[string]string, error) {
	var signer *webhook.Signer
	if r.Format == webhook.PartnerCenter {
		var err error
		if signer, err = c.settings.Signer(ctx); err != nil {
			return nil, err
		}
	}
	return r.Headers(e, body, signer, c.settings.Bases, c.settings.Now())
}

// attempt is ctx for as long as an attempt may take, and what ends it. When its time is over its connections are closed under whatever
// goes on there: that holds also where the transport leaves a connection to its caller, as after an upgrade.
func (c *Courier) attempt(ctx context.Context) (context.Context, func()) {
	timed, cancel := context.WithTimeout(ctx, c.settings.Timeout)
	var kept []func() bool
	traced := httptrace.WithClientTrace(timed, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		kept = append(kept, context.AfterFunc(timed, func() { _ = bare(got.Conn).Close() }))
	}})
	return traced, func() {
		for _, keep := range kept {
			keep()
		}
		cancel()
	}
}
