package httpserver_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"handover/internal/httpserver"
)

// never is a bound that no test waits for.
const never = time.Hour

func unbounded() httpserver.Bounds {
	return httpserver.Bounds{Header: never, Read: never, Write: never, Idle: never, Drain: never, HeaderBytes: 4 << 10, Connections: 100}
}

// start serves the handler until the test ends.
func start(t *testing.T, bounds httpserver.Bounds, handler http.HandlerFunc) *httpserver.Server {
	t.Helper()
	server, err := httpserver.Start(t.Context(), "127.0.0.1:0", httpserver.Options{Handler: handler, Bounds: bounds, Logger: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	return server
}

// dial opens a connection that sends the text and no more.
func dial(t *testing.T, server *httpserver.Server, text string) net.Conn {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Address.String())
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(time.Minute))) // a test that would hang fails
	_, err = io.WriteString(connection, text)
	require.NoError(t, err)
	return connection
}

const request = "GET / HTTP/1.1\r\nHost: handover\r\nConnection: close\r\n\r\n"

func fine(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func TestEveryBoundEndsItsConnection(t *testing.T) {
	t.Parallel()
	const soon = 50 * time.Millisecond
	for _, c := range []struct {
		name  string
		bound func(*httpserver.Bounds)
		sent  string
	}{
		{"nothing comes", func(b *httpserver.Bounds) { b.Header = soon }, ""},
		{"headers do not end", func(b *httpserver.Bounds) { b.Header = soon }, "GET / HTTP/1.1\r\nHost: hand"},
		{"the body does not come", func(b *httpserver.Bounds) { b.Read = soon }, "POST / HTTP/1.1\r\nHost: handover\r\nContent-Length: 9\r\n\r\n"},
		{"no next request", func(b *httpserver.Bounds) { b.Idle = soon }, "GET / HTTP/1.1\r\nHost: handover\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bounds := unbounded()
			c.bound(&bounds)
			server := start(t, bounds, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadAll(r.Body)
				fine(w, r)
			})
			_, err := io.ReadAll(dial(t, server, c.sent))
			require.NoError(t, err, "the server closes the connection")
		})
	}
}

func TestLongHeadersAreRefused(t *testing.T) {
	t.Parallel()
	server := start(t, unbounded(), fine)
	connection := dial(t, server, "GET / HTTP/1.1\r\nHost: handover\r\nX-Long: "+strings.Repeat("x", 16<<10))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
}

func TestAnAnswerThatNobodyReadsIsCutOff(t *testing.T) {
	t.Parallel()
	bounds := unbounded()
	bounds.Write = 50 * time.Millisecond
	broken := make(chan error, 1)
	server := start(t, bounds, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for some := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(some)
		}
		broken <- err
	})
	dial(t, server, request)
	require.Error(t, <-broken)
}

func TestConnectionsAboveTheBoundWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	bounds := unbounded()
	bounds.Connections = 1
	server := start(t, bounds, fine)
	holder := dial(t, server, "GET / HTTP/1.1\r\nHost: handover\r\n\r\n")
	_, err := holder.Read(make([]byte, 1))
	require.NoError(t, err, "it is being served, and kept alive")

	waiting := dial(t, server, request)
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = waiting.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout", "the only place is taken")

	require.NoError(t, holder.Close())
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(time.Minute)))
	answer, err := io.ReadAll(waiting)
	require.NoError(t, err)
	assert.Contains(t, string(answer), "204")
}

func TestStopLetsARunningRequestEnd(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	server := start(t, unbounded(), func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-finish
		fine(w, r)
	})
	connection := dial(t, server, request)
	<-begun
	stopped := make(chan struct{})
	go func() { defer close(stopped); server.Stop() }()
	require.Eventually(t, func() bool {
		late, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Address.String())
		if err == nil {
			late.Close()
		}
		return err != nil
	}, time.Minute, time.Millisecond, "nobody else is let in")
	close(finish)
	answer, err := io.ReadAll(connection)
	require.NoError(t, err)
	assert.Contains(t, string(answer), "204")
	<-stopped
}

func TestWhatDoesNotEndInTimeIsCutOff(t *testing.T) {
	t.Parallel()
	bounds := unbounded()
	bounds.Drain = 50 * time.Millisecond
	core, logged := observer.New(zapcore.WarnLevel)
	begun, ended := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	server, err := httpserver.Start(ctx, "127.0.0.1:0", httpserver.Options{
		Bounds: bounds, Logger: zap.New(core),
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
			close(ended)
		}),
	})
	require.NoError(t, err)
	dial(t, server, request)
	<-begun
	stop()
	<-ended
	server.Stop()
	assert.Equal(t, 1, logged.FilterMessageSnippet("cut off").Len())
}

// Answers without an end are told to end; they would use up the patience for the others.
func TestEndingComesBeforeDraining(t *testing.T) {
	t.Parallel()
	begun, over := make(chan struct{}), make(chan struct{})
	server, err := httpserver.Start(t.Context(), "127.0.0.1:0", httpserver.Options{
		Bounds: unbounded(), Logger: zap.NewNop(), Ending: func() { close(over) },
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(begun); <-over }),
	})
	require.NoError(t, err)
	dial(t, server, request)
	<-begun
	server.Stop()
}

func TestATakenAddressIsToldAtOnce(t *testing.T) {
	t.Parallel()
	taken := start(t, unbounded(), fine).Address.String()
	_, err := httpserver.Start(t.Context(), taken, httpserver.Options{Bounds: unbounded(), Logger: zap.NewNop()})
	require.ErrorContains(t, err, "listen on "+taken)
}

func TestTheProgramsBoundsLeaveNothingOpen(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]httpserver.Bounds{"API": httpserver.ForAPI(), "worker": httpserver.ForWorker()} {
		for _, bound := range []time.Duration{b.Header, b.Read, b.Write, b.Idle, b.Drain} {
			assert.Positive(t, bound, name)
		}
		assert.Positive(t, b.HeaderBytes, name)
		assert.Positive(t, b.Connections, name)
		assert.Less(t, b.Header, b.Read, name)
	}
}

// A client that is still sending when it is refused gets its answer, and not only a connection that is reset.
func TestARefusedClientGetsItsAnswer(t *testing.T) {
	t.Parallel()
	server := start(t, unbounded(), fine)
	for range 20 {
		ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Address.String(), nil)
		require.NoError(t, err)
		ask.Header.Set("X-Large", strings.Repeat("x", 64<<10))
		response, err := http.DefaultTransport.RoundTrip(ask)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
	}
}
