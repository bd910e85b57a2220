package transfers_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const (
	customer = "c0000000-0000-4000-8000-000000000001"
	sourceID = "a0000000-0000-4000-8000-000000000001"
	targetID = "b0000000-0000-4000-8000-000000000001"
	otherID  = "d0000000-0000-4000-8000-000000000001"
)

var (
	asSource   = kernel.Actor{PartnerTenantID: sourceID}
	asTarget   = kernel.Actor{PartnerTenantID: targetID}
	asStranger = kernel.Actor{PartnerTenantID: otherID}
	asOperator = kernel.Actor{Operator: true, UserID: "olga"}
)

// start is a time at which nothing is due.
var start = time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is one transfer in a real ledger, and the steps on it.
type world struct {
	*activities.Activities
	t      *testing.T
	clock  *clock
	ledger *ledger.Ledger
	file   string
	mover  *mover
	id     string
	log    slog.Handler
}

// newWorld is a ledger in which the source bills the customer for that many subscriptions, those named being add-ons.
func newWorld(t *testing.T, subscriptions int, bases map[int]int) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: start}, mover: &mover{bulk: true, script: map[int]func(context.Context) (string, error){}}, log: slog.DiscardHandler}
	w.file = ledgertest.File(t)
	w.ledger = ledgertest.OpenFile(t, w.file, ledger.Options{Now: w.clock.Now})
	require.NoError(t, w.ledger.Seed(t.Context(), worldOf(subscriptions, bases)))
	w.Activities = &activities.Activities{Ledger: w.ledger, Mover: w.mover}
	w.id = transfer.NewID(request("create-1"))
	return w
}

func subID(n int) string { return fmt.Sprintf("50000000-0000-4000-8000-%012d", n) }

func worldOf(n int, bases map[int]int) ledger.World {
	partner := func(id, name string) programme.Partner {
		return programme.Partner{
			TenantID: id, Name: name, Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: id[:1], Market: "DE",
			Currency: "EUR", Locale: "de-DE", Users: []programme.User{programme.Agent("agent", "agent@"+name+".example")},
		}
	}
	world := ledger.World{
		Partners:      []programme.Partner{partner(sourceID, "source"), partner(targetID, "target"), partner(otherID, "other")},
		Customers:     []programme.Customer{{TenantID: customer, Name: "Contoso", Email: "it@contoso.example", Market: "DE", Locale: "fr-FR"}},
		Relationships: []programme.Relationship{{PartnerTenantID: targetID, CustomerTenantID: customer}},
		Agreements:    []programme.Agreement{{CustomerTenantID: customer, PartnerTenantID: targetID, Mode: programme.DirectSign}},
	}
	for i := range n {
		s := subscription.Subscription{
			ID: subID(i), CustomerTenantID: customer, PartnerTenantID: sourceID, ProductType: subscription.OnlineServicesNCE, OfferID: "offer",
			Quantity: 1, BillingCycle: subscription.Monthly, TermDuration: "P1Y", CreationDate: start.AddDate(0, -2, 0), Status: subscription.Active,
		}
		if base, addon := bases[i]; addon {
			s.ParentID = subID(base)
		}
		world.Subscriptions = append(world.Subscriptions, s)
	}
	return world
}

func request(requestID string) transfer.Request {
	return transfer.Request{
		RequestID: requestID, Actor: asTarget, CustomerTenantID: customer, CustomerEmail: "it@contoso.example", CustomerName: "Contoso",
		TargetPartnerTenantID: targetID, SourcePartnerTenantID: sourceID, SourcePartnerName: "source", TransferType: 3,
	}
}

// pending is a world with an open request.
func pending(t *testing.T, subscriptions int) *world {
	t.Helper()
	w := newWorld(t, subscriptions, nil)
	w.opened()
	return w
}

func (w *world) opened() {
	w.t.Helper()
	_, err := w.ledger.OpenTransfer(w.t.Context(), request("create-1"), command.Terms[transferstore.Outcome]{})
	require.NoError(w.t, err)
}

// moving is a world whose transfer was submitted, line items in the order of the subscriptions.
func moving(t *testing.T, subscriptions int) *world {
	t.Helper()
	w := pending(t, subscriptions)
	w.submitted()
	return w
}

func (w *world) submitted() {
	w.t.Helper()
	everything := transfer.Approval{RequestID: "submit-1", Actor: asSource, Selection: transfer.Selection{AllEligible: true}}
	_, err := w.ledger.Submit(w.t.Context(), w.id, everything, command.Terms[transferstore.Outcome]{})
	require.NoError(w.t, err)
}

// behind changes the data behind the ledger's back.
func (w *world) behind(statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.file)
	require.NoError(w.t, err)
	defer db.Close()
	_, err = db.ExecContext(w.t.Context(), statement)
	require.NoError(w.t, err)
}

