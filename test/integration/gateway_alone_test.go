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

	"handover/internal/command"
	"handover/internal/engine"
	"handover/internal/ledger"
	"handover/internal/platform"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
	"handover/workflows"
)

// Every worker is killed. Whoever calls the gateway does not notice: all writes are done, all reads answered. The runs follow
// once there is another worker.
func TestAGatewayWithoutAWorker(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ledgerURL string) {
		s := setScene(t, ledgerURL, world.Large(kinds+1, 2))
		writes, reads := s.writes(t, 0), s.reads(t, largeParties(kinds))
		reachInto(t, ledgerURL).pause(t, s.worker)
		s.worker.kill(t)
		s.allDone(t, writes)
		s.allAnswered(t, reads)

		s.worker = launchWorker(t, s.Platform)
		s.onceEach(t, writes)
		s.followed(t)
		s.verified(t)
	})
}

// allDone shows that each of the writes is done and rightly answered the first time that it is sent.
func (s *scene) allDone(t *testing.T, writes []write) {
	t.Helper()
	for i, r := range s.begin(asks(writes)...)() {
		require.NoError(t, r.err)
		writes[i].rightly(t, r.reply)
		assert.True(t, writes[i].done(), writes[i].name)
	}
}

// Row 12 of the races: Temporal is away, and the gateway is as ever, started meanwhile or not. Hundreds of transfers are
// requested, submitted and withdrawn; once Temporal is back every run reaches what the ledger says.
func TestTemporalIsAway(t *testing.T) {
	t.Parallel()
	s, number := sceneOnAPort(t, world.Large(2*kinds+1+manyAway, 1))
	reads := s.reads(t, largeParties(2*kinds))
	s.followed(t) // the worker is up
	for set, interruption := range []func(){func() { s.kill(t); s.start(t) }, func() {}} {
		writes := s.writes(t, set)
		s.Engine.Stop()
		interruption()
		s.ready(t, "", http.StatusOK)
		s.allAnswered(t, reads)
		s.allDone(t, writes)
		if set == 0 {
			s.decidesMany(t, 2*kinds+1, manyAway)
		}
		s.startsTemporal(t, number)
		back := time.Now()
		s.onceEach(t, writes)
		s.followed(t)
		t.Logf("every run followed %s after Temporal was back", time.Since(back).Round(time.Second))
	}
	s.verified(t)
}

// sceneOnAPort is a scene whose Temporal can be stopped and come back at the same port.
func sceneOnAPort(t *testing.T, w ledger.World) (s *scene, temporalPort int) {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	temporalPort, err = strconv.Atoi(port)
	require.NoError(t, err)
	p, err := platform.Start(t.Context(), platform.Options{
		NoWorker: true, DataDir: t.TempDir(), TemporalPort: temporalPort, World: func() (ledger.World, error) { return w, nil },
	})
	require.NoError(t, err)
	t.Cleanup(p.Stop)
	return setSceneOn(t, p), temporalPort
}

// startsTemporal brings Temporal back with what it had.
func (s *scene) startsTemporal(t *testing.T, port int) {
	t.Helper()
	var err error
	s.Engine, err = engine.Start(t.Context(), engine.Options{
		File: filepath.Join(s.Dir, "temporal.db"), TemporalPort: port, Namespace: platform.Namespace, SearchAttributes: workflows.SearchAttributes(),
	})
	require.NoError(t, err)
	t.Cleanup(s.Engine.Stop)
}

// decidesMany requests transfers of that many customers; of every four it submits two and withdraws one.
func (s *scene) decidesMany(t *testing.T, first, many int) {
	t.Helper()
	for n := range many {
		who := largeParties(first + n)
		id := s.opens(t, who)
		var err error
		switch n % 4 {
		case 0, 1:
			_, err = s.Ledger.Submit(t.Context(), id, wholeOf(who), command.Terms[transferstore.Outcome]{})
		case 2:
			_, err = s.Ledger.Cancel(t.Context(), id, withdrawal(who), command.Terms[transferstore.Outcome]{})
		}
		require.NoError(t, err)
	}
}

// Temporal takes connections and never says a word, or nobody is there at all. A gateway reads and writes as ever.
func TestAGatewayWhoseTemporalIsSilent(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	for name, temporal := range map[string]string{"silent": "TEMPORAL_ADDRESS=" + silent.Addr().String(), "never there": nobody} {
		t.Run(name, func(t *testing.T) {
			g, tokens := lonelyGateway(t, temporal)
			s := &scene{gateway: g, target: tokens.caller(t, world.LargeTarget, world.LargeTargetUser)}
			s.ready(t, "", http.StatusOK)
			create := s.askToCreate(t, largeParties(0))
			made := s.hear(t, create)
			assert.Equal(t, http.StatusCreated, made.status, made.body)
			assert.Equal(t, http.StatusOK, s.hear(t, ask{by: s.target, method: http.MethodGet, path: made.location}).status)
		})
	}
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
	// A worker that is still starting would end without its ledger.
	eventually(t, "the worker has begun the runs", func() bool { return in.counts(t, "SELECT COUNT(*) FROM runs WHERE told < wanted") == 0 })
	in.holds(t, "BEGIN", "LOCK TABLE api_requests IN SHARE MODE")
	heard := s.begin(asks(writes)...)
	eventually(t, "all wait to claim", func() bool { return in.waiting(t) >= len(writes) })
	require.NoError(t, database.Stop())
	for _, r := range heard() {
		require.NoError(t, r.err)
		answersAway(t, r.reply)
	}
	s.ready(t, "ledger", http.StatusServiceUnavailable)
	for _, a := range append(asks(writes), reads...) {
		if a.path != "/healthz" {
			answersAway(t, s.hear(t, a))
		}
	}
	require.NoError(t, database.Start(t.Context()))
	s.onceEach(t, writes)
	s.allAnswered(t, reads)
	s.ready(t, "", http.StatusOK)
	s.verified(t)
}

// ready shows what /readyz says while this part is away; "" for none.
func (s *scene) ready(t *testing.T, away string, status int) {
	t.Helper()
	r := s.hear(t, ask{method: http.MethodGet, path: "/readyz"})
	assert.Equal(t, status, r.status, r.body)
	for _, one := range []string{"ledger", "tokens"} {
		if one == away {
			assert.Equal(t, "unavailable", r.field(one), r.body)
		} else {
			assert.Equal(t, "ok", r.field(one), r.body)
		}
	}
}
