package store

// One SQL text serves both databases. It is written for PostgreSQL, with $1 placeholders, which SQLite's driver takes as
// they are, and with the token {rows} where a list of rows comes in. A list travels as one JSON parameter, always the
// first: so a statement is the same text for one row and for ten thousand, is prepared once, and no window of line items
// costs more statements than another.

import "strings"

// Dialect tells the two databases apart.
type Dialect string

// The databases.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Statement is one SQL text as each database wants it.
type Statement struct {
	Postgres string
	Sqlite   string
}

// Each makes a statement of its text for each database.
func Each(text func(Dialect) string) Statement {
	return Statement{Postgres: text(Postgres), Sqlite: text(SQLite)}
}

// In is the text for one database.
func (s Statement) In(d Dialect) string {
	if d == SQLite {
		return s.Sqlite
	}
	return s.Postgres
}

// Both writes a statement that takes no list of rows. SQLite has one writer at a time, so it needs no row locks, and a file
// has no clock of its own, so {clock} is nothing there. For {now $1} see DB.Given. Before a column in a condition,
// {no index} keeps SQLite from finding rows by that condition.
func Both(text string) Statement {
	ownClock, noClock := []string{"{clock}", "clock_timestamp()", "{no index}", ""}, []string{"{clock}", "NULL", "{no index}", "+", " FOR UPDATE", ""}
	for _, parameter := range []string{"$1", "$2", "$3", "$4"} {
		// One time for the whole statement, so that indexes serve it.
		ownClock = append(ownClock, "{now "+parameter+"}", "COALESCE(CAST("+parameter+" AS timestamptz), statement_timestamp())")
		noClock = append(noClock, "{now "+parameter+"}", parameter)
	}
	return Statement{Postgres: strings.NewReplacer(ownClock...).Replace(text), Sqlite: strings.NewReplacer(noClock...).Replace(text)}
}

// OverRows writes a statement in which {rows} stands for the rows of the first parameter, called r, with these columns.
func OverRows(text string, c Columns) Statement {
	recordset := "json_to_recordset(CAST($1 AS json)) AS r(" + string(c) + ")"
	var extracted []string
	for _, name := range c.names() {
		extracted = append(extracted, "json_extract(value, '$."+name+"') AS "+name)
	}
	// The limit, which limits nothing, makes SQLite unpack the list once instead of once per row that it is joined with.
	each := "(SELECT " + strings.Join(extracted, ", ") + " FROM jsonb_each($1) LIMIT -1) AS r"
	s := Both(text)
	return Statement{
		Postgres: strings.ReplaceAll(s.Postgres, "{rows}", recordset),
		Sqlite:   strings.ReplaceAll(s.Sqlite, "{rows}", each),
	}
}

// Columns are the columns of a row source or table with their PostgreSQL types: "id text, quantity integer".
type Columns string

// names are the names of the columns, in order.
func (c Columns) names() []string {
	var names []string
	for column := range strings.SplitSeq(string(c), ",") {
		names = append(names, strings.Fields(column)[0])
	}
	return names
}

// Of lists the columns as those of a table alias: "t.id, t.quantity".
func (c Columns) Of(alias string) string {
	names := c.names()
	for i, name := range names {
		names[i] = alias + "." + name
	}
	return strings.Join(names, ", ")
}
