package ledger

// The conformance suite runs every test on both databases. The themed files hold the tests; this one is what they stand on: a small world, a clock
// that only moves when told, and the steps of a transfer by name.

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/pgtest"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	sourceID   = "a0000000-0000-4000-8000-000000000001"
	targetID   = "a0000000-0000-4000-8000-000000000002"
	strangerID = "a0000000-0000-4000-8000-000000000003"
	resellerID = "a0000000-0000-4000-8000-000000000004"
	customerID = "c0000000-0000-4000-8000-000000000001"
	otherID    = "c0000000-0000-4000-8000-000000000002"

	sourceAgent = "agent@source.example"
	targetAgent = "agent@target.example"
)

// subID is the id of the n-th subscription of a world.
func subID(n int) string { return fmt.Sprintf("50000000-0000-4000-8000-%012d", n) }

// newID is the id that the n-th subscription gets at the target.
func newID(n int) string { return fmt.Sprintf("90000000-0000-4000-8000-%012d", n) }

var start = time.Date(2031, 3, 3, 11, 2, 3, 123456000, time.UTC)

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

// fixture is a seeded ledger under test.
type fixture struct {
	*Ledger
	t     *testing.T
	url   string
	clock *clock
	heard *listener
}

// The commands of a transfer without terms, as most tests give them.

// OpenTransfer opens a transfer.
func (f fixture) OpenTransfer(ctx context.Context, r transfer.Request) (transfer.Transfer, error) {
	made, err := f.Ledger.OpenTransfer(ctx, r, command.Terms[transferstore.Outcome]{})
	return made.Transfer, err
}

// Submit submits a transfer.
func (f fixture) Submit(ctx context.Context, id string, sub transfer.Approval) (transfer.Transfer, error) {
	made, err := f.Ledger.Submit(ctx, id, sub, command.Terms[transferstore.Outcome]{})
	return made.Transfer, err
}

// Cancel cancels a transfer.
func (f fixture) Cancel(ctx context.Context, id string, d transfer.Decision) (transfer.Transfer, error) {
	made, err := f.Ledger.Cancel(ctx, id, d, command.Terms[transferstore.Outcome]{})
	return made.Transfer, err
}

// Decline declines a transfer.
func (f fixture) Decline(ctx context.Context, id string, d transfer.Decision) (transfer.Transfer, error) {
	made, err := f.Ledger.Decline(ctx, id, d, command.Terms[transferstore.Outcome]{})
	return made.Transfer, err
}

// giveUp gives line items up as the operator.
func (f fixture) giveUp(id, reason string, ordinals ...int) (transferstore.GivenUp, error) {
	return f.GiveUp(f.t.Context(), id, transferstore.GivingUp{RequestID: "g", Actor: asOperator, Ordinals: ordinals, Reason: reason}, command.Terms[transferstore.GivenUp]{})
}

// onBoth runs the test on an empty SQLite and an empty PostgreSQL ledger seeded with the world.
func onBoth(t *testing.T, w World, test func(t *testing.T, f fixture)) {
	t.Helper()
	onEmpty(t, func(t *testing.T, f fixture) {
		require.NoError(t, f.Seed(t.Context(), w))
		test(t, f)
	})
}

func onEmpty(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, c, h := newURL(t), &clock{now: start}, &listener{}
			l, err := Open(t.Context(), url, Options{Policy: unbounded(), Now: c.Now, Observe: h.hear})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			require.Equal(t, name, string(l.Dialect()))
			test(t, fixture{Ledger: l, t: t, url: url, clock: c, heard: h})
		})
	}
}

// unbounded are the usual rules without a bound of how much a target may ask for, which asking_test.go tries.
func unbounded() transfer.Policy {
	p := transfer.DefaultPolicy()
	p.Asking = transfer.Asking{}
	return p
}

var databases = map[string]func(t *testing.T) string{
	"sqlite": func(t *testing.T) string {
		return "sqlite://" + filepath.Join(t.TempDir(), "new folder", "ledger 100%.db")
	},
	"postgres": func(t *testing.T) string { return pgtest.Shared(t) },
}

