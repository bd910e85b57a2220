package ledger

// Ledgers that an earlier commit wrote, with a life of every kind in them, are kept in testdata/written, one for each version of
// the schema that was recorded: as rows, so that both databases can take them in. What they become here is compared with what
// they were then: see written_answers_test.go.
//
// A change of the schema is preceded by a recording: "go test ./internal/ledger -run TestWrittenLedgers -record".

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Written is a ledger as an earlier commit wrote it.
type Written struct {
	Schema  int64           // version of its schema
	At      time.Time       // when the last of it was written
	Tables  []writtenTable  // in an order in which they can be filled
	Chain   []string        // what the database added by itself: the chain of the log
	Answers []WrittenAnswer // of the API at that time
}

type writtenTable struct {
	Name    string
	Columns []string
	Rows    [][]any // text, whole numbers, nothing, and bytes as base64 in a list of one
}

// WrittenAnswer is what a caller was told when the ledger was written.
type WrittenAnswer struct {
	By, Path string
	Status   int
	Body     json.RawMessage
}

const writtenFolder = "testdata/written"

// WrittenLedgers are those that were recorded, by the names of their files.
func WrittenLedgers(t *testing.T) map[string]Written {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(writtenFolder, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]Written{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var w Written
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&w))
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = w
	}
	return all
}

// Save writes the recording where WrittenLedgers finds it.
func (w Written) Save(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(w)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(writtenFolder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(writtenFolder, fmt.Sprintf("schema-%d.json", w.Schema)), append(text, '\n'), 0o644))
}

