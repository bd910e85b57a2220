package store

// How statements are run: reads on their own, changes in one transaction each, a check of everything in one snapshot.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"
)

// Tx runs statements in one dialect, inside or outside a transaction.
type Tx struct {
	on     Queries
	db     *DB
	raised *bool // set once others are to be told, in a change
}

// Queries is what runs statements: a *sql.Tx, a *sql.DB.
type Queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// On runs statements by a transaction that somebody else began, and ends.
func (db *DB) On(q Queries) Tx { return Tx{on: q, db: db} }

// Runner is a Tx, or what a context has made of one.
type Runner interface{ tx() Tx }

func (t Tx) tx() Tx { return t }

// Dialect is the database's.
func (t Tx) Dialect() Dialect { return t.db.dialect }

// Now is the time by which a change is decided. See DB.Time.
func (t Tx) Now(ctx context.Context) (time.Time, error) { return t.db.Time(ctx, t) }

// Raise has those told who wait for news, once the change is committed.
func (t Tx) Raise() {
	if t.raised != nil {
		*t.raised = true
	}
}

// Read answers a question outside a transaction.
func Read[T any](ctx context.Context, db *DB, what string, ask func(Tx) (T, error)) (T, error) {
	answer, err := ask(Tx{on: db.reader, db: db})
	return classified(ctx, what, answer, err)
}

// tries is how often a change is made that lost against another one, the first time included.
const tries = 3

// Write makes a change in one transaction: all of it or, after an error, nothing. A change that lost against another one,
// through a deadlock or because both wrote the same key, is made again from its beginning: do must not keep anything of
// an earlier try. Once it is committed, those are told who wait for news, where Raise said so.
func Write[T any](ctx context.Context, db *DB, what string, do func(Tx) (T, error)) (T, error) {
	for try := 1; ; try++ {
		var raised bool
		result, err := within(ctx, db.writer, nil, func(tx *sql.Tx) (T, error) { return do(Tx{on: tx, db: db, raised: &raised}) })
		if err == nil && raised {
			db.wakes.poke()
		}
		if err == nil || try == tries || !lost(err) || !pause(ctx, try) {
			return classified(ctx, what, result, err)
		}
	}
}

// pause keeps two changes that met from meeting again, and tells whether there is still somebody who waits.
func pause(ctx context.Context, try int) bool {
	timer := time.NewTimer(rand.N(10*time.Millisecond<<try) + time.Millisecond) //nolint:gosec // nobody gains by guessing it
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Snapshot asks several questions of one committed instant, however long they take.
func Snapshot[T any](ctx context.Context, db *DB, what string, ask func(Tx) (T, error)) (T, error) {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	answer, err := within(ctx, db.reader, options, func(tx *sql.Tx) (T, error) {
		if db.dialect == Postgres {
			if _, err := tx.ExecContext(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
				var nothing T
				return nothing, err
			}
		}
		return ask(Tx{on: tx, db: db})
	})
	return classified(ctx, what, answer, err)
}

func classified[T any](ctx context.Context, what string, result T, err error) (T, error) {
	if err != nil {
		var nothing T
		return nothing, Classify(ctx, what, err)
	}
	return result, nil
}

func within[T any](ctx context.Context, db *sql.DB, options *sql.TxOptions, do func(*sql.Tx) (T, error)) (T, error) {
	var result T
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return result, err
	}
	result, err = do(tx)
	if err != nil {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			return result, errors.Join(err, rollback)
		}
		return result, err
	}
	if err := tx.Commit(); err != nil {
		return result, commitError{err}
	}
	return result, nil
}

// about is the text of a statement that is about to run.
func (db *DB) about(st Statement, args []any) string {
	text := st.In(db.dialect)
	db.statements.Add(1)
	db.observe(text, args)
	return text
}

// Exec runs a statement and tells how many rows it changed.
func (t Tx) Exec(ctx context.Context, st Statement, args ...any) (int64, error) {
	bound, err := plain(args)
	if err != nil {
		return 0, err
	}
	result, err := t.on.ExecContext(ctx, t.db.about(st, bound), bound...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// All runs a query and reads every row; fields gives the places that one row is read into.
func All[T any](ctx context.Context, r Runner, st Statement, fields func(*T) []any, args ...any) (found []T, err error) {
	bound, err := plain(args)
	if err != nil {
		return nil, err
	}
	t := r.tx()
	rows, err := t.on.QueryContext(ctx, t.db.about(st, bound), bound...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// One runs a query for at most one row and tells whether there was one.
func One[T any](ctx context.Context, r Runner, st Statement, fields func(*T) []any, args ...any) (T, bool, error) {
	found, err := All(ctx, r, st, fields, args...)
	if err != nil || len(found) == 0 {
		var nothing T
		return nothing, false, err
	}
	return found[0], true, nil
}

// Known runs a query for one thing that must exist; missing is the refusal when it does not.
func Known[T any](ctx context.Context, r Runner, missing error, st Statement, fields func(*T) []any, args ...any) (T, error) {
	found, exists, err := One(ctx, r, st, fields, args...)
	if err == nil && !exists {
		err = missing
	}
	return found, err
}

// Value is the fields of a query with a single column.
func Value[T any](v *T) []any { return []any{v} }

// Insert writes the rows, in as many statements as their number needs.
func Insert[T any](ctx context.Context, r Runner, t Table[T], st Statement, rows []T) error {
	for _, chunk := range chunks(rows) {
		if _, err := r.tx().Exec(ctx, st, t.Rows(chunk)); err != nil {
			return err
		}
	}
	return nil
}

// plain makes arguments plain values, so that both drivers see the same.
func plain(args []any) ([]any, error) {
	bound := make([]any, len(args))
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, err
		}
		if text, ok := v.(string); ok {
			v = Clean(text)
		}
		bound[i] = v
	}
	return bound, nil
}
