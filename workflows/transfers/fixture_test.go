package transfers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
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
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/workflows"
	"handover/workflows/run"
	"handover/workflows/transfers"
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

// secrets are what stands in the ledger and must not stand in a history: names, addresses, reasons, what is in a list.
func (w *world) secrets() []string {
	found := []string{
		"Northwind", "Tailspin", "Wingtip", "Contoso", "northwind.example", "tailspin.example", "contoso.example",
		"handover.example", keepsCustomer, stuck, friendly,
	}
	for n := range w.holdings {
		found = append(found, subID(n))
	}
	return found
}

const (
	keepsCustomer = "We keep this customer."
	stuck         = "Stuck for days."
	friendly      = "Licence"
)

// subID is the id of the source's n-th subscription.
func subID(n int) string { return fmt.Sprintf("50000000-0000-4000-8000-%012d", n) }

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

// empty is the file of an empty ledger. It is made once, because making the schema takes longer than most tests.
var empty = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "ledger")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "empty.db")
	l, err := ledger.Open(context.Background(), "sqlite://"+file, ledger.Options{})
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// newFile is a file with an empty ledger of its own.
func newFile(t *testing.T) string {
	t.Helper()
	content, err := empty()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}

// world is one transfer with skipped time: workflows and activities as they are registered in a worker, over a real ledger
// in a file and a billing system. Its own methods act on the ledger as a gateway does; a run hears of that only by a nudge.
type world struct {
	*testsuite.TestWorkflowEnvironment
	t        *testing.T
	url      string
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
		t: t, url: "sqlite://" + newFile(t), holdings: subscriptions, log: &said{},
		clock: &clock{of: func() time.Time { return created }, skew: o.skew},
	}
	w.ledger = w.openLedger(w.url, o.policy)
	require.NoError(t, w.ledger.Seed(t.Context(), worldOf(subscriptions, o)))
	w.faults = newFaults(w.ledger)
	w.steps = &activities.Activities{Ledger: w.faults, Mover: billing.Sandbox{Now: w.clock.ledger}}
	w.id = transfer.NewID(request("create-1"))
	w.enter(created)
	return w
}

func (w *world) openLedger(url string, policy transfer.Policy) *ledger.Ledger {
	w.t.Helper()
	l, err := ledger.Open(w.t.Context(), url, ledger.Options{Now: w.clock.ledger, Policy: policy})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, l.Close()) })
	return l
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

// worldOf is what the ledger holds: a source, a target, a stranger, their customer and what the source bills it for.
func worldOf(n int, o options) ledger.World {
	partner := func(id, name, agent string, in programme.Program) programme.Partner {
		return programme.Partner{
			TenantID: id, Name: name, Programs: programme.Enrolled(in, programme.Active, true), MPNID: "mpn-" + id[:1], Market: "DE",
			Currency: "EUR", Locale: "de-DE", Users: []programme.User{programme.Agent(agent, agent)},
		}
	}
	world := ledger.World{
		Partners: []programme.Partner{
			partner(sourceID, "Northwind", asSource.UserID, programme.DirectBill),
			partner(targetID, "Tailspin", asTarget.UserID, programme.IndirectProvider),
			partner(strangerID, "Wingtip", "eve@wingtip.example", programme.DirectBill),
		},
		Customers:     []programme.Customer{{TenantID: customer, Name: "Contoso", Domain: "contoso.example", Email: "it@contoso.example", Market: "DE", Locale: "fr-FR"}},
		Relationships: []programme.Relationship{{PartnerTenantID: targetID, CustomerTenantID: customer}},
		Agreements:    []programme.Agreement{{CustomerTenantID: customer, PartnerTenantID: targetID, Mode: programme.Attestation}},
	}
	for i := range n {
		s := subscription.Subscription{
			ID: subID(i), CustomerTenantID: customer, PartnerTenantID: sourceID, ProductType: subscription.OnlineServicesNCE, OfferID: "offer",
			FriendlyName: fmt.Sprintf("%s %d", friendly, i), Quantity: 1, BillingCycle: subscription.Monthly, TermDuration: "P1Y",
			CreationDate: created.AddDate(0, -2, 0), CommitmentEndDate: created.AddDate(0, 10, 0), Status: subscription.Active,
			SandboxFault: o.faults[i],
		}
		if base, addon := o.parent[i]; addon {
			s.ParentID = subID(base)
		}
		world.Subscriptions = append(world.Subscriptions, s)
	}
	return world
}

// request is the target's request, normalised but for what the ledger fills in.
func request(requestID string) transfer.Request {
	return transfer.Request{
		RequestID: requestID, Actor: asTarget, CustomerTenantID: customer, CustomerEmail: "it@contoso.example", CustomerName: "Contoso",
		TargetPartnerTenantID: targetID, SourcePartnerTenantID: sourceID, SourcePartnerName: "Northwind", TransferType: 3,
	}
}

