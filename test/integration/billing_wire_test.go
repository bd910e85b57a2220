package integration

// The wire between the workers and the billing system of an operator: everything that is said goes over it, and a test does to
// it what networks, proxies and billing systems do.

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// billingToken is the bearer token that the billing systems of the tests want.
const billingToken = "sesame"

// wire passes on what workers ask the billing system, and notes it.
type wire struct {
	t      *testing.T
	url    string
	client *http.Client

	mu         sync.Mutex
	to         string // base URL of the billing system
	treat      treatment
	calls      []call
	open, most int
}

// treatment is what becomes of a call; no response says that the connection breaks.
type treatment func(c *call) *response

// call is one request on the wire.
type call struct {
	method, key string

	path   string
	header http.Header
	body   []byte
	caller context.Context // ends when the caller hangs up
	wire   *wire
}

// response is what the billing system, or the wire in its place, answers.
type response struct {
	status int
	header http.Header
	body   []byte
}

// layWire lays a wire that passes everything on as it is.
func layWire(t *testing.T, to string) *wire {
	t.Helper()
	w := &wire{t: t, to: to, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	w.treats((*call).pass)
	server := httptest.NewServer(w)
	w.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		w.client.CloseIdleConnections()
	})
	return w
}

// treats has the wire do this to every call from now on.
func (w *wire) treats(how treatment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.treat = how
}

// leads has the wire end at another billing system from now on.
func (w *wire) leads(to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
}

// ServeHTTP is one call.
func (w *wire) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller was killed
	}
	c := &call{method: in.Method, path: in.URL.EscapedPath(), header: in.Header, body: body, caller: in.Context(), wire: w}
	c.key, err = url.PathUnescape(strings.TrimPrefix(c.path, "/moves/"))
	assert.NoError(w.t, err)
	if c.method == http.MethodPost {
		c.key = in.Header.Get("Idempotency-Key")
	}
	treat := w.begin(c)
	defer w.end()
	answer := treat(c)
	if answer == nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.header {
		out.Header()[name] = values
	}
	out.WriteHeader(answer.status)
	_, _ = out.Write(answer.body) // nobody may be there to read it
}

func (w *wire) begin(c *call) treatment {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, *c)
	w.open++
	w.most = max(w.most, w.open)
	return w.treat
}

func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open--
}

// opened is how many calls are open now, and how many were at most.
func (w *wire) opened() (now, most int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open, w.most
}

// said are the calls with this method so far, in their order.
func (w *wire) said(method string) (all []call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if c.method == method {
			all = append(all, c)
		}
	}
	return all
}

// pass sends the call on, also when the caller has hung up: what is on its way arrives. There is no response when nobody
// answers there.
func (c *call) pass() *response {
	c.wire.mu.Lock()
	to := c.wire.to
	c.wire.mu.Unlock()
	forward, err := http.NewRequestWithContext(context.WithoutCancel(c.caller), c.method, to+c.path, bytes.NewReader(c.body))
	if !assert.NoError(c.wire.t, err) {
		return nil
	}
	forward.Header = c.header.Clone()
	answer, err := c.wire.client.Do(forward)
	if err != nil {
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil
	}
	answer.Header.Del("Content-Length")
	return &response{answer.StatusCode, answer.Header, body}
}

// hangUp waits until the caller hangs up, and has no response.
func (c *call) hangUp() *response {
	<-c.caller.Done()
	return nil
}

// says is a response in place of the billing system's.
func says(status int, body string, header ...string) *response {
	r := &response{status: status, header: http.Header{}, body: []byte(body)}
	for i := 0; i < len(header); i += 2 {
		r.header.Set(header[i], header[i+1])
	}
	return r
}

// hold stops calls on the wire until it is released, or the caller hangs up.
type hold struct {
	released chan struct{}
	release  func()
}

func newHold() *hold {
	h := &hold{released: make(chan struct{})}
	h.release = sync.OnceFunc(func() { close(h.released) })
	return h
}

// pass holds the call and passes it on then.
func (h *hold) pass(c *call) *response {
	select {
	case <-h.released:
		return c.pass()
	case <-c.caller.Done():
		return nil
	}
}

// transferOf is the transfer that the call is about.
func transferOf(t *testing.T, c call) string {
	t.Helper()
	id, _, found := strings.Cut(c.key, "/")
	require.True(t, found, c.key)
	return id
}