// Reopened fills a database of the recorded version with what was written and opens it with the programs of today.
func (w Written) Reopened(t *testing.T, databaseURL string) *Ledger {
	t.Helper()
	old := oldLedger(t, databaseURL, w.Schema)
	ctx := context.WithoutCancel(t.Context())
	tx, err := old.BeginTx(ctx, nil)
	require.NoError(t, err)
	for _, table := range w.Tables {
		table.fill(ctx, t, tx, strings.HasPrefix(databaseURL, "postgres"))
	}
	require.NoError(t, tx.Commit())
	require.Equal(t, w.Chain, textRows(t, old, chainOfTheLog), "the log was chained as it had been")
	require.NoError(t, old.Close())
	l, err := Open(t.Context(), databaseURL, Options{Now: func() time.Time { return w.At }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func (table writtenTable) fill(ctx context.Context, t *testing.T, tx *sql.Tx, postgres bool) {
	t.Helper()
	booleans := map[string]bool{}
	if postgres {
		booleans = booleansOf(ctx, t, tx, table.Name)
	}
	places := make([]string, len(table.Columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	insert := fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table.Name, strings.Join(table.Columns, ", "), strings.Join(places, ", "))
	for _, row := range table.Rows {
		values := make([]any, len(row))
		for i, v := range row {
			values[i] = readAs(t, v, booleans[table.Columns[i]])
		}
		_, err := tx.ExecContext(ctx, insert, values...)
		require.NoError(t, err, "%s %v", table.Name, row)
	}
}

// booleansOf are the columns of a table in PostgreSQL that hold yes or no; SQLite has numbers there.
func booleansOf(ctx context.Context, t *testing.T, tx *sql.Tx, table string) map[string]bool {
	t.Helper()
	rows, err := tx.QueryContext(ctx, `SELECT column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1 AND data_type = 'boolean'`, table)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	found := map[string]bool{}
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		found[name] = true
	}
	require.NoError(t, rows.Err())
	return found
}

func readAs(t *testing.T, v any, boolean bool) any {
	t.Helper()
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		require.NoError(t, err)
		if boolean {
			return n != 0
		}
		return n
	case []any:
		raw, err := json.Marshal(v[0])
		require.NoError(t, err)
		var data []byte
		require.NoError(t, json.Unmarshal(raw, &data))
		return data
	default:
		return v
	}
}

const (
	chainOfTheLog = `SELECT log || '|' || subject_id || '|' || seq || '|' || record_id || '|' || hash FROM log_chain ORDER BY log, subject_id, seq`
	schemaVersion = `SELECT CAST(MAX(version_id) AS text) FROM goose_db_version WHERE is_applied`
)

// filling are the tables of today in an order in which they can be filled, and in which order of its rows each is.
var filling = []struct{ table, inOrder string }{
	{"partners", "environment, tenant_id"},
	{"partner_users", "partner_tenant_id, position"},
	{"program_enrolments", "partner_tenant_id, program"},
	{"customers", "tenant_id"},
	{"relationships", "customer_tenant_id, partner_tenant_id, kind, ended_at"},
	{"agreements", "customer_tenant_id, partner_tenant_id, mode"},
	{"partnerships", "provider_tenant_id, reseller_tenant_id"},
	{"subscriptions", "id"},
	{"policies", "digest"},
	{"transfers", "id"},
	{"line_items", "transfer_id, ordinal"},
	{"transfer_labels", "transfer_id, partner_tenant_id"},
	{"transfer_tags", "transfer_id, partner_tenant_id, tag"},
	{"log_salts", "record_id"},
	{"activity_log", "(SELECT c.seq FROM log_chain c WHERE c.record_id = activity_log.id AND c.subject_id = activity_log.resource_id)"},
	{"log_tombstones", "record_id"},
	{"notifications", "id"},
	{"orders", "id"},
	{"order_lines", "order_id, number"},
	{"billing_lines", "id"},
	{"webhook_registrations", "partner_tenant_id"},
	{"webhook_deliveries", "id"},
	{"webhook_attempts", "delivery_id, n"},
	{"webhook_certificates", "id"},
	{"api_requests", "claimed_at, request_key"},
	{"runs", "workflow_id"},
	{"outages", "name"},
}

// recorded is everything that an SQLite ledger holds.
func (f fixture) recorded() Written {
	f.t.Helper()
	w := Written{At: f.clock.Now().UTC(), Chain: textRows(f.t, f.Reader(), chainOfTheLog)}
	_, err := fmt.Sscan(textRows(f.t, f.Reader(), schemaVersion)[0], &w.Schema)
	require.NoError(f.t, err)
	for _, of := range filling {
		w.Tables = append(w.Tables, f.tableOf(of.table, of.inOrder))
	}
	return w
}

func (f fixture) tableOf(name, inOrder string) writtenTable {
	f.t.Helper()
	rows, err := f.Reader().QueryContext(f.t.Context(), "SELECT * FROM "+name+" ORDER BY "+inOrder)
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, rows.Close()) }()
	all, err := rows.Columns()
	require.NoError(f.t, err)
	given := func(i int) bool { return name != "notifications" || all[i] != "id" } // the database's own numbers
	table := writtenTable{Name: name}
	for i, column := range all {
		if given(i) {
			table.Columns = append(table.Columns, column)
		}
	}
	for rows.Next() {
		values := make([]any, len(all))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(f.t, rows.Scan(values...))
		var row []any
		for i, v := range values {
			got := *v.(*any)
			if data, is := got.([]byte); is {
				got = []any{data}
			}
			if given(i) {
				row = append(row, got)
			}
		}
		table.Rows = append(table.Rows, row)
	}
	require.NoError(f.t, rows.Err())
	return table
}

func textRows(t *testing.T, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string,
) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var all []string
	for rows.Next() {
		var one string
		require.NoError(t, rows.Scan(&one))
		all = append(all, one)
	}
	require.NoError(t, rows.Err())
	return all
}

