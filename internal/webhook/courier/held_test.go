package courier_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	"handover/internal/webhook/courier"
)

// listens has every connection served by that, until the test ends.
func listens(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(t.Context(), func() { _ = connection.Close() })
			go serve(connection)
		}
	}()
	return listener.Addr().String()
}

// without answers with a beginning, and then with the same again and again, for as long as somebody takes it.
func without(begin, again string, every time.Duration) func(net.Conn) {
	return func(connection net.Conn) {
		_, _ = connection.Read(make([]byte, 64<<10))
		_, err := io.WriteString(connection, begin)
		for tick := time.NewTicker(every); err == nil && again != ""; {
			_, err = io.WriteString(connection, again)
			<-tick.C
		}
		if err == nil {
			_, _ = io.Copy(io.Discard, connection) // until the courier hangs up
		}
	}
}

const (
	slowly  = 5 * time.Millisecond
	quickly = time.Microsecond
	upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
)

// holders are endpoints that would keep a courier for ever, each in its own way.
var holders = map[string]struct {
	scheme string
	serve  func(net.Conn)
	bound  bool   // in bytes: the courier does not wait until its time is over
	status int    // of the answer, if there is one
	fault  string // if there is none
}{
	"another protocol":            {serve: without(upgrade, "", slowly), bound: true, status: 101},
	"another protocol that talks": {serve: without(upgrade, "x", slowly), bound: true, status: 101},
	"another protocol, not named": {serve: without("HTTP/1.1 101 X\r\n\r\n", "x", slowly), bound: true, status: 101},
	"no word":                     {serve: without("", "", slowly), fault: "in time"},
	"a head that never ends":      {serve: without("HTTP/1.1 200 OK\r\nX: ", "x", slowly), fault: "in time"},
	"heads without an answer":     {serve: without("", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", quickly), bound: true, fault: "broke"},
	"heads that say to go on":     {serve: without("", "HTTP/1.1 100 Continue\r\n\r\n", quickly), bound: true, fault: "broke"},
	"heads now and then":          {serve: without("", "HTTP/1.1 102 Processing\r\n\r\n", 10*slowly), fault: "in time"},
	"many headers":                {serve: without("HTTP/1.1 200 OK\r\n", "X: y\r\n", quickly), bound: true, fault: "broke"},
	"a body that comes slowly":    {serve: without("HTTP/1.1 200 OK\r\n\r\n", "x", slowly), status: 200},
	"a body that stays away":      {serve: without("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", slowly), status: 200},
	"small chunks":                {serve: without("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", quickly), bound: true, status: 500},
	"chunks with long extensions": {serve: without("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1;"+strings.Repeat("x", 900)+"\r\nx\r\n", quickly), bound: true, status: 200},
	"trailers":                    {serve: without("HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", quickly), bound: true, status: 200},
	"a handshake without a word":  {scheme: "https", serve: without("", "", slowly), fault: "in time"},
	"a handshake that never ends": {scheme: "https", serve: without("\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb", "\x00", slowly), fault: "in time"},
	"settings of HTTP/2":          {serve: without("", "\x00\x00\x00\x04\x00\x00\x00\x00\x00", quickly), bound: true, fault: "broke"},
	"pings of HTTP/2":             {serve: without("", "\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678", quickly), bound: true, fault: "broke"},
	"a reset": {bound: true, fault: "onnection", serve: func(connection net.Conn) {
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}},
}

// patience is long enough for whatever has an end of its own, on any machine.
const patience = time.Minute

// ended is what becomes of an attempt that must end long before anybody would lose patience.
func ended(ctx context.Context, t *testing.T, s courier.Settings, r webhook.Registration) (webhook.Answer, error) {
	t.Helper()
	s.Bases, s.Networks, s.Signer = bases, loopback, always(signer(t))
	r.Format = webhook.PartnerCenter
	type result struct {
		webhook.Answer
		error
	}
	came := make(chan result, 1)
	go func() {
		answer, err := courier.New(s).Bring(ctx, r, happened)
		came <- result{answer, err}
	}()
	select {
	case r := <-came:
		return r.Answer, r.error
	case <-time.After(patience):
		require.FailNow(t, "the endpoint holds the courier")
		return webhook.Answer{}, nil
	}
}

func urlOf(scheme, address string) string {
	if scheme == "" {
		scheme = "http"
	}
	return scheme + "://" + address
}

// no endpoint holds a place for longer than an attempt may take, whatever it does with the connection.
func TestNobodyHoldsACourier(t *testing.T) {
	t.Parallel()
	for name, h := range holders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := courier.Settings{Timeout: 2 * time.Second}
			if h.bound {
				s.Timeout = 10 * patience
			}
			answer, err := ended(t.Context(), t, s, webhook.Registration{URL: urlOf(h.scheme, listens(t, h.serve))})
			require.NoError(t, err)
			assert.Equal(t, h.status, answer.Status)
			assert.Contains(t, answer.Fault, h.fault)
			assert.Equal(t, h.status == 0, answer.Fault != "")
			assert.Equal(t, h.status == 200, answer.Delivered())
		})
	}
}

// A worker that stops waits for no endpoint.
func TestNobodyHoldsAStoppingCourier(t *testing.T) {
	t.Parallel()
	for name, h := range holders {
		if h.bound {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			url := urlOf(h.scheme, listens(t, func(connection net.Conn) {
				stop()
				h.serve(connection)
			}))
			_, err := ended(ctx, t, courier.Settings{Timeout: 10 * patience}, webhook.Registration{URL: url})
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

// The connection of an attempt is closed when it is over, also where the answer is not read to its end; nothing of it is taken for the
// answer to the next one.
func TestConnectionsAreUsedAgainOnlyAfterAWholeAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body        string
		connections int64
	}{"whole": {"ok", 1}, "longer than is read": {strings.Repeat("HTTP/1.1 410 Gone\r\n\r\n", 4096), 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connections atomic.Int64
			closed := make(chan struct{}, 3)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.body) }))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				switch state {
				case http.StateNew:
					connections.Add(1)
				case http.StateClosed:
					closed <- struct{}{}
				case http.StateActive, http.StateIdle, http.StateHijacked:
				}
			}
			server.Start()
			t.Cleanup(server.Close)
			all := courier.New(courier.Settings{Networks: loopback, Bases: bases, Signer: always(signer(t))})
			for range 3 {
				answer, err := all.Bring(t.Context(), webhook.Registration{URL: server.URL, Format: webhook.PartnerCenter}, happened)
				require.NoError(t, err)
				assert.Equal(t, 200, answer.Status)
				if c.connections > 1 {
					<-closed
				}
			}
			assert.Equal(t, c.connections, connections.Load())
		})
	}
}

// An endpoint that speaks HTTP/2 is called in HTTP/1.1.
func TestEndpointsOfHTTP2(t *testing.T) {
	t.Parallel()
	var spoken atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { spoken.Store(r.Proto) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	trust := server.Client().Transport.(*http.Transport).TLSClientConfig
	assert.True(t, brings(t, courier.Settings{Networks: loopback, Trust: &tls.Config{RootCAs: trust.RootCAs}}, webhook.Registration{URL: server.URL}).Delivered())
	assert.Equal(t, "HTTP/1.1", spoken.Load())
}
