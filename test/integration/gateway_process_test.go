package integration

// The gateway as an operator meets it: how it starts, what it cannot start with, and how it ends.

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/world"
)

// SIGTERM: what is being answered is answered, streams end, nobody new comes in, and the exit status is 0.
func TestAGatewayEndsWhatItBegan(t *testing.T) {
	t.Parallel()
	s := setScene(t, sqliteLedger(t), world.Large(kinds+1, 2))
	writes := s.writes(t, 0)
	_, path, _ := s.pending(t, largeParties(kinds), s.target)
	stream := s.follow(t, ask{by: s.target, method: http.MethodGet, path: path + "/progress"})
	sent := make([]halfSent, len(writes))
	for i, w := range writes {
		sent[i] = s.started(t, w.ask, w.ask.body[:len(w.ask.body)/2])
	}

	s.terminate(t)
	_, err := io.Copy(io.Discard, stream)
	assert.NoError(t, err)
	eventually(t, "nobody new comes in", func() bool {
		_, err := s.send(ask{method: http.MethodGet, path: "/healthz"})
		return err != nil
	})
	first := make([]reply, len(writes))
	for i, w := range writes {
		first[i] = sent[i].finish(t, w.ask.body[len(w.ask.body)/2:])
		w.rightly(t, first[i])
	}
	assert.Zero(t, s.exit(t))
	assert.Empty(t, s.stderr.String())

	s.start(t)
	for i, w := range writes {
		assert.Equal(t, first[i], s.hear(t, w.ask), "not the same answer again")
	}
	s.onceEach(t, writes)
	s.verified(t)
}

// A client that sends half of its request and falls silent does not keep the gateway from ending.
func TestAGatewayEndsInTime(t *testing.T) {
	t.Parallel()
	g, tokens := lonelyGateway(t)
	half := ask{by: tokens.caller(t, world.LargeTarget, world.LargeTargetUser), method: http.MethodPost, path: "/v1/customers/x/transfers", body: "{}", key: "half"}
	g.started(t, half, "{")
	g.terminate(t)
	assert.Zero(t, g.exit(t))
}

// The issuer is away when the gateway starts: nobody can say whose token is good, so nobody hears that theirs is not.
func TestAGatewayWaitsForItsIssuer(t *testing.T) {
	t.Parallel()
	tokens := startIssuer(t)
	by := tokens.caller(t, world.LargeTarget, world.LargeTargetUser)
	tokens.stop(t)
	g := launchGateway(t, append(tokens.trusted(), seededLedger(t), nobody)...)
	customers := ask{by: by, method: http.MethodGet, path: "/v1/customers"}
	for range 3 {
		answersAway(t, g.hear(t, customers))
	}
	ready := g.hear(t, ask{method: http.MethodGet, path: "/readyz"})
	assert.Equal(t, http.StatusServiceUnavailable, ready.status)
	assert.Equal(t, "unavailable", ready.field("tokens"))

	tokens.start(t)
	eventually(t, "tokens are accepted", func() bool {
		r := g.hear(t, customers)
		if r.status != http.StatusOK {
			answersAway(t, r)
		}
		return r.status == http.StatusOK
	})
	assert.Equal(t, http.StatusUnauthorized, g.hear(t, ask{by: caller{token: by.token + "x"}, method: http.MethodGet, path: "/v1/customers"}).status)
	assert.Equal(t, "ok", g.hear(t, ask{method: http.MethodGet, path: "/readyz"}).field("tokens"))
}

