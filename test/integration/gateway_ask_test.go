package integration

// Requests to a gateway, sent as often as it takes.

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// ask is one request of a client. The same again is the same request: its id is part of it.
type ask struct {
	by           caller
	method, path string
	body         string
	key          string // MS-RequestId
	ifMatch      string
}

// reply is an answer, with those headers that belong to it and not to the request.
type reply struct {
	status                                int
	etag, location, kind, retry, security string
	body                                  string
}

// again tells an answer that asks for a repetition.
func (r reply) again() bool {
	return r.retry != "" && (r.status == http.StatusConflict || r.status == http.StatusServiceUnavailable)
}

// field is a field of the answer's body, nil when it has none.
func (r reply) field(name string) any {
	var object map[string]any
	if json.Unmarshal([]byte(r.body), &object) != nil {
		return nil
	}
	return object[name]
}

func (a ask) headers() http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"MS-RequestId": a.key, "If-Match": a.ifMatch} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if a.by.token != "" {
		h.Set("Authorization", "Bearer "+a.by.token)
	}
	if a.body != "" {
		h.Set("Content-Type", "application/json")
	}
	return h
}

// onceOver connects for every request anew, as the gateway is killed between them.
var onceOver = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// send sends the request once. The error says that no whole answer came.
func (g *gateway) send(a ask) (reply, error) {
	r, err := http.NewRequestWithContext(context.Background(), a.method, g.scheme+"://"+g.address+a.path, strings.NewReader(a.body))
	if err != nil {
		return reply{}, err
	}
	r.Header = a.headers()
	got, err := g.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = got.Body.Close() }()
	return replyOf(got)
}

func replyOf(got *http.Response) (reply, error) {
	body, err := io.ReadAll(got.Body)
	return reply{
		status: got.StatusCode, body: string(body), etag: got.Header.Get("ETag"), location: got.Header.Get("Location"),
		kind: got.Header.Get("Content-Type"), retry: got.Header.Get("Retry-After"), security: got.Header.Get("Strict-Transport-Security"),
	}, err
}

// hear sends a request that has to be answered.
func (g *gateway) hear(t *testing.T, a ask) reply {
	t.Helper()
	r, err := g.send(a)
	require.NoError(t, err)
	return r
}

// finally repeats the request until it is answered for good. What it hears before may only be that it has to repeat it.
func (g *gateway) finally(a ask) (reply, error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(lookEvery) {
		r, err := g.send(a)
		if err == nil && !r.again() {
			return r, nil
		}
		if err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			g.interrupted.Add(1)
		}
	}
	return reply{}, fmt.Errorf("%s %s: no answer for good in %s", a.method, a.path, patience)
}

// allFinally repeats all of the requests at once until each is answered for good.
func (g *gateway) allFinally(t *testing.T, asks []ask) []reply {
	t.Helper()
	replies := make([]reply, len(asks))
	var all errgroup.Group
	for i, a := range asks {
		all.Go(func() (err error) {
			replies[i], err = g.finally(a)
			return err
		})
	}
	require.NoError(t, all.Wait())
	return replies
}

// outcome is what came of sending a request once.
type outcome struct {
	reply
	err error
}

// begin sends the requests at once and returns how to wait for what comes of them.
func (g *gateway) begin(asks ...ask) (end func() []outcome) {
	outcomes := make([]outcome, len(asks))
	var all errgroup.Group
	for i, a := range asks {
		all.Go(func() error {
			outcomes[i].reply, outcomes[i].err = g.send(a)
			return nil
		})
	}
	return func() []outcome {
		_ = all.Wait() // no function fails
		return outcomes
	}
}

// halfSent is a request on its way.
type halfSent struct {
	connection net.Conn
	answers    *bufio.Reader
}

// finish sends the rest of the body and hears the answer.
func (h halfSent) finish(t *testing.T, rest string) reply {
	t.Helper()
	_, err := io.WriteString(h.connection, rest)
	require.NoError(t, err)
	got, err := http.ReadResponse(h.answers, nil)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	r, err := replyOf(got)
	require.NoError(t, err)
	return r
}

// started sends the head of the request and, once the gateway asks for it, this part of its body.
func (g *gateway) started(t *testing.T, a ask, part string) halfSent {
	t.Helper()
	connection, err := net.Dial("tcp", g.address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	h := a.headers()
	h.Set("Expect", "100-continue")
	h.Set("Content-Length", fmt.Sprint(len(a.body)))
	var head strings.Builder
	require.NoError(t, h.Write(&head))
	_, err = fmt.Fprintf(connection, "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", a.method, a.path, g.address, head.String())
	require.NoError(t, err)
	answers := bufio.NewReader(connection)
	status, err := answers.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, status, "100 Continue")
	_, err = answers.ReadString('\n') // the empty line that ends it
	require.NoError(t, err)
	_, err = io.WriteString(connection, part)
	require.NoError(t, err)
	return halfSent{connection, answers}
}

// answersAway shows that nothing was done and that the same request may be repeated, in the words of the wire contract.
func answersAway(t *testing.T, r reply) {
	t.Helper()
	assert.Equal(t, http.StatusServiceUnavailable, r.status, r.body)
	assert.Regexp(t, `^[1-9][0-9]*$`, r.retry)
	assert.Equal(t, "application/json", r.kind)
	assert.Equal(t, "503", r.field("code"), r.body)
	assert.Equal(t, "Unavailable", r.field("errorName"))
	assert.Equal(t, true, r.field("isRetryable"))
	assert.NotEmpty(t, r.field("description"))
	assert.Equal(t, "handover", r.field("source"))
}