func (w *world) givenUp(ordinals ...int) transferstore.GivenUp {
	w.t.Helper()
	g := transferstore.GivingUp{RequestID: "give-up-1", Actor: asOperator, Ordinals: ordinals, Reason: "stuck"}
	done, err := w.ledger.GiveUp(w.t.Context(), w.id, g, command.Terms[transferstore.GivenUp]{})
	require.NoError(w.t, err)
	return done
}

// items are the line items as the ledger has them.
func (w *world) items() []transfer.LineItem {
	w.t.Helper()
	items, err := w.ledger.Items(w.t.Context(), w.id, 0, 1000)
	require.NoError(w.t, err)
	return items
}

func (w *world) statuses() (all []transfer.ItemStatus) {
	w.t.Helper()
	for _, item := range w.items() {
		all = append(all, item.Status)
	}
	return all
}

// does runs a step as a worker does, the first attempt of an activity.
func (w *world) does(step any, args ...any) (converter.EncodedValue, error) {
	w.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(w.log)))
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(w.Activities)
	return env.ExecuteActivity(step, args...)
}

// retried runs a step as a run does, which has it made again until it succeeds.
func (w *world) retried(step any, args ...any) error {
	w.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(w.log)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(w.Activities)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		options := workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 5}}
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), step, args...).Get(ctx, nil)
	})
	return env.GetWorkflowError()
}

// moved is what such a step returned.
func (w *world) moved(step any, args ...any) activities.Moved {
	w.t.Helper()
	value, err := w.does(step, args...)
	require.NoError(w.t, err)
	var m activities.Moved
	require.NoError(w.t, value.Get(&m))
	return m
}

// mover does what the script says about a line item, and moves everything else.
type mover struct {
	mu     sync.Mutex
	bulk   bool
	script map[int]func(context.Context) (string, error)
	asked  []billing.Move
}

func (m *mover) Immediate() bool { return m.bulk }

func (m *mover) Move(ctx context.Context, move billing.Move) (string, error) {
	m.mu.Lock()
	m.asked = append(m.asked, move)
	script := m.script[move.Item.Ordinal]
	m.mu.Unlock()
	if script != nil {
		return script(ctx)
	}
	return transfer.TargetSubscriptionID(move.Transfer.ID, move.Item.SubscriptionID), nil
}

// says scripts one answer for the ordinal.
func (m *mover) says(ordinal int, id string, err error) {
	m.script[ordinal] = func(context.Context) (string, error) { return id, err }
}

// fencer can be kept from a move.
type fencer struct {
	*mover
	keys []string
	id   string
	err  error
}

func (f *fencer) Fence(_ context.Context, q billing.Question) (string, error) {
	f.keys = append(f.keys, q.Key)
	return f.id, f.err
}

// Broken is a ledger some of whose methods fail.
type broken struct {
	activities.Ledger
	err error
}

func (b broken) MoveFacts(context.Context, string, []int) (transfer.Transfer, []transferstore.MoveFact, error) {
	return transfer.Transfer{}, nil, b.err
}

func (b broken) Expire(context.Context, string) (transfer.Standing, error) {
	return transfer.Standing{}, b.err
}

func (b broken) Submit(context.Context, string, transfer.Approval, command.Terms[transferstore.Outcome]) (transferstore.Outcome, error) {
	return transferstore.Outcome{}, b.err
}

func (b broken) RecordRefused(context.Context, transferstore.Refused) error { return b.err }

// suspend takes the n-th subscription out of what may move.
func (w *world) suspend(n int) {
	w.t.Helper()
	w.behind(`UPDATE subscriptions SET status = 'suspended' WHERE id = '` + subID(n) + `'`)
}

// number is one number from the data.
func (w *world) number(query string) (n int) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.file)
	require.NoError(w.t, err)
	defer db.Close()
	require.NoError(w.t, db.QueryRowContext(w.t.Context(), query).Scan(&n))
	return n
}

// wanted is how far the transfer's run is behind.
func (w *world) wanted() int {
	w.t.Helper()
	return w.number(`SELECT wanted - told FROM runs WHERE subject_id = '` + w.id + `'`)
}

// ownerOf is who has the n-th subscription now.
func (w *world) ownerOf(n int) (partner string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.file)
	require.NoError(w.t, err)
	defer db.Close()
	query := `SELECT partner_tenant_id FROM subscriptions WHERE status <> 'deleted' AND lineage_id = '` + subID(n) + `'`
	require.NoError(w.t, db.QueryRowContext(w.t.Context(), query).Scan(&partner))
	return partner
}

// holds checks the invariants; all of them or, when the billing system contradicted the ledger, all but I-8.
func (w *world) holds(agreed bool) {
	w.t.Helper()
	findings, err := w.ledger.Verify(w.t.Context())
	require.NoError(w.t, err)
	for _, f := range findings {
		require.Equal(w.t, agreed || f.Invariant != "I-8", len(f.Broken) == 0, "%s %v", f.Invariant, f.Broken)
	}
}