// worldOf is a world with two partners, their customer and n active subscriptions at the source.
func worldOf(n int) World {
	partner := func(id, name string, in programme.Program, agents ...string) programme.Partner {
		p := programme.Partner{
			TenantID: id, Name: name, Programs: programme.Enrolled(in, programme.Active, true), MPNID: "mpn-" + name,
			Market: "DE", Currency: "EUR", Locale: "de-DE",
		}
		for _, a := range agents {
			p.Users = append(p.Users, programme.Agent(a, a))
		}
		return p
	}
	w := World{
		Partners: []programme.Partner{
			partner(sourceID, "Source", programme.DirectBill, sourceAgent, "second@source.example"),
			partner(targetID, "Target", programme.IndirectProvider, targetAgent),
			partner(strangerID, "Stranger", programme.DirectBill, "agent@stranger.example"),
			partner(resellerID, "Reseller", programme.IndirectReseller),
		},
		Customers: []programme.Customer{
			{TenantID: customerID, Name: "Contoso", Domain: "contoso.example", Email: "it@contoso.example", Market: "DE", Locale: "fr-FR"},
			{TenantID: otherID, Name: "Fabrikam", Domain: "fabrikam.example", Email: "it@fabrikam.example", Market: "DE", Locale: "en-US"},
		},
		Partnerships:  []programme.Partnership{{ProviderTenantID: targetID, ResellerTenantID: resellerID}},
		Relationships: []programme.Relationship{{PartnerTenantID: targetID, CustomerTenantID: customerID}},
		Agreements:    []programme.Agreement{{CustomerTenantID: customerID, PartnerTenantID: targetID, Mode: programme.Attestation}},
	}
	for i := range n {
		w.Subscriptions = append(w.Subscriptions, sample(i))
	}
	return w
}

func sample(n int) subscription.Subscription {
	return subscription.Subscription{
		ID: subID(n), CustomerTenantID: customerID, PartnerTenantID: sourceID, ProductType: subscription.OnlineServicesNCE,
		OfferID: "offer", FriendlyName: fmt.Sprintf("Licence %d", n), Quantity: n + 1, UnitPriceMinor: 1999,
		BillingCycle: subscription.Monthly, TermDuration: "P1Y", CreationDate: start.AddDate(0, -2, 0),
		CommitmentEndDate: start.AddDate(0, 10, 0), Status: subscription.Active, AutoRenew: true,
	}
}

var (
	asSource   = kernel.Actor{PartnerTenantID: sourceID, UserID: sourceAgent}
	asTarget   = kernel.Actor{PartnerTenantID: targetID, UserID: targetAgent}
	asStranger = kernel.Actor{PartnerTenantID: strangerID, UserID: "agent@stranger.example"}
	asOperator = kernel.Actor{Operator: true, UserID: "operator"}
)

// idOf is the id of the transfer that request opens.
func idOf(requestID string) string {
	r := request(requestID)
	r.TargetPartnerTenantID = targetID
	return transfer.NewID(r)
}

func request(requestID string) transfer.Request {
	return transfer.Request{
		RequestID: requestID, Actor: asTarget, CustomerTenantID: customerID, CustomerEmail: "it@contoso.example",
		CustomerName: "Contoso", SourcePartnerTenantID: sourceID, SourcePartnerName: "Source", TransferType: 3,
	}
}

func everything(requestID string) transfer.Approval {
	return transfer.Approval{RequestID: requestID, Actor: asSource, Selection: transfer.Selection{AllEligible: true}}
}

func picking(requestID string, subscriptions ...int) transfer.Approval {
	s := transfer.Approval{RequestID: requestID, Actor: asSource}
	for _, n := range subscriptions {
		s.LineItems = append(s.LineItems, transfer.Pick{SubscriptionID: subID(n)})
	}
	return s
}

// pending opens a transfer.
func (f fixture) pending(requestID string) transfer.Transfer {
	f.t.Helper()
	t, err := f.OpenTransfer(f.t.Context(), request(requestID))
	require.NoError(f.t, err)
	return t
}

// moving opens a transfer and submits it with the subscriptions, or with everything eligible.
func (f fixture) moving(requestID string, subscriptions ...int) transfer.Transfer {
	f.t.Helper()
	sub := everything("submit-" + requestID)
	if len(subscriptions) > 0 {
		sub = picking("submit-"+requestID, subscriptions...)
	}
	t, err := f.Submit(f.t.Context(), f.pending(requestID).ID, sub)
	require.NoError(f.t, err)
	return t
}

// moved is the result of an attempt that succeeded.
func moved(ordinal int) transferstore.ItemResult {
	return transferstore.ItemResult{Ordinal: ordinal, TargetSubscriptionID: newID(ordinal)}
}

func refused(ordinal int) transferstore.ItemResult {
	return transferstore.ItemResult{Ordinal: ordinal, Refusal: kernel.Refuse(transfer.ProviderRefused, "Never.")}
}

// record records the results and returns the items.
func (f fixture) record(id string, results ...transferstore.ItemResult) []transfer.LineItem {
	f.t.Helper()
	items, err := f.RecordItems(f.t.Context(), id, results)
	require.NoError(f.t, err)
	return items
}

// closed moves every line item and closes the transfer.
func (f fixture) closed(t transfer.Transfer, results ...transferstore.ItemResult) transfer.Transfer {
	f.t.Helper()
	f.record(t.ID, results...)
	at, err := f.CloseTransfer(f.t.Context(), t.ID)
	require.NoError(f.t, err)
	require.True(f.t, at.Status.Final(), at.Status)
	return f.stored(t.ID)
}

