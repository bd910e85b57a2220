package main

// The book of moves: one row per key, written in one transaction with all that follows from it. Whatever kills the program
// in between, a key is moved or it is not, and the next request finds which.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver

	"handover/internal/private"
)

const schema = `
CREATE TABLE IF NOT EXISTS moves (
    key              text PRIMARY KEY,
    state            text NOT NULL CHECK (state IN ('at work', 'done', 'refused', 'promised')),
    digest           blob,    -- of what was understood; NULL when it was promised before it was asked for
    old_subscription text,
    new_subscription text CHECK ((state = 'done') = (new_subscription IS NOT NULL)),
    code             text,    -- of a refusal
    message          text,
    due_at           integer, -- when a move at work is done; times are milliseconds
    began_at         integer NOT NULL,
    ended_at         integer,
    call_at          integer, -- when Handover is to be called back; NULL when it is not
    calls            integer NOT NULL DEFAULT 0
) STRICT;
-- Whatever the keys are, a subscription moves once.
CREATE UNIQUE INDEX IF NOT EXISTS moves_once ON moves (old_subscription) WHERE state IN ('at work', 'done');
CREATE INDEX IF NOT EXISTS moves_due ON moves (due_at) WHERE state = 'at work';
CREATE INDEX IF NOT EXISTS moves_call ON moves (call_at) WHERE call_at IS NOT NULL;
`

// state is how far a move is.
type state string

const (
	unheard  state = "" // no row
	atWork   state = "at work"
	done     state = "done"
	refused  state = "refused"  // by us, for good
	promised state = "promised" // never to move
)

// record is one move.
type record struct {
	key             string
	state           state
	digest          []byte
	newSubscription string
	code, message   string
	due             time.Time
	calls           int
}

// book is the table. It is safe for concurrent use, also by several processes.
type book struct{ db *sql.DB }

// openBook opens the file, or makes it, for its owner alone.
func openBook(ctx context.Context, path string) (*book, error) {
	if err := private.Database(path); err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", path, err)
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("%s cannot be used: %w", path, err), db.Close())
	}
	return &book{db}, nil
}

func (b *book) close() error { return b.db.Close() }

// within runs one transaction. Two of them never run side by side.
func (b *book) within(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// find reads the move of a key; its state is unheard when there is none.
func find(ctx context.Context, tx *sql.Tx, key string) (record, error) {
	m := record{key: key}
	var due int64
	err := tx.QueryRowContext(ctx, `SELECT state, digest, coalesce(new_subscription, ''), coalesce(code, ''), coalesce(message, ''),
		coalesce(due_at, 0), calls FROM moves WHERE key = ?`, key).Scan(&m.state, &m.digest, &m.newSubscription, &m.code, &m.message, &due, &m.calls)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	m.due = time.UnixMilli(due)
	return m, err
}

// look reads the move of a key.
func (b *book) look(ctx context.Context, key string) (m record, err error) {
	err = b.within(ctx, func(tx *sql.Tx) error {
		m, err = find(ctx, tx, key)
		return err
	})
	return m, err
}

// post moves, unless something was said about the key before: then that is said again.
func (b *book) post(ctx context.Context, o order, now time.Time, how options) (m record, err error) {
	digest, err := o.digest()
	if err != nil {
		return record{}, err
	}
	err = b.within(ctx, func(tx *sql.Tx) error {
		if m, err = find(ctx, tx, o.Key); err != nil {
			return err
		}
		switch {
		case m.state == unheard:
			m, err = begin(ctx, tx, o, digest, now, how)
		case m.state != promised && !bytes.Equal(m.digest, digest):
			m = record{state: refused, code: "key-reused", message: "The key was used for another move."}
		}
		return err
	})
	return m, err
}

// begin decides about a key that is new. Your system ends the old subscription and begins the new one here, in this
// transaction; see docs/billing-http.md for what to do where that is not possible.
func begin(ctx context.Context, tx *sql.Tx, o order, digest []byte, now time.Time, how options) (record, error) {
	m := record{key: o.Key, digest: digest}
	var other state
	err := tx.QueryRowContext(ctx, `SELECT state FROM moves WHERE old_subscription = ? AND state IN ('at work', 'done')`, o.Subscription.ID).Scan(&other)
	switch {
	case errors.Is(err, sql.ErrNoRows) && how.takes > 0:
		m.state, m.due = atWork, now.Add(how.takes)
	case errors.Is(err, sql.ErrNoRows):
		m.state, m.newSubscription = done, uuid.NewString()
	case err != nil:
		return m, err
	case other == atWork: // which may yet be withdrawn, so this is no last word and is not kept
		m.state, m.code, m.message = refused, "900278", "Another operation on the subscription is pending."
		return m, nil
	default:
		m.state, m.code, m.message = refused, "moved-already", "The subscription was moved before."
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO moves (key, state, digest, old_subscription, new_subscription, code, message, due_at, began_at, ended_at)
		VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), nullif(?6, ''), nullif(?7, ''), iif(?2 = 'at work', ?8, NULL), ?9, iif(?2 = 'at work', NULL, ?9))`,
		m.key, m.state, digest, o.Subscription.ID, m.newSubscription, m.code, m.message, m.due.UnixMilli(), now.UnixMilli())
	return m, err
}

// withdraw promises never to move under the key, also one that was never heard of, unless it is done.
func (b *book) withdraw(ctx context.Context, key string, now time.Time) (m record, err error) {
	err = b.within(ctx, func(tx *sql.Tx) error {
		if m, err = find(ctx, tx, key); err != nil || m.state == done || m.state == refused {
			return err
		}
		m.state = promised
		_, err = tx.ExecContext(ctx, `INSERT INTO moves (key, state, began_at, ended_at) VALUES (?1, 'promised', ?2, ?2)
			ON CONFLICT (key) DO UPDATE SET state = 'promised', ended_at = excluded.ended_at WHERE state = 'at work'`, key, now.UnixMilli())
		return err
	})
	return m, err
}
