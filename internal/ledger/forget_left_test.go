package ledger

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/store"
)

// persons are what nothing in the ledger may say once they are forgotten.
var persons = []string{"zoe@contoso", "Zoë", "max@target", sourceAgent + "\"", "ada@contoso", "Byron", "123\"", "rang", "asked us", "no such mailbox", "tom@contoso", "Tom typed"}

// everything is all that stands in the database, table by table, as its own schema lists them; what is packed, unpacked. Queues of files
// and other programs are none of it.
func (f fixture) everything() map[string][]string {
	f.t.Helper()
	names := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if f.Dialect() == store.Postgres {
		names = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
	}
	all := map[string][]string{}
	for _, table := range f.rows(names) {
		all[table] = f.allOf(table)
	}
	return all
}

// allOf is all that stands in the table.
func (f fixture) allOf(table string) (all []string) {
	f.t.Helper()
	rows, err := f.Reader().QueryContext(f.t.Context(), "SELECT * FROM "+table)
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(f.t, err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(f.t, rows.Scan(values...))
		for i, v := range values {
			all = append(all, columns[i]+": "+unpacked(f.t, *v.(*any)))
		}
	}
	require.NoError(f.t, rows.Err())
	return all
}

// unpacked is the value as a text.
func unpacked(t *testing.T, value any) string {
	t.Helper()
	packed, isBytes := value.([]byte)
	if !isBytes {
		return fmt.Sprint(value)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return string(packed)
	}
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(text)
}

// saidOf is where in the database something is said that is unmistakably one of those.
func (f fixture) saidOf(whom ...string) (where []string) {
	f.t.Helper()
	for table, values := range f.everything() {
		for _, value := range values {
			for _, person := range whom {
				if strings.Contains(value, person) {
					where = append(where, table+"."+value)
				}
			}
		}
	}
	return where
}

// unmistakable are those of the persons that stand for nothing else.
var unmistakable = []string{"zoe@contoso", "Zoë", "max@target", "ada@contoso", "Byron", "Zoë rang", "asked us", "no such mailbox", "tom@contoso", "Tom typed"}

// What was forgotten of a customer, or for its age once what has a time of its own is over, stands nowhere in the database any more, in no
// table and column that there is, and neither do the salts by which it could be tried.
func TestNothingIsLeftAnywhere(t *testing.T) {
	for name, how := range map[string]func(fixture){
		"of a customer": func(f fixture) { f.forget(ofCustomer(customerID)) },
		"for its age": func(f fixture) {
			f.clock.advance(quarter + time.Hour)
			_, err := f.ForgetRequests(f.t.Context())
			require.NoError(f.t, err)
			f.forget(older())
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
				f.personal()
				for _, person := range unmistakable {
					require.NotEmpty(t, f.saidOf(person), person)
				}
				salts := f.rows("SELECT s.salt FROM log_salts s JOIN activity_log a ON a.id = s.record_id WHERE a.new_value LIKE '%contoso.example%' OR a.user_id LIKE '%contoso.example'")
				require.NotEmpty(t, salts)
				how(f)
				require.Empty(t, f.saidOf(unmistakable...))
				require.Empty(t, f.saidOf(salts...))
				f.holds()
			})
		})
	}
}

// silent asserts that no record, mail or transfer says anything of the persons.
func (f fixture) silent() {
	f.t.Helper()
	for _, table := range []string{"transfers", "line_items", "activity_log", "notifications", "agreements", "webhook_attempts"} {
		for _, row := range f.rows("SELECT * FROM " + table) {
			for _, person := range persons {
				require.NotContains(f.t, row, person, table)
			}
		}
	}
	require.Empty(f.t, f.rows("SELECT excerpt FROM webhook_attempts WHERE excerpt = 'said'"))
	require.Empty(f.t, f.rows("SELECT id FROM notifications WHERE recipient NOT LIKE '"+kernel.TombstonePattern+"'"))
}