// What cannot be used is said in one line, and the exit status is 1.
func TestAGatewaySaysWhatItCannotUse(t *testing.T) {
	t.Parallel()
	const issuer, audience = "HANDOVER_AUTH_ISSUER=http://127.0.0.1:1", "HANDOVER_AUTH_AUDIENCE=api"
	certificate, key := selfSigned(t)
	_, otherKey := selfSigned(t)
	noPEM := file(t, "cert.pem", "nothing")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	for name, c := range map[string]struct {
		env  []string
		says []string
	}{
		"no issuer":                  {[]string{audience}, []string{"HANDOVER_AUTH_ISSUER"}},
		"no audience":                {[]string{issuer}, []string{"HANDOVER_AUTH_AUDIENCE"}},
		"an issuer that is no URL":   {[]string{"HANDOVER_AUTH_ISSUER=login.example", audience}, []string{"HANDOVER_AUTH_ISSUER"}},
		"an issuer with a blank":     {[]string{"HANDOVER_AUTH_ISSUER=https://login.example/{tenant}", audience}, []string{"HANDOVER_AUTH_", "{tenantid}"}},
		"no ledger":                  {[]string{issuer, audience, "HANDOVER_LEDGER_URL="}, []string{"HANDOVER_LEDGER_URL"}},
		"a ledger that is down":      {[]string{issuer, audience, "HANDOVER_LEDGER_URL=postgres://l@127.0.0.1:1/l"}, []string{"ledger"}},
		"a taken port":               {[]string{issuer, audience, "HANDOVER_API_LISTEN=" + taken.Addr().String()}, []string{"HANDOVER_API_LISTEN", "in use"}},
		"a port without an address":  {[]string{issuer, audience, "HANDOVER_API_LISTEN=8080"}, []string{"HANDOVER_API_LISTEN"}},
		"a certificate without key":  {[]string{issuer, audience, "HANDOVER_API_TLS_CERTIFICATE=" + certificate}, []string{"HANDOVER_API_TLS_KEY"}},
		"a key without certificate":  {[]string{issuer, audience, "HANDOVER_API_TLS_KEY=" + key}, []string{"HANDOVER_API_TLS_CERTIFICATE"}},
		"a certificate not there":    {tlsOf(certificate+".gone", key, issuer, audience), []string{"HANDOVER_API_TLS_CERTIFICATE", ".gone"}},
		"a certificate that is none": {tlsOf(noPEM, key, issuer, audience), []string{"HANDOVER_API_TLS_CERTIFICATE"}},
		"a key of another":           {tlsOf(certificate, otherKey, issuer, audience), []string{"HANDOVER_API_TLS_KEY"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := append([]string{"HANDOVER_API_LISTEN=" + freeAddress(t), "HANDOVER_LEDGER_URL=" + sqliteLedger(t)}, c.env...)
			p := launch(t, env, "gateway")
			assert.Equal(t, 1, p.exit(t))
			oneLine(t, p.stderr.String(), append(c.says, "gateway: ")...)
			assert.Empty(t, p.stdout.String())
		})
	}
	t.Run("an argument", func(t *testing.T) {
		t.Parallel()
		p := launch(t, nil, "gateway", "serve")
		assert.Equal(t, 1, p.exit(t))
		oneLine(t, p.stderr.String(), "serve")
	})
}

// lonelyGateway has an issuer and a ledger, and no Temporal.
func lonelyGateway(t *testing.T, env ...string) (*gateway, *issuer) {
	t.Helper()
	tokens := startIssuer(t)
	return launchGateway(t, append(append(tokens.trusted(), seededLedger(t), nobody), env...)...), tokens
}

// seededLedger makes a ledger with the partners of the tests and returns the setting that names it.
func seededLedger(t *testing.T) string {
	t.Helper()
	url := sqliteLedger(t)
	l, err := ledger.Open(t.Context(), url, ledger.Options{})
	require.NoError(t, err)
	require.NoError(t, l.Seed(t.Context(), world.Large(1, 1)))
	require.NoError(t, l.Close())
	return "HANDOVER_LEDGER_URL=" + url
}

// terminate is what a supervisor does to end a program.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
}

// follow opens the stream and returns it after its first event.
func (g *gateway) follow(t *testing.T, a ask) io.Reader {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), a.method, "http://"+g.address+a.path, nil)
	require.NoError(t, err)
	r.Header = a.headers()
	got, err := onceOver.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = got.Body.Close() })
	require.Equal(t, "text/event-stream", got.Header.Get("Content-Type"))
	events := bufio.NewReader(got.Body)
	for line := ""; !strings.HasPrefix(line, "data: "); {
		line, err = events.ReadString('\n')
		require.NoError(t, err)
	}
	return events
}
