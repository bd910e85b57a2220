package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
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

	"handover/activities"
	"handover/internal/billing"
	"handover/internal/notify"
	"handover/internal/transfer"
	"handover/workflows"
)

const customer = "c0000000-0000-4000-8000-000000000001"

var (
	source1  = transfer.Actor{PartnerTenantID: "a0000000-0000-4000-8000-000000000001", UserID: "ada"}
	target1  = transfer.Actor{PartnerTenantID: "b0000000-0000-4000-8000-000000000001", UserID: "bob"}
	stranger = transfer.Actor{PartnerTenantID: "d0000000-0000-4000-8000-000000000001"}
	operator = transfer.Actor{Operator: true, UserID: "olga"}

	// The times of the published sample that R-21 is read from.
	created = time.Date(2024, 4, 30, 18, 31, 41, 0, time.UTC)
	expires = time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)
)

// world is one transfer with skipped time: the workflows and activities as they are registered in a worker, over a ledger
// in memory, a scripted billing system and a scripted mail server.
type world struct {
	*testsuite.TestWorkflowEnvironment
	t       *testing.T
	ledger  *memory
	billing *mover
	mail    *mailer
	request transfer.Request
	seen    *observer
}

// newWorld is a world whose source bills the customer for that many subscriptions.
func newWorld(t *testing.T, subscriptions int) *world {
	t.Parallel()
	subs := make([]transfer.Subscription, subscriptions)
	for i := range subs {
		subs[i] = subscription(i)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	w := &world{
		TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t, seen: &observer{},
		ledger: newMemory(subs...), billing: &mover{immediate: true, script: map[string]func(int) error{}, attempts: map[string]int{}}, mail: &mailer{},
	}
	w.lags(0)
	w.request = transfer.Request{
		RequestID: "create-1", Actor: target1, CustomerTenantID: customer, CustomerEmail: "it@example.com",
		SourcePartnerTenantID: source1.PartnerTenantID, SourcePartnerName: "Source", TransferType: 3,
	}
	w.SetStartTime(created)
	w.SetTestTimeout(time.Minute)
	w.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{w.seen}, DeadlockDetectionTimeout: time.Minute})
	w.SetOnTimerScheduledListener(func(_ string, d time.Duration) { w.seen.timers = append(w.seen.timers, d) })
	return w
}

func subscription(n int) transfer.Subscription {
	return transfer.Subscription{
		ID: fmt.Sprintf("50000000-0000-4000-8000-%012d", n), CustomerTenantID: customer, PartnerTenantID: source1.PartnerTenantID,
		ProductType: transfer.OnlineServicesNCE, Quantity: 1, BillingCycle: transfer.Monthly, Status: transfer.SubscriptionActive,
	}
}

// run lives through the whole transfer and returns what it became.
func (w *world) run() (workflows.Receipt, error) {
	w.t.Helper()
	var err error
	w.request, err = w.ledger.policy.Normalize(w.request)
	require.NoError(w.t, err)
	options := workflows.StartOptions(w.request)
	w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: options.ID, TaskQueue: options.TaskQueue})
	require.NoError(w.t, w.SetTypedSearchAttributesOnStart(options.TypedSearchAttributes))
	w.seen.attributes = options.TypedSearchAttributes
	return w.execute()
}

// execute is run for a world that was given its start options already.
func (w *world) execute() (workflows.Receipt, error) {
	w.t.Helper()
	workflows.Register(w.TestWorkflowEnvironment, &activities.Activities{
		Ledger: w.ledger, Mover: w.billing, Mailer: w.mail, Policy: w.ledger.policy,
	})
	w.ExecuteWorkflow(workflows.TransferType, w.request)
	require.True(w.t, w.IsWorkflowCompleted())
	var receipt workflows.Receipt
	if err := w.GetWorkflowError(); err != nil {
		return receipt, err
	}
	return receipt, w.GetWorkflowResult(&receipt)
}

// becomes lives through the whole transfer and requires that run, ledger and search attribute agree on its end (I-7).
func (w *world) becomes(status transfer.Status) workflows.Receipt {
	w.t.Helper()
	receipt, err := w.run()
	require.NoError(w.t, err)
	require.Equal(w.t, status, receipt.Status)
	require.Equal(w.t, status, w.ledger.transfer.Status)
	require.Equal(w.t, w.ledger.transfer.Items, receipt.Items)
	found, _ := w.seen.attributes.GetKeyword(workflows.StatusKey)
	require.Equal(w.t, string(status), found)
	return receipt
}

// at schedules something for a time after the start.
func (w *world) at(after time.Duration, do func()) { w.RegisterDelayedCallback(do, after) }

// on schedules something for a moment of the calendar.
func (w *world) on(moment time.Time, do func()) { w.at(moment.Sub(created), do) }

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

// during lets something happen during the first attempt of a ledger step.
func (w *world) during(step string, do func()) {
	w.ledger.before[step] = func(call int) error {
		if call == 1 {
			w.meanwhile(do)
		}
		return nil
	}
}

// lags sets the ledger's clock back.
func (w *world) lags(by time.Duration) {
	w.ledger.now = func() time.Time { return w.Now().UTC().Add(-by) }
}

// unreachable makes the first attempts of a ledger step fail.
func (w *world) unreachable(step string, attempts int) {
	w.ledger.before[step] = func(call int) error {
		if call <= attempts {
			return fmt.Errorf("the database is down")
		}
		return nil
	}
}

