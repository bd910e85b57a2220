// Package courier brings events to endpoints over HTTP. An endpoint is somebody else's: it may be anywhere, answer anything, for ever or
// never. So the address is judged when it is called, an answer has bounds in time and bytes, and nothing that it says is followed.
//
//	courier.go  one attempt
//	dialer.go   which addresses are called
//	answer.go   what is read of an answer
package courier

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"handover/internal/webhook"
)

// Settings are what a courier works with.
type Settings struct {
	Networks webhook.Networks // that are called although they are not public
	Bases    webhook.Bases
	Signer   *webhook.Signer
	Timeout  time.Duration    // of an attempt as a whole; 0 for the usual
	AtOnce   int              // attempts at one endpoint for which connections are kept; 0 for one
	Trust    *tls.Config      // of endpoints; nil for the system's
	Now      func() time.Time // nil for time.Now
}

// usualTimeout is how long an attempt may take, and longestConnect how long of it until there is a connection.
const (
	usualTimeout   = 15 * time.Second
	longestConnect = 5 * time.Second
	keptIdle       = 30 * time.Second
	mostHeader     = 16 << 10
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
	trust := s.Trust.Clone()
	if trust == nil {
		trust = &tls.Config{}
	}
	trust.MinVersion = tls.VersionTLS12
	return &Courier{settings: s, client: &http.Client{
		Timeout: s.Timeout,
		// No proxy: the address that is judged must be the one that is called.
		Transport: &http.Transport{
			DialContext: dialer(s.Networks).DialContext, TLSClientConfig: trust, ForceAttemptHTTP2: true, TLSHandshakeTimeout: longestConnect,
			MaxResponseHeaderBytes: mostHeader, DisableCompression: true, IdleConnTimeout: keptIdle, MaxIdleConnsPerHost: max(s.AtOnce, 1), ExpectContinueTimeout: time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Bring makes one attempt to tell the partner of the event. The answer says what came of it; an error is ours: an event that cannot be
// said or signed, or the end of ctx before there was an answer.
func (c *Courier) Bring(ctx context.Context, r webhook.Registration, e webhook.Event) (webhook.Answer, error) {
	body, err := e.Body(r.Format, c.settings.Bases)
	if err != nil {
		return webhook.Answer{}, err
	}
	headers, err := r.Headers(e, body, c.settings.Signer, c.settings.Bases, c.settings.Now())
	if err != nil {
		return webhook.Answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return webhook.Answer{Fault: "The address cannot be called."}, nil //nolint:nilerr // it is the endpoint's fault, and is said to its owner
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
		return webhook.Answer{Fault: fault(err), Took: time.Since(began)}, nil
	}
	answer := answerOf(response, c.settings.Now())
	answer.Took = time.Since(began)
	return answer, nil
}

// fault says in our own words why there was no answer: what a library says may hold anything that an endpoint wrote.
func fault(err error) string {
	var refused *refusedError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	var network net.Error
	var call *net.OpError
	switch {
	case errors.As(err, &refused):
		return "The name stands for an address that is not one of the public internet."
	case errors.As(err, &certificate):
		return "The endpoint's certificate is not valid for its name."
	case errors.As(err, &name):
		return "The name is not known."
	case errors.As(err, &network) && network.Timeout():
		return "There was no answer in time."
	case errors.As(err, &record):
		return "The endpoint does not speak HTTPS."
	case errors.As(err, &call) && call.Op == "dial":
		return "No connection could be made."
	}
	return "The connection broke, or what came was no HTTP."
}
