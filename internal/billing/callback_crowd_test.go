package billing_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/httpserver"
)

// crowd is more than the listener of these tests lets in at once.
const (
	crowd = 300
	room  = 150
)

// listening serves callbacks within the worker's bounds, as changed. told receives the keys.
func listening(t *testing.T, change func(*httpserver.Bounds)) (address string, told <-chan string) {
	t.Helper()
	bounds := httpserver.ForWorker()
	bounds.Connections = room
	change(&bounds)
	keys := make(chan string, crowd)
	server, err := httpserver.Start(t.Context(), "127.0.0.1:0", httpserver.Options{
		Handler: billing.Callbacks("ring", func(key string) bool { keys <- key; return true }), Bounds: bounds, Logger: zap.NewNop(),
	})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	return server.Address.String(), keys
}

// connected opens as many connections as the crowd has heads; each sends the text and no more.
func connected(t *testing.T, address, text string) []net.Conn {
	t.Helper()
	all := make([]net.Conn, crowd)
	for i := range all {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { connection.Close() })
		require.NoError(t, connection.SetDeadline(time.Now().Add(time.Minute))) // a test that would hang fails
		_, err = io.WriteString(connection, text)
		require.NoError(t, err)
		all[i] = connection
	}
	return all
}

// ended reads what every connection gets until the server closes it.
func ended(t *testing.T, connections []net.Conn, check func(answer string) error) {
	t.Helper()
	var all errgroup.Group
	for _, connection := range connections {
		all.Go(func() error {
			answer, err := io.ReadAll(connection)
			if err != nil {
				return fmt.Errorf("the server did not close the connection: %w", err)
			}
			return check(string(answer))
		})
	}
	require.NoError(t, all.Wait())
}

// properCallback is taken, and told.
func properCallback(t *testing.T, address string, told <-chan string) {
	t.Helper()
	key := billingtest.Sample(0).Key
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/moves/"+url.PathEscape(key), strings.NewReader(resultBody))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer ring")
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	require.Equal(t, key, <-told)
}

func promise(token string, length int) string {
	return fmt.Sprintf("POST /moves/x HTTP/1.1\r\nHost: handover\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", token, length)
}

func status(want int) func(string) error {
	return func(answer string) error {
		response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
		if err != nil {
			return fmt.Errorf("no answer, but %q: %w", answer, err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			return fmt.Errorf("answered %s instead of %d", response.Status, want)
		}
		return nil
	}
}

// Bounds that a test does not live to see show that nothing but the missing token ends these connections.
func TestACrowdWithoutTheTokenIsTurnedAwayAtOnce(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a short body is promised":   promise("rang", 100),
		"a long body is promised":    promise("rang", 1<<30),
		"no body is promised":        promise("rang", 0),
		"another path":               strings.Replace(promise("rang", 100), "/moves/x", "/elsewhere", 1),
		"a body that has no length":  strings.Replace(promise("rang", 7), "Content-Length: 7", "Transfer-Encoding: chunked", 1),
		"a body that is to be asked": strings.Replace(promise("rang", 100), "Host:", "Expect: 100-continue\r\nHost:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, told := listening(t, func(b *httpserver.Bounds) { b.Header, b.Read, b.Write = time.Hour, time.Hour, time.Hour })
			bad := connected(t, address, text)
			properCallback(t, address, told)
			ended(t, bad, status(http.StatusUnauthorized))
		})
	}
}

// However many they are, the good one waits for some rounds of timeouts and no longer.
func TestASilentCrowdIsClosedByTheTimeouts(t *testing.T) {
	t.Parallel()
	const soon = time.Second
	for name, c := range map[string]struct {
		text  string
		check func(string) error
	}{
		"nothing is sent": {"", func(answer string) error {
			if answer != "" {
				return fmt.Errorf("answered %q", answer)
			}
			return nil
		}},
		"the token, and half a body": {promise("ring", 100) + `{"subscr`, status(http.StatusRequestTimeout)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, told := listening(t, func(b *httpserver.Bounds) { b.Header, b.Read = soon, soon })
			bad := connected(t, address, c.text)
			properCallback(t, address, told) // behind those who hold every place, and those who wait for one
			ended(t, bad, c.check)
		})
	}
}
