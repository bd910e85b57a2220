package integration

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"handover/internal/ledger"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
	"handover/workflows/transfers"
)

// versionBefore is the schema of the version before the ledger decided.
const versionBefore = 3

// Row 38 of the races: a data folder of the version before, with a transfer in every state and its runs at work. The workers of
// this version end those runs and begin others, which go on where the ledger is; nobody has to do anything.
//
// The runs of that version are open ones under their ids that nobody has worked on: what they did before does not matter,
// since they are ended unread.
func TestALedgerOfTheVersionBeforeIsTakenOver(t *testing.T) {
	t.Parallel()
	const customers = 6
	w := withFaults(world.Large(customers, 3), largeParties(2).customer, "", failing, "")
	path := filepath.Join(t.TempDir(), "ledger.db")
	ids := ofTheVersionBefore(t, path, w)

	p, s := startPlatform(t, "sqlite://"+path, w)
	c := s.temporal(t)
	old := map[string]string{}
	for _, name := range []string{"Pending", "InProgress", "half moved"} {
		run, err := c.ExecuteWorkflow(t.Context(), transfers.StartOptions(ids[name], transfer.State{}), transfers.Type, requestOf(largeParties(0)))
		require.NoError(t, err)
		old[name] = run.GetRunID()
	}
	launchWorker(t, p)
	for name, id := range ids {
		if old[name] == "" {
			assert.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, runOf(t, c, id), "%s is over and needs no run", name)
			continue
		}
		eventually(t, name+" is taken over", func() bool {
			before, err := c.DescribeWorkflowExecution(t.Context(), transfer.WorkflowID(id), old[name])
			require.NoError(t, err)
			return before.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
		})
		follows(t, p.Ledger, c, id)
	}
	finishes(t, p.Ledger, largeParties(0), ids["Pending"])
	eventually(t, "two line items are moved", func() bool { return moved(t, p.Ledger, ids["half moved"]) == 2 })
	givesUp(t, p.Ledger, ids["half moved"])
	for name, status := range map[string]transfer.Status{
		"Pending": transfer.Cancelled, "InProgress": transfer.Complete, "half moved": transfer.PartiallyComplete,
	} {
		s.over(t, ids[name])
		now, err := p.Ledger.Transfer(t.Context(), ids[name])
		require.NoError(t, err)
		assert.Equal(t, status, now.Status, name)
	}
	movedOnce(t, s.get(t, ids["InProgress"]).LineItems, 3)
	s.verified(t)
}

// ofTheVersionBefore makes a ledger as the version before left it, and returns its transfers by how they stand.
func ofTheVersionBefore(t *testing.T, path string, w ledger.World) map[string]string {
	t.Helper()
	now := filepath.Join(t.TempDir(), "now.db")
	book, err := ledger.Open(t.Context(), "sqlite://"+now, ledger.Options{})
	require.NoError(t, err)
	require.NoError(t, book.Seed(t.Context(), w))
	ids := map[string]string{
		"Pending": opened(t, book, largeParties(0)), "InProgress": submitted(t, book, largeParties(1)), "half moved": submitted(t, book, largeParties(2)),
		"Cancel": cancelled(t, book, largeParties(3)), "Complete": submitted(t, book, largeParties(4)),
	}
	moves(t, book, ids["half moved"], 0)
	moves(t, book, ids["Complete"], 0, 1, 2)
	closed, err := book.CloseTransfer(t.Context(), ids["Complete"])
	require.NoError(t, err)
	require.Equal(t, transfer.Complete, closed.Status)
	require.NoError(t, book.Close())

	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(1) // the other ledger is attached to one connection
	migrations, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("../../internal/ledger/migrations/sqlite"))
	require.NoError(t, err)
	_, err = migrations.UpTo(t.Context(), versionBefore)
	require.NoError(t, err)
	fillFrom(t, db, now)
	return ids
}

// moves records that these line items moved.
func moves(t *testing.T, book *ledger.Ledger, id string, ordinals ...int) {
	t.Helper()
	items, err := book.Items(t.Context(), id, 0, -1)
	require.NoError(t, err)
	results := make([]transferstore.ItemResult, len(ordinals))
	for i, n := range ordinals {
		results[i] = transferstore.ItemResult{Ordinal: n, TargetSubscriptionID: transfer.TargetSubscriptionID(id, items[n].SubscriptionID)}
	}
	_, err = book.RecordItems(t.Context(), id, results)
	require.NoError(t, err)
}

// older is a table of the version before by where its rows stand today, and by those of its columns that are said otherwise.
type older struct {
	from    string
	columns map[string]string
}

const enrolment = "(SELECT e.%s FROM newer.program_enrolments e WHERE e.partner_tenant_id = n.tenant_id)"

var olderTables = map[string]older{
	"partners": {"newer.partners n", map[string]string{
		"type": fmt.Sprintf(enrolment, "program"), "status": fmt.Sprintf(enrolment, "status"), "mpa_signed": fmt.Sprintf(enrolment, "agreement_accepted"),
	}},
	"admin_agents":     {"newer.partner_users n WHERE n.admin_agent AND n.ended_at IS NULL", nil},
	"audit_records":    {"newer.activity_log n WHERE n.resource_type = 'transfer'", map[string]string{"transfer_id": "n.resource_id", "detail": "n.new_value"}},
	"activity_records": {"newer.activity_log n WHERE n.resource_type <> 'transfer'", nil},
	"notifications":    {"newer.notifications n", map[string]string{"transfer_id": "n.subject_id"}},
}

// fillFrom copies what both schemas have; what only the older one has gets what it had there for a transfer like these.
func fillFrom(t *testing.T, db *sql.DB, newer string) {
	t.Helper()
	has := func(schema, table string) []string {
		return texts(t, db, fmt.Sprintf("SELECT name FROM pragma_table_info('%s', '%s')", table, schema))
	}
	_, err := db.ExecContext(t.Context(), "ATTACH ? AS newer", newer)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "PRAGMA foreign_keys = 0")
	require.NoError(t, err)
	for _, table := range texts(t, db, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'") {
		if table == "api_requests" {
			continue // no request is under way
		}
		was, renamed := olderTables[table]
		if !renamed {
			was.from = "newer." + table + " n"
		}
		there := has("newer", strings.TrimPrefix(strings.Fields(was.from)[0], "newer."))
		columns := has("main", table)
		values := slices.Clone(columns)
		for i, column := range columns {
			if said := was.columns[column]; said != "" {
				values[i] = said
			} else if !slices.Contains(there, column) {
				values[i] = "''"
			}
		}
		_, err := db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO main.%s (%s) SELECT %s FROM %s",
			table, strings.Join(columns, ", "), strings.Join(values, ", "), was.from))
		require.NoError(t, err, table)
	}
}

// texts are the rows of a query with one column.
func texts(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var one string
		require.NoError(t, rows.Scan(&one))
		all = append(all, one)
	}
	require.NoError(t, rows.Err())
	return all
}
