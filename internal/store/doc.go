// Package store is the SQL kernel: how a database is opened and brought up to date, how statements are run in transactions, how one
// text serves PostgreSQL and SQLite, and how rows and Go values become each other. It knows no table and no word of any context.
//
// A context keeps its tables like this:
//
//	var colours = store.Table[colour]{Name: "colours", Columns: `id text, name text`, Fields: func(c *colour) []any { return []any{&c.id, &c.name} }}
//	var insertColours = colours.Insert("")
//
//	store.Write(ctx, db, "paint", func(tx store.Tx) (bool, error) {
//		return true, store.Insert(ctx, tx, colours, insertColours, []colour{{"1", "blue"}})
//	})
//
// The story:
//
//	db.go       opening a database, and its clock
//	postgres_surroundings.go  what a PostgreSQL database must be like; sqlite_file.go  how a file is named and kept
//	migrate.go  bringing its schema up to date
//	tx.go       transactions and statements
//	dialect.go  one text for two databases; table.go rows; values.go columns; list.go conditions and pages
//	failure.go  what went wrong, classified once
//	sha256.go   the hash that SQLite lacks
//	news.go     who waits for news is woken
package store
