package integration

// A hand in the ledger's database, that holds the programs up at a certain statement for as long as a test needs.

import (
	"database/sql"
	"database/sql/driver"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// hand works in the database beside the programs.
type hand struct {
	db       *sql.DB
	postgres bool
}

func reachInto(t *testing.T, ledgerURL string) hand {
	t.Helper()
	kind, name := "pgx", ledgerURL
	path, lite := strings.CutPrefix(ledgerURL, "sqlite://")
	if lite {
		kind, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(60000)"
	}
	db, err := sql.Open(kind, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return hand{db, !lite}
}

// patient is the setting of a ledger on PostgreSQL whose programs wait for a lock for as long as a test holds it.
func patient(t *testing.T, ledgerURL string) string {
	t.Helper()
	if strings.HasPrefix(ledgerURL, "sqlite://") {
		return "HANDOVER_LEDGER_URL=" + ledgerURL
	}
	u, err := url.Parse(ledgerURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("lock_timeout", "1min")
	q.Set("statement_timeout", "1min")
	u.RawQuery = q.Encode()
	return "HANDOVER_LEDGER_URL=" + u.String()
}

func (h hand) does(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := h.db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

func (h hand) counts(t *testing.T, query string) int {
	t.Helper()
	var n int
	require.NoError(t, h.db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// answered counts the requests of a set of writes whose answers are kept, which they are with what they did.
func (h hand) answered(t *testing.T, writes []write) int {
	t.Helper()
	keys := make([]string, len(writes))
	for i, w := range writes {
		keys[i] = "'" + w.ask.key + "'"
	}
	return h.counts(t, "SELECT COUNT(*) FROM api_requests WHERE request_key IN ("+strings.Join(keys, ", ")+") AND status IS NOT NULL")
}

// behind counts the runs that have yet to be told to look.
func (h hand) behind(t *testing.T) int {
	t.Helper()
	return h.counts(t, "SELECT COUNT(*) FROM runs WHERE told < wanted")
}

// waiting counts who waits for a lock in this database of PostgreSQL.
func (h hand) waiting(t *testing.T) int {
	t.Helper()
	return h.counts(t, "SELECT COUNT(DISTINCT pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
}

// holds does the statements on a connection of its own; what they lock stays locked until it lets go, or the test is over.
func (h hand) holds(t *testing.T, statements ...string) (letGo func()) {
	t.Helper()
	connection, err := h.db.Conn(t.Context())
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := connection.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	letGo = sync.OnceFunc(func() {
		_ = connection.Raw(func(any) error { return driver.ErrBadConn }) // ends the connection, and with it what it holds
		_ = connection.Close()
	})
	t.Cleanup(letGo)
	return letGo
}
