package ledger

// How statements are run: reads on their own, changes in one transaction each, a check of everything in one snapshot.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"
)

// session runs statements in one dialect, inside or outside a transaction.
type session struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
	dialect    dialect
	statements *atomic.Int64
}

// read answers a question outside a transaction.
func read[T any](ctx context.Context, l *Ledger, what string, ask func(session) (T, error)) (T, error) {
	answer, err := ask(session{on: l.reader, dialect: l.dialect, statements: &l.statements})
	return settled(ctx, what, answer, err)
}

// write makes a change in one transaction: all of it or, after an error, nothing.
func write[T any](ctx context.Context, l *Ledger, what string, do func(session) (T, error)) (T, error) {
	result, err := within(ctx, l, l.writer, nil, do)
	return settled(ctx, what, result, err)
}

// snapshot asks several questions of one committed instant.
func snapshot[T any](ctx context.Context, l *Ledger, what string, ask func(session) (T, error)) (T, error) {
	answer, err := within(ctx, l, l.reader, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, ask)
	return settled(ctx, what, answer, err)
}

func settled[T any](ctx context.Context, what string, result T, err error) (T, error) {
	if err != nil {
		var nothing T
		return nothing, classify(ctx, what, err)
	}
	return result, nil
}

func within[T any](ctx context.Context, l *Ledger, db *sql.DB, options *sql.TxOptions, do func(session) (T, error)) (T, error) {
	var result T
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return result, err
	}
	result, err = do(session{on: tx, dialect: l.dialect, statements: &l.statements})
	if err != nil {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			return result, errors.Join(err, rollback)
		}
		return result, err
	}
	return result, tx.Commit()
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
