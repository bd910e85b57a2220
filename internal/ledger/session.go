package ledger

// How statements are run: reads on their own, changes in one transaction each, a check of everything in one snapshot.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// session runs statements in one dialect, inside or outside a transaction.
type session struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
	dialect    dialect
	statements *atomic.Int64
	at         func(context.Context, session) (time.Time, error)
	raised     *bool // set once a run was made to look, in a change
}

func (l *Ledger) reading() session {
	return session{on: l.reader, dialect: l.dialect, statements: &l.statements, at: l.at}
}

func (l *Ledger) inside(tx *sql.Tx, raised *bool) session {
	return session{on: tx, dialect: l.dialect, statements: &l.statements, at: l.at, raised: raised}
}

// read answers a question outside a transaction.
func read[T any](ctx context.Context, l *Ledger, what string, ask func(session) (T, error)) (T, error) {
	answer, err := ask(l.reading())
	return settled(ctx, what, answer, err)
}

// tries is how often a change is made that lost against another one, the first time included.
const tries = 3

// write makes a change in one transaction: all of it or, after an error, nothing. A change that lost against another one,
// through a deadlock or because both wrote the same key, is made again from its beginning: do must not keep anything of
// an earlier try. Once it is committed, those who make runs follow are told.
func write[T any](ctx context.Context, l *Ledger, what string, do func(session) (T, error)) (T, error) {
	for try := 1; ; try++ {
		var raised bool
		result, err := within(ctx, l.writer, nil, func(tx *sql.Tx) (T, error) { return do(l.inside(tx, &raised)) })
		if err == nil && raised {
			l.wakes.poke()
		}
		if err == nil || try == tries || !lost(err) || !pause(ctx, try) {
			return settled(ctx, what, result, err)
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

// snapshot asks several questions of one committed instant, however long they take.
func snapshot[T any](ctx context.Context, l *Ledger, what string, ask func(session) (T, error)) (T, error) {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	answer, err := within(ctx, l.reader, options, func(tx *sql.Tx) (T, error) {
		if l.dialect == postgres {
			if _, err := tx.ExecContext(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
				var nothing T
				return nothing, err
			}
		}
		return ask(l.inside(tx, nil))
	})
	return settled(ctx, what, answer, err)
}

func settled[T any](ctx context.Context, what string, result T, err error) (T, error) {
	if err != nil {
		var nothing T
		return nothing, classify(ctx, what, err)
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

// exec runs a statement and tells how many rows it changed.
func (s session) exec(ctx context.Context, st statement, args ...any) (int64, error) {
	bound, err := bind(args)
	if err != nil {
		return 0, err
	}
	s.statements.Add(1)
	result, err := s.on.ExecContext(ctx, st.in(s.dialect), bound...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// all runs a query and reads every row; fields gives the places that one row is read into.
func all[T any](ctx context.Context, s session, st statement, fields func(*T) []any, args ...any) (found []T, err error) {
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	s.statements.Add(1)
	rows, err := s.on.QueryContext(ctx, st.in(s.dialect), bound...)
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

// one runs a query for at most one row and tells whether there was one.
func one[T any](ctx context.Context, s session, st statement, fields func(*T) []any, args ...any) (T, bool, error) {
	found, err := all(ctx, s, st, fields, args...)
	if err != nil || len(found) == 0 {
		var nothing T
		return nothing, false, err
	}
	return found[0], true, nil
}

// known runs a query for one thing that must exist; missing is the refusal when it does not.
func known[T any](ctx context.Context, s session, missing error, st statement, fields func(*T) []any, args ...any) (T, error) {
	found, exists, err := one(ctx, s, st, fields, args...)
	if err == nil && !exists {
		err = missing
	}
	return found, err
}

// value is the fields of a query with a single column.
func value[T any](v *T) []any { return []any{v} }

// insert writes the rows, in as many statements as their number needs.
func insert[T any](ctx context.Context, s session, t table[T], st statement, rows []T) error {
	for _, chunk := range chunks(rows) {
		if _, err := s.exec(ctx, st, t.rows(chunk)); err != nil {
			return err
		}
	}
	return nil
}

// bind makes arguments plain values, so that both drivers see the same.
func bind(args []any) ([]any, error) {
	bound := make([]any, len(args))
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, err
		}
		if text, ok := v.(string); ok {
			v = clean(text)
		}
		bound[i] = v
	}
	return bound, nil
}