// answer is what became of an update.
type answer struct {
	done   bool
	result any
	err    error
}

// answered waits, inside a step, until the update is answered.
func (w *world) answered(a *answer) {
	for done := false; !done; {
		w.meanwhile(func() { done = a.done })
	}
}

func (w *world) update(name string, argument any) *answer {
	a := &answer{}
	end := func(result any, err error) { *a = answer{done: true, result: result, err: err} }
	w.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
		OnAccept: func() {}, OnReject: func(err error) { end(nil, err) }, OnComplete: end,
	}, argument)
	return a
}

func (w *world) open(r transfer.Request) *answer       { return w.update(workflows.UpdateOpen, r) }
func (w *world) submit(a workflows.Approval) *answer   { return w.update(workflows.UpdateSubmit, a) }
func (w *world) cancel(d activities.Decision) *answer  { return w.update(workflows.UpdateCancel, d) }
func (w *world) decline(d activities.Decision) *answer { return w.update(workflows.UpdateDecline, d) }
func (w *world) giveUp(g activities.GiveUp) *answer    { return w.update(workflows.UpdateGiveUp, g) }
func (w *world) signal(payload any)                    { w.SignalWorkflow(workflows.SignalSourceApproval, payload) }
func (w *world) approveAt(after time.Duration) {
	w.at(after, func() { w.signal(everything("submit-1")) })
}
func (w *world) refuses(cause transfer.Cause, a *answer) {
	w.t.Helper()
	requireRefusal(w.t, cause, a.err)
}

// accepts requires that the update was answered with a receipt of this status.
func (w *world) accepts(status transfer.Status, a *answer) {
	w.t.Helper()
	require.True(w.t, a.done, "the update was never answered")
	require.NoError(w.t, a.err)
	require.Equal(w.t, status, a.result.(workflows.Receipt).Status)
}

func requireRefusal(t *testing.T, cause transfer.Cause, err error) {
	t.Helper()
	refusal, refused := activities.RefusalOf(err)
	require.True(t, refused, "not a refusal: %v", err)
	require.Equal(t, cause, refusal.Cause, refusal.Message)
}

// snapshot asks the run, or the child of that workflow id.
func (w *world) snapshot(workflowID ...string) workflows.Snapshot {
	w.t.Helper()
	id := workflows.StartOptions(w.request).ID
	if len(workflowID) > 0 {
		id = workflowID[0]
	}
	value, err := w.QueryWorkflowByID(id, workflows.QueryState)
	require.NoError(w.t, err)
	var s workflows.Snapshot
	require.NoError(w.t, value.Get(&s))
	return s
}

// details is the text that the Web UI shows above the history.
func (w *world) details() string {
	w.t.Helper()
	value, err := w.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(w.t, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(w.t, value.Get(&metadata))
	return metadata.CurrentDetails
}

// picked approves the first n subscriptions by name, everything approves all that is eligible.
func picked(requestID string, n int) workflows.Approval {
	a := workflows.Approval{RequestID: requestID, Actor: source1}
	for i := range n {
		a.LineItems = append(a.LineItems, transfer.Pick{SubscriptionID: subscription(i).ID})
	}
	return a
}

func everything(requestID string) workflows.Approval {
	return workflows.Approval{RequestID: requestID, Actor: source1, AllEligible: true}
}

func by(actor transfer.Actor, requestID string) activities.Decision {
	return activities.Decision{RequestID: requestID, Actor: actor}
}

// mover is a billing system that does what the script says about a subscription, and moves everything else.
type mover struct {
	immediate bool
	mu        sync.Mutex
	script    map[string]func(attempt int) error // by subscription id
	attempts  map[string]int
}

func (m *mover) Immediate() bool { return m.immediate }

func (m *mover) Move(_ context.Context, move billing.Move) (string, error) {
	m.mu.Lock()
	id := move.Item.SubscriptionID
	m.attempts[id]++
	attempt, script := m.attempts[id], m.script[id]
	m.mu.Unlock()
	if script != nil {
		if err := script(attempt); err != nil {
			return "", err
		}
	}
	return transfer.TargetSubscriptionID(move.Transfer.ID, move.Item.Ordinal), nil
}

// fails scripts that the n-th subscription fails that many attempts, the billing system asking for the delay in between.
func (m *mover) fails(n, attempts int, delay time.Duration) {
	m.script[subscription(n).ID] = func(attempt int) error {
		if attempt <= attempts {
			return &billing.Unavailable{Cause: transfer.ProviderUnavailable, RetryAfter: delay, Reason: "busy"}
		}
		return nil
	}
}

// refuses scripts that the n-th subscription never moves.
func (m *mover) refuses(n int) {
	m.script[subscription(n).ID] = func(int) error { return transfer.Refuse(transfer.ProviderRefused, "no") }
}

// mailer remembers what it sent, unless the script has an error.
type mailer struct {
	mu     sync.Mutex
	script func(notify.Mail) error
	sent   []string // "created to source"
}

func (m *mailer) Send(_ context.Context, mail notify.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.script != nil {
		if err := m.script(mail); err != nil {
			return err
		}
	}
	m.sent = append(m.sent, fmt.Sprintf("%s to %s", mail.Event, mail.Audience))
	return nil
}

// raw is a signal payload as it comes off the wire.
func raw(text string) converter.RawValue {
	payload, err := converter.GetDefaultDataConverter().ToPayload([]byte(text))
	if err != nil {
		panic(err)
	}
	return converter.NewRawValue(payload)
}
