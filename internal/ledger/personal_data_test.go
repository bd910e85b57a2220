package ledger

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
)

// columnsRow is a row of the table of what stands in the ledger.
var columnsRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (`[a-z_`, ]+`) \\| (personal|none) \\| [^|]+ \\| [^|]+ \\|$")

// Of every column of both schemas docs/personal-data.md says, once, whether what is personal stands there; it knows of no other.
func TestEveryColumnIsAccountedFor(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/personal-data.md")
	require.NoError(t, err)
	said := map[string]bool{}
	for _, row := range columnsRow.FindAllStringSubmatch(string(text), -1) {
		for column := range strings.SplitSeq(row[2], ", ") {
			name := row[1] + "." + strings.Trim(column, "`")
			assert.False(t, said[name], "%s stands in two rows", name)
			said[name] = true
		}
	}
	open := func(url string) fixture {
		l, err := Open(t.Context(), url, Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return fixture{Ledger: l, t: t}
	}
	for _, there := range [][]string{
		open("sqlite://" + filepath.Join(t.TempDir(), "ledger.db")).rows(`SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version'`),
		open(pgtest.Shared(t)).rows(`SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'goose_db_version'`),
	} {
		require.NotEmpty(t, there)
		for _, column := range there {
			assert.True(t, said[column], "docs/personal-data.md does not say whether %s is personal", column)
		}
		for column := range said {
			assert.True(t, slices.Contains(there, column), "docs/personal-data.md knows %s, and there is none", column)
		}
	}
}
