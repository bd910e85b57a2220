package ledger

import (
	"regexp"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"handover/internal/store"
)

// listener has the statements that a ledger ran, while somebody listens.
type listener struct {
	mu         sync.Mutex
	listening  bool
	statements []statement
	before     func(query string) // asked before each, when there is one
}

type statement struct {
	query string
	args  []any
}

func (h *listener) hear(query string, args []any) {
	h.mu.Lock()
	before := h.before
	if h.listening {
		h.statements = append(h.statements, statement{query, args})
	}
	h.mu.Unlock()
	if before != nil {
		before(query)
	}
}

// interrupt has somebody act before each statement.
func (h *listener) interrupt(before func(query string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before = before
}

// plansOf is how the database runs those statements of a call that the pattern fits, one plan each, in order.
func (f fixture) plansOf(pattern string, call func()) []string {
	f.t.Helper()
	f.heard.mu.Lock()
	f.heard.listening, f.heard.statements = true, nil
	f.heard.mu.Unlock()
	call()
	f.heard.mu.Lock()
	ran := f.heard.statements
	f.heard.listening = false
	f.heard.mu.Unlock()
	var plans []string
	for _, st := range ran {
		if regexp.MustCompile(pattern).MatchString(st.query) {
			plans = append(plans, f.planOf(st))
		}
	}
	require.NotEmpty(f.t, plans, "no statement fits %s", pattern)
	return plans
}

func (f fixture) planOf(st statement) string {
	f.t.Helper()
	explain := map[store.Dialect]string{store.Postgres: "EXPLAIN ", store.SQLite: "EXPLAIN QUERY PLAN "}[f.Dialect()]
	rows, err := f.Reader().QueryContext(f.t.Context(), explain+st.query, st.args...)
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, rows.Close()) }()
	var lines []string
	for rows.Next() {
		var line string
		into := []any{&line}
		if f.Dialect() == store.SQLite {
			into = []any{new(int), new(int), new(int), &line}
		}
		require.NoError(f.t, rows.Scan(into...))
		lines = append(lines, line)
	}
	require.NoError(f.t, rows.Err())
	return strings.Join(lines, "\n")
}

// columns are those of a table but for some.
func (f fixture) columns(table string, but ...string) []string {
	f.t.Helper()
	rows, err := f.Reader().QueryContext(f.t.Context(), "SELECT * FROM "+table+" LIMIT 0")
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, rows.Close()) }()
	names, err := rows.Columns()
	require.NoError(f.t, err)
	require.NoError(f.t, rows.Err())
	var kept []string
	for _, name := range names {
		if !strings.Contains(" "+strings.Join(but, " ")+" ", " "+name+" ") {
			kept = append(kept, name)
		}
	}
	return kept
}
