package store

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

// Table maps the rows of one table to values of T. fields gives a pointer per column, in the order of columns.
type Table[T any] struct {
	Name    string
	Columns Columns
	Fields  func(*T) []any
}

// Insert writes the statement that inserts a list of rows. The tail may say what to do about conflicts.
func (t Table[T]) Insert(tail string) Statement {
	names := strings.Join(t.Columns.names(), ", ")
	// WHERE TRUE keeps SQLite from reading the ON of a tail as that of a join.
	return OverRows(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM {rows} WHERE TRUE %s", t.Name, names, t.Columns.Of("r"), tail), t.Columns)
}

// Rows makes the list parameter of a statement over this table's rows.
func (t Table[T]) Rows(of []T) Batch {
	names := t.Columns.names()
	b := make(Batch, len(of))
	for i := range of {
		b[i] = make(map[string]any, len(names))
		for n, field := range t.Fields(&of[i]) {
			b[i][names[n]] = storable(field)
		}
	}
	return b
}

// storable replaces what a text column cannot hold.
func storable(field any) any {
	if v := reflect.ValueOf(field).Elem(); v.Kind() == reflect.String {
		if _, marshals := field.(json.Marshaler); !marshals {
			return Clean(v.String())
		}
	}
	return field
}

// Clean replaces what PostgreSQL refuses in a text: a zero byte and bytes that are not UTF-8. Such texts come from
// billing systems and callers, and must not keep a transfer from being recorded.
func Clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// Batch is a list of rows on its way into a statement.
type Batch []map[string]any

// Value makes a batch the JSON that overRows unpacks.
func (b Batch) Value() (driver.Value, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write rows as JSON: %w", err)
	}
	return string(text), nil
}

// IDColumn is the row source of statements about a list of ids.
const IDColumn Columns = "id text"

// IDRows are rows of one column of ids each.
func IDRows(ids ...string) Batch {
	b := make(Batch, len(ids))
	for i, id := range ids {
		b[i] = map[string]any{"id": Clean(id)}
	}
	return b
}

// mostRows bounds one statement's list, so that memory stays flat however large a transfer or a world is.
const mostRows = 5000

func chunks[T any](rows []T) [][]T { return slices.Collect(slices.Chunk(rows, mostRows)) }