// untold are terms that ask for nothing.
var untold = command.Terms[transferstore.Outcome]{}

// opened opens the transfer in the ledger.
func (w *world) opened() *world {
	w.t.Helper()
	out, err := w.ledger.OpenTransfer(w.t.Context(), request("create-1"), untold)
	require.NoError(w.t, err)
	require.Equal(w.t, w.id, out.Transfer.ID)
	return w
}

// submitted approves everything eligible in the ledger, or the subscriptions that are named.
func (w *world) submitted(subscriptions ...int) *world {
	w.t.Helper()
	require.NoError(w.t, w.submitAt(w.clock.ledger(), subscriptions...))
	return w
}

func (w *world) submitAt(moment time.Time, subscriptions ...int) error {
	s := transfer.Approval{RequestID: "submit-1", Actor: asSource, Selection: transfer.Selection{AllEligible: len(subscriptions) == 0}}
	for _, n := range subscriptions {
		s.LineItems = append(s.LineItems, transfer.Pick{SubscriptionID: subID(n)})
	}
	_, err := w.ledger.At(moment).Submit(w.t.Context(), w.id, s, untold)
	return err
}

func (w *world) cancelled() {
	w.t.Helper()
	_, err := w.ledger.Cancel(w.t.Context(), w.id, transfer.Decision{RequestID: "cancel-1", Actor: asTarget}, untold)
	require.NoError(w.t, err)
}

func (w *world) declined() {
	w.t.Helper()
	_, err := w.ledger.Decline(w.t.Context(), w.id, transfer.Decision{RequestID: "decline-1", Actor: asSource, Reason: keepsCustomer}, untold)
	require.NoError(w.t, err)
}

// givesUp is an operator's end to line items; without any, to all that are failing.
func (w *world) givesUp(ordinals ...int) transferstore.GivenUp {
	w.t.Helper()
	g := transferstore.GivingUp{RequestID: fmt.Sprint("give-up-", ordinals), Actor: asOperator, Ordinals: ordinals, Failing: len(ordinals) == 0, Reason: stuck}
	done, err := w.ledger.GiveUp(w.t.Context(), w.id, g, command.Terms[transferstore.GivenUp]{})
	require.NoError(w.t, err)
	return done
}

// stored is the transfer as the ledger has it.
func (w *world) stored() transfer.Transfer {
	w.t.Helper()
	t, err := w.ledger.Transfer(w.t.Context(), w.id)
	require.NoError(w.t, err)
	return t
}

// item is a line item as the ledger has it.
func (w *world) item(ordinal int) transfer.LineItem {
	w.t.Helper()
	items, err := w.ledger.Items(w.t.Context(), w.id, ordinal, ordinal+1)
	require.NoError(w.t, err)
	require.Len(w.t, items, 1)
	return items[0]
}

// events are the events in the source's log of the transfer, in their order.
func (w *world) events() []string {
	w.t.Helper()
	records, err := w.ledger.LogOf(w.t.Context(), w.id, sourceID)
	require.NoError(w.t, err)
	var keys []string
	for _, r := range records {
		keys = append(keys, r.EventKey)
	}
	return keys
}

// mail are the e-mails that the ledger owes or owed, "completed to source".
func (w *world) mail() []string {
	w.t.Helper()
	owed, err := w.ledger.Notifications(w.t.Context(), transferstore.Subject(w.id))
	require.NoError(w.t, err)
	var mail []string
	for _, n := range owed {
		mail = append(mail, fmt.Sprintf("%s to %s", n.Event, n.Audience))
	}
	return mail
}

// host starts the run of a transfer as a child.
func host(ctx workflow.Context, id string, in transfers.Input) (transfers.Receipt, error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: transfer.WorkflowID(id)})
	var r transfers.Receipt
	err := workflow.ExecuteChildWorkflow(ctx, transfers.Type, in).Get(ctx, &r)
	return r, err
}

// follow starts the run as the dispatcher does, with nothing but an id, and lives through it.
func (w *world) follow() (transfers.Receipt, error) {
	w.t.Helper()
	return w.start(transfers.Input{TransferID: w.id})
}

func (w *world) start(in transfers.Input) (transfers.Receipt, error) {
	w.t.Helper()
	if w.hosted {
		w.ExecuteWorkflow("Host", w.id, in)
	} else {
		known := transfers.StartOptions(w.id, transfer.State{})
		if t, err := w.ledger.Transfer(w.t.Context(), w.id); err == nil {
			known = transfers.StartOptions(w.id, t.State)
		}
		w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: known.ID, TaskQueue: known.TaskQueue})
		require.NoError(w.t, w.SetTypedSearchAttributesOnStart(known.TypedSearchAttributes))
		w.seen.publish(known.TypedSearchAttributes)
		w.ExecuteWorkflow(transfers.Type, in)
	}
	require.True(w.t, w.IsWorkflowCompleted())
	var receipt transfers.Receipt
	if err := w.GetWorkflowError(); err != nil {
		return receipt, err
	}
	return receipt, w.GetWorkflowResult(&receipt)
}

