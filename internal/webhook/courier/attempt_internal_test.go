package courier

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// uses has an attempt get a connection, as the transport tells it, and is the connection's other end.
func uses(attempt context.Context, t *testing.T, over func(net.Conn) net.Conn) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	httptrace.ContextClientTrace(attempt).GotConn(httptrace.GotConnInfo{Conn: over(ours)})
	return theirs
}

// whatever the transport thinks of a connection, the end of the attempt's time closes it, and that of the worker does.
func TestTheEndOfAnAttemptClosesItsConnections(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(net.Conn) net.Conn{
		"plain": func(c net.Conn) net.Conn { return c },
		"TLS":   func(c net.Conn) net.Conn { return tls.Client(c, &tls.Config{MinVersion: tls.VersionTLS12}) },
	} {
		timed, end := New(Settings{Timeout: time.Millisecond}).attempt(t.Context())
		for range 2 {
			_, err := uses(timed, t, over).Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF, name)
		}
		end()
		ctx, stop := context.WithCancel(t.Context())
		stopped, end := New(Settings{}).attempt(ctx)
		theirs := uses(stopped, t, over)
		stop()
		_, err := theirs.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF, name)
		end()
	}
}

// What ended in time leaves its connection to the next one.
func TestAnAttemptInTimeLeavesItsConnectionOpen(t *testing.T) {
	t.Parallel()
	timed, end := New(Settings{}).attempt(t.Context())
	var ours net.Conn
	theirs := uses(timed, t, func(c net.Conn) net.Conn {
		ours = c
		return c
	})
	end()
	<-timed.Done()
	go func() { _, _ = ours.Write([]byte("x")) }()
	n, err := theirs.Read(make([]byte, 1))
	require.NoError(t, err)
	assert.Equal(t, 1, n)
}
