package transfers_test

import (
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	rooms "handover/activities"
	outages "handover/activities/billing"
	"handover/activities/failing"
	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/transfer"
	"handover/workflows"
)

const (
	customer   = "c0000000-0000-4000-8000-000000000001"
	sourceID   = "a0000000-0000-4000-8000-000000000001"
	targetID   = "b0000000-0000-4000-8000-000000000001"
	strangerID = "d0000000-0000-4000-8000-000000000001"
)

var (
	asSource   = kernel.Actor{PartnerTenantID: sourceID, UserID: "ada@northwind.example"}
	asTarget   = kernel.Actor{PartnerTenantID: targetID, UserID: "bob@tailspin.example"}
	asStranger = kernel.Actor{PartnerTenantID: strangerID}
	asOperator = kernel.Actor{Operator: true, UserID: "olga@handover.example"}

	// The times of the published sample that R-21 is read from.
	created = time.Date(2024, 4, 30, 18, 31, 41, 0, time.UTC)
	expires = time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)
)

const (
	keepsCustomer = "We keep this customer."
	stuck         = "Stuck for days."
	friendly      = "Licence"
)

// clock is the time of whichever environment a world lives in now.
type clock struct {
	mu   sync.Mutex
	of   func() time.Time
	skew time.Duration // by which the ledger's clock differs from the workers'
}

func (c *clock) worker() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of().UTC()
}

func (c *clock) ledger() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of().UTC().Add(c.skew)
}

func (c *clock) set(of func() time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of = of
}

func (c *clock) skewBy(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew = d
}

// world is one transfer with skipped time: workflows and activities as they are registered in a worker, over a real ledger
// in a file and a billing system. Its own methods act on the ledger as a gateway does; a run hears of that only by a nudge.
type world struct {
	*testsuite.TestWorkflowEnvironment
	t        *testing.T
	file     string
	clock    *clock
	ledger   *ledger.Ledger
	faults   *faults // what the steps see of the ledger
	steps    *activities.Activities
	seen     *observer
	log      *said
	id       string // of the transfer
	holdings int
	nudges   int64
	hosted   bool // the run is a child of one that only starts it, so that it can begin afresh
}

// options are what a world can be given besides its subscriptions.
type options struct {
	policy transfer.Policy
	faults map[int]string // sandbox faults by subscription
	parent map[int]int    // add-ons, by subscription
	skew   time.Duration
}

// newWorld is a world whose source bills the customer for that many subscriptions.
func newWorld(t *testing.T, subscriptions int, with ...options) *world {
	t.Helper()
	t.Parallel()
	var o options
	if len(with) > 0 {
		o = with[0]
	}
	w := &world{
		t: t, file: ledgertest.File(t), holdings: subscriptions, log: &said{},
		clock: &clock{of: func() time.Time { return created }, skew: o.skew},
	}
	w.ledger = w.openLedger(w.file, o.policy)
	require.NoError(t, w.ledger.Seed(t.Context(), worldOf(subscriptions, o)))
	w.faults = newFaults(w.ledger)
	w.steps = &activities.Activities{Ledger: w.faults, Mover: billing.Sandbox{Now: w.clock.ledger}}
	w.id = transfer.NewID(request("create-1"))
	w.enter(created)
	return w
}

func (w *world) openLedger(file string, policy transfer.Policy) *ledger.Ledger {
	w.t.Helper()
	return ledgertest.OpenFile(w.t, file, ledger.Options{Now: w.clock.ledger, Policy: policy})
}

// enter gives the world a new environment, at that time.
func (w *world) enter(at time.Time) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(w.log)))
	w.seen = newObserver()
	suite.SetMetricsHandler(w.seen.metrics)
	w.TestWorkflowEnvironment = suite.NewTestWorkflowEnvironment()
	w.SetStartTime(at)
	w.SetTestTimeout(5 * time.Minute)
	w.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{w.seen}, DeadlockDetectionTimeout: time.Minute})
	w.SetOnTimerCanceledListener(func(string) { w.seen.timerEnded() })
	w.clock.set(w.Now)
	workflows.Register(w.TestWorkflowEnvironment, rooms.Activities{Transfers: w.steps, Billing: &outages.Activities{Ledger: w.ledger}})
	w.RegisterWorkflowWithOptions(host, workflow.RegisterOptions{Name: "Host"})
}

// again is the same world, ready for another run of the same transfer.
func (w *world) again() *world {
	next := *w
	next.enter(w.Now())
	return &next
}

func requireRefusal(t *testing.T, cause kernel.Cause, err error) {
	t.Helper()
	refusal, refused := failing.RefusalOf(err)
	require.True(t, refused, "not a refusal: %v", err)
	require.Equal(t, cause, refusal.Cause, refusal.Message)
}

// raw is a signal payload as it comes off the wire.
func raw(text string) converter.RawValue {
	payload, err := converter.NewByteSlicePayloadConverter().ToPayload([]byte(text))
	if err != nil {
		panic(err)
	}
	return converter.NewRawValue(payload)
}

func asJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
