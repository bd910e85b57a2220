package main

// With --takes, a move is accepted first and done when it is due, also when the program was killed meanwhile: what is at work
// stands in the book.

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
)

// lookEvery is how often it looks for what is due.
const lookEvery = 100 * time.Millisecond

// every does something again and again until the context ends. What fails is done the next time.
func (s *system) every(ctx context.Context, pause time.Duration, do func(ctx context.Context) error) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := do(ctx); err != nil && ctx.Err() == nil {
				s.log.Print("Something is done later: ", err)
			}
		}
	}
}

// finish ends every move that is due.
func (s *system) finish(ctx context.Context) error {
	keys, err := s.moves.keys(ctx, `SELECT key FROM moves WHERE state = 'at work' AND due_at <= ? ORDER BY due_at LIMIT 100`, s.now())
	for _, key := range keys {
		if err := s.moves.finish(ctx, key, s.now(), s.options.callback != ""); err != nil {
			return err
		}
	}
	return err
}

// keys lists the moves that a query finds due.
func (b *book) keys(ctx context.Context, query string, now time.Time) (keys []string, err error) {
	err = b.within(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, now.UnixMilli())
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return rows.Err()
	})
	return keys, err
}

// finish ends one move, unless it was withdrawn meanwhile.
func (b *book) finish(ctx context.Context, key string, now time.Time, call bool) error {
	return b.within(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE moves SET state = 'done', new_subscription = ?1, ended_at = ?2, call_at = iif(?3, ?2, NULL)
			WHERE key = ?4 AND state = 'at work'`, uuid.NewString(), now.UnixMilli(), call, key)
		return err
	})
}