// becomes lives through the run and requires that run, ledger and search attribute agree on the end (I-7), and that every
// invariant holds.
func (w *world) becomes(status transfer.Status) transfers.Receipt {
	w.t.Helper()
	receipt, err := w.follow()
	require.NoError(w.t, err)
	w.agrees(status, receipt)
	return receipt
}

func (w *world) agrees(status transfer.Status, receipt transfers.Receipt) {
	w.t.Helper()
	t := w.stored()
	require.Equal(w.t, status, t.Status)
	require.Equal(w.t, transfers.Receipt{TransferID: w.id, Status: status, Items: t.Items}, receipt)
	found, _ := w.seen.published().GetKeyword(transfers.StatusKey)
	require.Equal(w.t, string(status), found)
	findings, err := w.ledger.Verify(w.t.Context())
	require.NoError(w.t, err)
	for _, f := range findings {
		require.Zero(w.t, f.Count, "%s: %v", f.Invariant, f.Broken)
	}
	w.keepsSecrets()
}

// keepsSecrets requires that nothing of the ledger's words stands in the histories of the runs.
func (w *world) keepsSecrets() {
	w.t.Helper()
	payloads := w.seen.payloads()
	for _, secret := range w.secrets() {
		if at := strings.Index(payloads, secret); at >= 0 {
			require.Fail(w.t, "A history says "+secret, payloads[max(0, at-200):min(len(payloads), at+100)])
		}
	}
}

// at schedules something for a time after the start of this environment.
func (w *world) at(after time.Duration, do func()) { w.RegisterDelayedCallback(do, after) }

// on schedules something for a moment of the calendar.
func (w *world) on(moment time.Time, do func()) { w.at(moment.Sub(w.Now()), do) }

// meanwhile lets something happen to the run while a step is under way, and returns when the run has taken it in. It is
// called from inside a step.
func (w *world) meanwhile(do func()) {
	done := make(chan struct{})
	w.RegisterDelayedCallback(func() {
		do()
		w.RegisterDelayedCallback(func() { close(done) }, 0)
	}, 0)
	<-done
}

// nudge tells the run that the ledger has news.
func (w *world) nudge() { w.signal(run.SignalLook, w.nextNudge()) }

// nudgeOfSubmit does, as after a submit.
func (w *world) nudgeOfSubmit() { w.signal(transfers.SignalSourceApproval, w.nextNudge()) }

func (w *world) nextNudge() run.Nudge {
	w.nudges++
	return run.Nudge{N: w.nudges}
}

func (w *world) signal(name string, payload any) {
	w.t.Helper()
	require.NoError(w.t, w.SignalWorkflowByID(transfer.WorkflowID(w.id), name, payload))
}

// dispatch nudges the runs that the ledger wants to look, as the dispatcher does, and tells how many. A run that is not at
// work is left alone: it begins with a look.
func (w *world) dispatch() int {
	w.t.Helper()
	claimed, err := w.ledger.ClaimRuns(w.t.Context(), 100, 100)
	require.NoError(w.t, err)
	for _, r := range claimed {
		if w.seen.atWork(r.WorkflowID) {
			require.NoError(w.t, w.SignalWorkflowByID(r.WorkflowID, run.SignalLook, run.Nudge{N: r.Wanted}))
		}
	}
	require.NoError(w.t, w.ledger.RunsTold(w.t.Context(), claimed))
	return len(claimed)
}

// snapshot asks the run, or another one, how it stands.
func (w *world) snapshot(workflowID ...string) transfers.Snapshot {
	w.t.Helper()
	var s transfers.Snapshot
	w.query(transfers.QueryState, &s, workflowID...)
	return s
}

// details is the text that the Web UI shows above the history.
func (w *world) details(workflowID ...string) string {
	w.t.Helper()
	var metadata sdk.WorkflowMetadata
	w.query("__temporal_workflow_metadata", &metadata, workflowID...)
	return metadata.CurrentDetails
}

func (w *world) query(name string, into any, workflowID ...string) {
	w.t.Helper()
	id := transfer.WorkflowID(w.id)
	if len(workflowID) > 0 {
		id = workflowID[0]
	}
	value, err := w.QueryWorkflowByID(id, name)
	require.NoError(w.t, err)
	require.NoError(w.t, value.Get(into))
}

// shows requires that whoever looks for the transfer finds it by this status and its parties.
func (w *world) shows(status transfer.Status) {
	w.t.Helper()
	for key, value := range map[string]string{
		"TransferStatus": string(status), "CustomerTenantId": customer, "SourcePartnerTenantId": sourceID, "TargetPartnerTenantId": targetID,
	} {
		require.Equal(w.t, value, w.seen.keyword(key), key)
	}
	require.Equal(w.t, status, w.snapshot().Status)
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
