package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/api/apitest"
)

// Every operation has one row in the table that the suites read, and every row an operation; the description says of it what the row says.
func TestEveryOperationHasARow(t *testing.T) {
	t.Parallel()
	s := setStage(t, 1, 1)
	rows := map[string]apitest.Operation{}
	for _, row := range apitest.Operations() {
		require.NotContains(t, rows, row.ID, "two rows")
		rows[row.ID] = row
	}
	for _, op := range s.operations() {
		row, has := rows[op.id]
		require.True(t, has, "write down in internal/api/apitest who may call %s, and what it changes", op.id)
		delete(rows, op.id)
		assert.Equal(t, op.method != http.MethodGet, len(row.Writes) > 0, "%s: does it change anything?", op.id)
		if row.Roles == nil {
			assert.NotContains(t, op.description, "Needs the role", op.id)
			continue
		}
		needs := "Needs the role " + strings.Join(row.Roles, " or ")
		if row.Users {
			needs += " and a user; application-only tokens are refused"
		}
		assert.Contains(t, op.description, needs+".", op.id)
	}
	assert.Empty(t, rows, "rows of operations that there are not")
}
