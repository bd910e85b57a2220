package integration

// The gateway as a process of its own, between the clients of the tests and everything that it needs.

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/devissuer"
	"handover/internal/ledger"
	"handover/internal/pgtest"
	"handover/internal/platform"
	"handover/internal/world"
)

// audience names the API in the tokens of the tests.
const audience = "handover-tests"

// scene is everything that a gateway works with, and the two partners who call it.
type scene struct {
	*platform.Platform
	starter
	*gateway
	worker         *process
	source, target caller
}

// setScene starts Temporal and the ledger in this process, an issuer, a worker and a gateway beside it. Settings are more
// of the gateway's environment.
func setScene(t *testing.T, ledgerURL string, w ledger.World, settings ...string) *scene {
	t.Helper()
	p, _ := startPlatform(t, ledgerURL, w)
	return setSceneOn(t, p, settings...)
}

// setSceneOn does the same with a platform that runs.
func setSceneOn(t *testing.T, p *platform.Platform, settings ...string) *scene {
	t.Helper()
	tokens := startIssuer(t)
	return &scene{
		Platform: p, starter: starter{address: p.Engine.Address(), ledger: p.Settings.LedgerURL}, worker: launchWorker(t, p),
		gateway: launchGateway(t, append(tokens.trusted(), append(reaching(p), settings...)...)...),
		source:  tokens.caller(t, world.LargeSource, world.LargeSourceUser),
		target:  tokens.caller(t, world.LargeTarget, world.LargeTargetUser),
	}
}

// onBoth runs the story with a ledger on PostgreSQL and with one on SQLite.
func onBoth(t *testing.T, story func(t *testing.T, ledgerURL string)) {
	t.Helper()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		story(t, pgtest.Shared(t))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		story(t, sqliteLedger(t))
	})
}

func sqliteLedger(t *testing.T) string {
	t.Helper()
	return "sqlite://" + filepath.Join(t.TempDir(), "ledger.db")
}

// pause stops a program that uses the ledger where it is until it may go on, but not while it keeps everybody else from writing.
func (h hand) pause(t *testing.T, p *process) (goOn func()) {
	t.Helper()
	if !h.postgres {
		defer h.holds(t, "BEGIN IMMEDIATE")() // so the program is not the one writer of SQLite
	}
	return p.pause(t)
}

// nobody is an address of Temporal at which nobody is: a gateway needs none.
const nobody = "TEMPORAL_ADDRESS=127.0.0.1:1"

// reaching is how a gateway reaches the ledger of the platform.
func reaching(p *platform.Platform) []string {
	return []string{nobody, "HANDOVER_LEDGER_URL=" + p.Settings.LedgerURL}
}

// gateway is a running gateway. Started again, it is at the same address.
type gateway struct {
	*process
	client      *http.Client
	scheme      string
	address     string // host:port
	env         []string
	interrupted atomic.Int64 // requests that a killed gateway had taken and not answered
}

// launchGateway starts a gateway on a free port and waits until it answers.
func launchGateway(t *testing.T, env ...string) *gateway {
	t.Helper()
	g := prepareGateway(t, env...)
	g.start(t)
	return g
}

// prepareGateway is a gateway that is not started yet.
func prepareGateway(t *testing.T, env ...string) *gateway {
	t.Helper()
	g := &gateway{client: onceOver, scheme: "http", address: freeAddress(t)}
	g.env = append(slices.Clone(env), "HANDOVER_API_LISTEN="+g.address, "HANDOVER_API_REQUESTS_PER_SECOND=0", "HANDOVER_LOG_LEVEL=error")
	return g
}

// start starts the gateway, again after it was killed, and waits until it answers.
func (g *gateway) start(t *testing.T) {
	t.Helper()
	g.process = launch(t, g.env, "gateway")
	eventually(t, "the gateway answers", func() bool {
		select {
		case <-g.ended:
			require.FailNow(t, "The gateway ended at once.", g.stderr.String())
		default:
		}
		r, err := g.send(ask{method: http.MethodGet, path: "/healthz"})
		return err == nil && r.status == http.StatusOK
	})
}

// freeAddress is a loopback address that nobody listens on, and that no connection gets by chance while a program that
// listens there is away: those get higher ports.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		if listener, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.FailNow(t, "There is no free port.")
	return ""
}

// issuer gives out tokens. It can go away and come back.
type issuer struct {
	*devissuer.Issuer
	address string
	server  *http.Server
}

func startIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{address: freeAddress(t)}
	var err error
	i.Issuer, err = devissuer.New(devissuer.Settings{
		BaseURL: "http://" + i.address, KeyFile: filepath.Join(t.TempDir(), "key.pem"), Audience: audience,
		Known: func(context.Context, string) (bool, error) { return true, nil },
	})
	require.NoError(t, err)
	i.start(t)
	t.Cleanup(func() { i.stop(t) })
	return i
}

func (i *issuer) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", i.address)
	require.NoError(t, err)
	mux := http.NewServeMux()
	i.Register(mux)
	i.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = i.server.Serve(listener) }() // ends with stop
}

func (i *issuer) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, i.server.Close())
}

// trusted makes a gateway trust this issuer.
func (i *issuer) trusted() []string {
	return []string{"HANDOVER_AUTH_ISSUER=" + i.IssuerURL(), "HANDOVER_AUTH_AUDIENCE=" + audience}
}

// caller is an admin agent with a token.
type caller struct {
	partner, token string
}

// caller gets a token for the partner's user.
func (i *issuer) caller(t *testing.T, partner, user string) caller {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"integration-tests"}, "client_secret": {devissuer.ClientSecret}, "user": {user},
		"role": {"AdminAgent", "GlobalAdmin"},
	}
	got, err := http.Post("http://"+i.address+"/"+partner+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(got.Body).Decode(&granted))
	require.NotEmpty(t, granted.AccessToken)
	return caller{partner, granted.AccessToken}
}