// EveryLife is an SQLite ledger in which everything happened that can: transfers in every state, what they moved moved on, items
// held, resolved and late, mail in every state, changes besides transfers, answers kept for repetitions.
func EveryLife(t *testing.T) (l *Ledger, recorded func() Written) {
	t.Helper()
	w := abroad()
	for n := range 8 {
		w.Subscriptions = append(w.Subscriptions, sample(20+n), sample(30+n), sample(40+n))
	}
	w.Agreements = append(w.Agreements, programme.Agreement{CustomerTenantID: customerID, PartnerTenantID: sourceID, Mode: programme.DirectSign, DateAgreed: start.AddDate(0, -1, 0)})
	w.Relationships = append(w.Relationships, programme.Relationship{CustomerTenantID: customerID, PartnerTenantID: resellerID})
	c, databaseURL := &clock{now: start}, "sqlite://"+filepath.Join(t.TempDir(), "ledger.db")
	l, err := Open(t.Context(), databaseURL, Options{Policy: unbounded(), Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	require.NoError(t, l.Seed(t.Context(), w))
	f := fixture{Ledger: l, t: t, url: databaseURL, clock: c}
	f.register(sourceID, everyEvent())
	f.register(targetID, everyEvent())
	for _, live := range []func(fixture){
		fixture.livesThatEndUnasked, fixture.livesThatMove, fixture.livesThatAreHeld, fixture.livesThatGoOn, fixture.livesBesides, fixture.livesOfTies,
	} {
		live(f)
		f.clock.advance(time.Hour)
	}
	f.holds()
	return l, f.recorded
}

// livesThatEndUnasked expire, are cancelled and declined.
func (f fixture) livesThatEndUnasked() {
	f.t.Helper()
	ctx := f.t.Context()
	expired := f.pending("expired")
	f.clock.advance(23 * 24 * time.Hour)
	_, err := f.Remind(ctx, expired.ID, 1)
	require.NoError(f.t, err)
	f.clock.advance(8 * 24 * time.Hour)
	_, err = f.Expire(ctx, expired.ID)
	require.NoError(f.t, err)
	_, err = f.Cancel(ctx, f.pending("cancelled").ID, transfer.Decision{Actor: asTarget, RequestID: "cancel"})
	require.NoError(f.t, err)
	_, err = f.Decline(ctx, f.pending("declined").ID, transfer.Decision{Actor: asSource, RequestID: "decline", Reason: "Not ours to give."})
	require.NoError(f.t, err)
}

// livesThatMove end Complete, PartiallyComplete and Failed; one subscription comes back, and one ends with its billing cycle.
func (f fixture) livesThatMove() {
	f.t.Helper()
	to := func(ordinal, n int) transferstore.ItemResult {
		return transferstore.ItemResult{Ordinal: ordinal, TargetSubscriptionID: newID(n)}
	}
	f.closed(f.moving("complete", 0, 1, 20), to(0, 100), to(1, 101), to(2, 120))
	f.clock.advance(48 * time.Hour)
	f.closed(f.moving("partly", 21, 22), to(0, 121), refused(1))
	f.closed(f.moving("failed", 23), refused(0))

	back := request("back")
	back.Actor, back.SourcePartnerTenantID, back.SourcePartnerName = asSource, targetID, "Target"
	opened, err := f.OpenTransfer(f.t.Context(), back)
	require.NoError(f.t, err)
	approval := transfer.Approval{RequestID: "submit-back", Actor: asTarget}
	approval.LineItems = []transfer.Pick{{SubscriptionID: newID(120)}}
	submitted, err := f.Submit(f.t.Context(), opened.ID, approval)
	require.NoError(f.t, err)
	f.closed(submitted, to(0, 220))
	require.False(f.t, f.sub(newID(101)).CancelAt.IsZero(), "R-37")
}

// livesThatAreHeld have line items of which nobody knows, or knew, whether they moved.
func (f fixture) livesThatAreHeld() {
	f.t.Helper()
	held := f.moving("held", 30, 31)
	f.holding(held.ID, 0)
	f.closed(held, transferstore.ItemResult{Ordinal: 1, TargetSubscriptionID: newID(131)})
	for n, movedTo := range []string{"", newID(133)} {
		resolved := f.moving(fmt.Sprintf("resolved-%d", n), 32+n)
		f.holding(resolved.ID, 0)
		_, err := f.CloseTransfer(f.t.Context(), resolved.ID)
		require.NoError(f.t, err)
		f.resolve(resolved.ID, 0, movedTo)
	}
}

// livesThatGoOn are open: nobody answered yet; an item moved, one was tried, one is with the billing system, one is to end.
func (f fixture) livesThatGoOn() {
	f.t.Helper()
	waiting := f.pending("waiting")
	f.label(waiting.ID, targetID, transfer.Labels{ExternalReference: "PO-4711", Tags: []string{"emea", "merger"}})
	f.label(waiting.ID, sourceID, transfer.Labels{ExternalReference: "CASE 9"})
	running := f.moving("running", 40, 41, 42, 43)
	f.sent(running.ID, 1, 2, 3)
	f.record(running.ID, transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(140)},
		transferstore.ItemResult{Ordinal: 1, Failure: "the billing system answered 503"},
		transferstore.ItemResult{Ordinal: 2, Uncounted: true, Failure: "at work", Acceptance: transferstore.Accepted, Where: "https://billing.example/jobs/2"})
	_, err := f.giveUp(running.ID, "The customer left", 3)
	require.NoError(f.t, err)
	require.NoError(f.t, f.RecordRefused(f.t.Context(), transferstore.Refused{
		TransferID: running.ID, RequestID: "late", Actor: asTarget, Refusal: kernel.Refuse(transfer.AlreadyInProgress, "Too late."),
	}))
}

// livesBesides are those of subscriptions and agreements, of e-mails, and of answers.
func (f fixture) livesBesides() {
	f.t.Helper()
	ctx := f.t.Context()
	f.changed(24, subscription.Change{Quantity: wanting(77)})
	f.clock.advance(time.Minute)
	f.changed(24, subscription.Change{FriendlyName: wanting("Füße"), AutoRenew: wanting(false)})
	claim := claimOf("kept")
	require.NoError(f.t, f.Keep(ctx, claim, created))
	mail := f.claimMail("relay", 6, 6)
	require.GreaterOrEqual(f.t, len(mail), 4)
	require.NoError(f.t, f.RecordMail(ctx, "relay", []outbox.MailResult{
		{ID: mail[0].ID, Outcome: outbox.MailSent}, {ID: mail[1].ID, Outcome: outbox.MailUndelivered, Reason: "550 no such user"},
		{ID: mail[2].ID, Outcome: outbox.MailAgain, Reason: "451 later", After: time.Hour}, {ID: mail[3].ID, Outcome: outbox.MailUntried},
	}))
}

// livesOfTies are those of partners, users and relationships, which operators change, and of a sandbox.
func (f fixture) livesOfTies() {
	f.t.Helper()
	box := programme.Partner{
		TenantID: newID(900), Name: "Box", Programs: programme.Enrolled(programme.DirectBill, programme.Active, true), MPNID: "8888899", Market: "DE",
		Currency: "EUR", Locale: "de-DE", Environment: programme.Sandbox, SandboxOf: sourceID, Users: []programme.User{programme.Agent(newID(901), "box@source.example")},
	}
	own := programme.Relationship{PartnerTenantID: sourceID, CustomerTenantID: otherID}
	played := programme.Customer{
		TenantID: newID(902), Name: "Played", Domain: "played.example", Email: "it@played.example", Market: "DE", Locale: "de-DE", Environment: programme.Sandbox,
	}
	for _, c := range []administration.Changes{
		of(World{Partners: []programme.Partner{box}, Customers: []programme.Customer{played}, Relationships: []programme.Relationship{
			own, {PartnerTenantID: box.TenantID, CustomerTenantID: played.TenantID}, {PartnerTenantID: resellerID, CustomerTenantID: otherID, Counterpart: targetID},
		}}),
		of(World{Partners: []programme.Partner{box.With(programme.Agent(newID(903), "two@source.example")).Without(newID(901))}}),
		{EndedRelationships: []programme.Relationship{own}},
	} {
		f.clock.advance(time.Minute)
		_, err := f.administer(c)
		require.NoError(f.t, err)
	}
}

// LivesOn takes every life that goes on in a ledger of EveryLife to its end.
func LivesOn(t *testing.T, l *Ledger) {
	t.Helper()
	f := fixture{Ledger: l, t: t}
	_, err := f.Cancel(t.Context(), idOf("waiting"), transfer.Decision{Actor: asTarget, RequestID: "cancel-waiting"})
	require.NoError(t, err)
	running := f.closed(f.stored(idOf("running")), transferstore.ItemResult{Ordinal: 1, TargetSubscriptionID: newID(141)},
		transferstore.ItemResult{Ordinal: 2, TargetSubscriptionID: newID(142)}, fenced(3, transferstore.FenceUnanswered))
	require.Equal(t, transfer.ItemCounts{Complete: 3, Failed: 1}, running.Items)
	f.resolve(idOf("held"), 0, newID(130))
	require.Equal(t, targetID, f.sub(newID(130)).PartnerTenantID)
	ending := f.sub(newID(101))
	if ending.Billed {
		due, err := f.At(ending.CancelAt).CancelWhenDue(t.Context(), ending.ID)
		require.NoError(t, err)
		require.True(t, due.Due)
	}
	require.NotEmpty(t, f.claimMail("relay after", 50, 50), "what was owed is due")
	again := f.moving("after", 45, 46)
	f.closed(again, transferstore.ItemResult{Ordinal: 0, TargetSubscriptionID: newID(145)}, transferstore.ItemResult{Ordinal: 1, TargetSubscriptionID: newID(146)})
}