// stored is the transfer as the ledger has it now.
func (f fixture) stored(id string) transfer.Transfer {
	f.t.Helper()
	t, err := f.Transfer(f.t.Context(), id)
	require.NoError(f.t, err)
	return t
}

// sub is a subscription as the ledger has it now.
func (f fixture) sub(id string) subscription.Subscription {
	f.t.Helper()
	s, err := f.Subscription(f.t.Context(), id)
	require.NoError(f.t, err)
	return s
}

// item is a line item as the ledger has it now.
func (f fixture) item(id string, ordinal int) transfer.LineItem {
	f.t.Helper()
	items, err := f.Items(f.t.Context(), id, ordinal, ordinal+1)
	require.NoError(f.t, err)
	require.Len(f.t, items, 1)
	return items[0]
}

// unsent are an event's e-mails that are still to be sent.
func (f fixture) unsent(id string, event transfer.Event) []outbox.Notification {
	f.t.Helper()
	owed, err := f.Notifications(f.t.Context(), transferstore.Subject(id))
	require.NoError(f.t, err)
	return slices.DeleteFunc(owed, func(n outbox.Notification) bool { return n.Event != string(event) || !n.SentAt.IsZero() || n.Ended })
}

// mail lists the recipients of an event's e-mails that are still to be sent.
func (f fixture) mail(id string, event transfer.Event) []string {
	f.t.Helper()
	var recipients []string
	for _, n := range f.unsent(id, event) {
		recipients = append(recipients, n.Recipient)
	}
	return recipients
}

// events lists the event keys in one partner's log of a transfer.
func (f fixture) events(id, partner string) []string {
	f.t.Helper()
	records, err := f.AuditOf(f.t.Context(), id)
	require.NoError(f.t, err)
	var keys []string
	for _, r := range records {
		if r.PartnerTenantID == partner {
			keys = append(keys, r.EventKey)
		}
	}
	return keys
}

// tables are all tables of the schema, goose's own left out.
var tables = []string{
	"partners", "partner_users", "program_enrolments", "customers", "relationships", "agreements", "subscriptions", "transfers", "line_items",
	"activity_log", "notifications", "partnerships", "api_requests", "transfer_labels", "transfer_tags",
	"runs", "policies", "outages", "log_chain", "log_salts", "log_tombstones", "orders", "order_lines", "billing_lines",
	"webhook_registrations", "webhook_deliveries", "webhook_attempts", "webhook_certificates",
}

// contents is everything the ledger holds, so that a test can say that nothing changed.
func (f fixture) contents() string {
	f.t.Helper()
	var out strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&out, "%s\n%s\n", table, strings.Join(f.rows("SELECT * FROM "+table), "\n"))
	}
	return out.String()
}

// rows runs a query and gives each row as text, in text order.
func (f fixture) rows(query string) []string {
	f.t.Helper()
	rows, err := f.Reader().QueryContext(f.t.Context(), query)
	require.NoError(f.t, err)
	return texts(f.t, rows)
}

// texts are the rows as text, in text order.
func texts(t *testing.T, rows *sql.Rows) []string {
	t.Helper()
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var out []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(t, rows.Scan(values...))
		var line []string
		for _, v := range values {
			line = append(line, fmt.Sprint(*v.(*any)))
		}
		out = append(out, strings.Join(line, "|"))
	}
	require.NoError(t, rows.Err())
	slices.Sort(out)
	return out
}

// behind changes the data behind the API's back.
func (f fixture) behind(statements ...string) {
	f.t.Helper()
	for _, s := range statements {
		require.NoError(f.t, f.raw(s), s)
	}
}

func (f fixture) raw(statement string) error {
	_, err := f.Writer().ExecContext(context.WithoutCancel(f.t.Context()), statement)
	return err
}

// refuses asserts that the error is a refusal with that cause.
func refuses(t *testing.T, err error, cause kernel.Cause) *kernel.Refusal {
	t.Helper()
	var refusal *kernel.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, cause, refusal.Cause, refusal.Message)
	return refusal
}

// holds asserts that every invariant holds.
func (f fixture) holds() { f.holdsBut() }

// holdsBut leaves some invariants out, such as that of the guards which a test took away.
func (f fixture) holdsBut(invariants ...string) {
	f.t.Helper()
	findings, err := f.Verify(f.t.Context())
	require.NoError(f.t, err)
	for _, finding := range findings {
		if !slices.Contains(invariants, finding.Invariant) {
			require.Zero(f.t, finding.Count, "%s: %v", finding.Invariant, finding.Broken)
		}
	}
}
