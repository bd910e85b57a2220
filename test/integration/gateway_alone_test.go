package integration

// What a gateway does while the worker, Temporal or the ledger is away. Nobody has to do anything about the gateway
// afterwards.

import (
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/engine"
	"handover/internal/ledger"
	"handover/internal/platform"
	"handover/internal/world"
	"handover/workflows"
)

// The worker is killed in the middle of what the gateway waits for. The client hears to repeat it, everybody can read, and
// the same request gets its answer from another worker, done once.
func TestAWorkerKilledUnderTheGateway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ledgerURL string) {
		s := setScene(t, ledgerURL, world.Large(kinds+1, 2))
		in := reachInto(t, ledgerURL)
		writes := durable(s.writes(t, 0))
		reads := s.reads(t, largeParties(kinds))
		letGo, opening := func() {}, func() []outcome { return nil }
		if in.postgres { // the create is killed in its transaction
			letGo = in.holds(t, "BEGIN", "LOCK TABLE transfers IN SHARE MODE")
			opening = s.begin(writes[0].ask)
			eventually(t, "the worker waits to write", func() bool { return in.waiting(t) > 0 })
		}
		s.pauseWorker(t, in)
		began := time.Now()
		heard := s.begin(asks(writes[1:])...)
		eventually(t, "all are claimed", func() bool { return in.claimed(t, writes[1:]) == len(writes)-1 })
		s.worker.kill(t)
		letGo()
		for _, r := range append(opening(), heard()...) {
			require.NoError(t, r.err)
			outage(t, r.reply)
		}
		assert.Less(t, time.Since(began), 10*time.Second)
		for _, w := range writes {
			assert.False(t, w.done(), w.name)
		}
		s.allAnswered(t, reads)

		s.worker = launchWorker(t, s.Platform)
		s.onceEach(t, writes)
		s.verified(t)
	})
}

// Temporal is away when the gateway starts, and again later: it reads, and does what needs no Temporal; the rest is
// answered once Temporal is back.
func TestAGatewayWithoutTemporal(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	p, err := platform.Start(t.Context(), platform.Options{
		NoWorker: true, DataDir: t.TempDir(), TemporalPort: number, World: func() (ledger.World, error) { return world.Large(2*kinds+1, 2), nil },
	})
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	s := setSceneOn(t, p)
	reads := s.reads(t, largeParties(2*kinds))
	for set, interruption := range []func(){func() { s.kill(t); s.start(t) }, func() {}} {
		writes := s.writes(t, set)
		running := p.Engine
		running.Stop()
		interruption()
		s.readyWithout(t, "temporal", http.StatusOK)
		s.allAnswered(t, reads)
		began := time.Now()
		for i, r := range s.begin(asks(writes)...)() {
			require.NoError(t, r.err)
			if writes[i].durable {
				outage(t, r.reply)
			} else {
				writes[i].rightly(t, r.reply)
			}
		}
		assert.Less(t, time.Since(began), 10*time.Second)

		p.Engine, err = engine.Start(t.Context(), engine.Options{
			File: filepath.Join(p.Dir, "temporal.db"), TemporalPort: number, Namespace: platform.Namespace, SearchAttributes: workflows.SearchAttributes(),
		})
		require.NoError(t, err)
		t.Cleanup(p.Engine.Stop)
		s.onceEach(t, writes)
		s.readyWithout(t, "", http.StatusOK)
	}
	s.verified(t)
}

// Temporal takes connections and never says a word. It holds up nobody who does not need it, a probe least of all.
func TestAGatewayWhoseTemporalIsSilent(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	tokens := startIssuer(t)
	s := &scene{
		gateway: launchGateway(t, append(tokens.trusted(), seededLedger(t), "TEMPORAL_ADDRESS="+silent.Addr().String())...),
		target:  tokens.caller(t, world.LargeTarget, world.LargeTargetUser),
	}
	s.readyWithout(t, "temporal", http.StatusOK)
	create := s.askToCreate(t, largeParties(0))
	began := time.Now()
	outage(t, s.hear(t, create))
	assert.Less(t, time.Since(began), 10*time.Second)
	create.method, create.body = http.MethodGet, ""
	assert.Equal(t, http.StatusOK, s.hear(t, create).status)
}

// The ledger's database goes away in the middle of everything, and comes back: until then nobody gets an answer other than
// to repeat the request.
func TestAGatewayWithoutItsLedger(t *testing.T) {
	t.Parallel()
	database := startPostgres(t)
	s := setScene(t, database.URL(), world.Large(kinds+1, 2))
	in := reachInto(t, database.URL())
	writes := s.writes(t, 0)
	reads := s.reads(t, largeParties(kinds))
	in.holds(t, "BEGIN", "LOCK TABLE api_requests IN SHARE MODE")
	heard := s.begin(asks(writes)...)
	eventually(t, "all wait to claim", func() bool { return in.waiting(t) >= len(writes) })
	require.NoError(t, database.Stop())
	for _, r := range heard() {
		require.NoError(t, r.err)
		outage(t, r.reply)
	}
	s.readyWithout(t, "ledger", http.StatusServiceUnavailable)
	for _, a := range append(asks(writes), reads...) {
		if a.path != "/healthz" {
			outage(t, s.hear(t, a))
		}
	}
	require.NoError(t, database.Start(t.Context()))
	s.onceEach(t, writes)
	s.allAnswered(t, reads)
	s.readyWithout(t, "", http.StatusOK)
	s.verified(t)
}

// readyWithout shows what /readyz says while this part is away; "" for none.
func (s *scene) readyWithout(t *testing.T, part string, status int) {
	t.Helper()
	began := time.Now()
	r := s.hear(t, ask{method: http.MethodGet, path: "/readyz"})
	assert.Less(t, time.Since(began), 3*time.Second, "too late for a probe")
	assert.Equal(t, status, r.status, r.body)
	for _, one := range []string{"ledger", "tokens", "temporal"} {
		if one == part {
			assert.Equal(t, "unavailable", r.field(one), r.body)
		} else {
			assert.Equal(t, "ok", r.field(one), r.body)
		}
	}
}
