package ledger

// A table says once which columns it has and where a row's values live in Go. Reading, inserting and updating all follow
// from that, so that a column cannot be read in one order and written in another.

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// table maps the rows of one table to values of T. fields gives a pointer per column, in the order of columns.
type table[T any] struct {
	name    string
	columns columns
	fields  func(*T) []any
}

// insert writes the statement that inserts a list of rows. The tail may say what to do about conflicts.
func (t table[T]) insert(tail string) statement {
	names := strings.Join(t.columns.names(), ", ")
	// WHERE TRUE keeps SQLite from reading the ON of a tail as that of a join.
	return overRows(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM {rows} WHERE TRUE %s", t.name, names, t.columns.of("r"), tail), t.columns)
}

// rows makes the list parameter of a statement over this table's rows.
func (t table[T]) rows(of []T) batch {
	names := t.columns.names()
	b := make(batch, len(of))
	for i := range of {
		b[i] = make(map[string]any, len(names))
		for n, field := range t.fields(&of[i]) {
			b[i][names[n]] = storable(field)
		}
	}
	return b
}

// storable replaces what a text column cannot hold.
func storable(field any) any {
	if v := reflect.ValueOf(field).Elem(); v.Kind() == reflect.String {
		if _, marshals := field.(json.Marshaler); !marshals {
			return clean(v.String())
		}
	}
	return field
}

// clean replaces what PostgreSQL refuses in a text: a zero byte and bytes that are not UTF-8. Such texts come from
// billing systems and callers, and must not keep a transfer from being recorded.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// batch is a list of rows on its way into a statement.
type batch []map[string]any

// Value makes a batch the JSON that overRows unpacks.
func (b batch) Value() (driver.Value, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write rows as JSON: %w", err)
	}
	return string(text), nil
}

// idColumn is the row source of statements about a list of ids.
const idColumn columns = "id text"

func idRows(ids ...string) batch {
	b := make(batch, len(ids))
	for i, id := range ids {
		b[i] = map[string]any{"id": clean(id)}
	}
	return b
}

// mostRows bounds one statement's list, so that memory stays flat however large a transfer or a world is.
const mostRows = 5000

func chunks[T any](rows []T) [][]T { return slices.Collect(slices.Chunk(rows, mostRows)) }
