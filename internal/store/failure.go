package store

// Errors are classified here and nowhere else: a refusal, the context's end, a database that cannot be reached, or a
// fault with the name of what was being done.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"handover/internal/kernel"
)

// ErrUnavailable says that the database cannot be reached or asks to be tried again. Nothing is half done; the same call
// may be repeated.
var ErrUnavailable = errors.New("the ledger's database is not available; try again")

// ErrLocked says that somebody else has held what the call needs for too long. Nothing is done; the same call may be
// repeated in a moment.
var ErrLocked = errors.New("something else is being done with the same thing; try again in a moment")

// IsPassing tells an error that the same call may not meet again, because the database did not answer or was held: ErrUnavailable
// or ErrLocked. It is no answer, as opposed to a no.
func IsPassing(err error) bool { return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrLocked) }

// errStandby is why a database is refused that answers, but takes no writes.
var errStandby = errors.New("the database takes no writes; name the primary, or several hosts of which one is it, and see that default_transaction_read_only is off")

// Classify gives an error the form that callers rely on.
func Classify(ctx context.Context, what string, err error) error {
	var refusal *kernel.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return refusal
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case sqlState(err) == lockTimeout:
		return fmt.Errorf("%s: %w (%w)", what, ErrLocked, oneLine{err})
	case unreachable(err):
		return fmt.Errorf("%s: %w (%w)", what, ErrUnavailable, oneLine{err})
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// oneLine is an error in one line: PostgreSQL's driver tells of each address it tried in a line of its own.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

func (e oneLine) Unwrap() error { return e.error }

// commitError is what a transaction ended with at its very end. Unless the database itself says that it did not commit,
// nobody knows whether it did.
type commitError struct{ error }

func (e commitError) Unwrap() error { return e.error }

// The SQLSTATEs that are told apart.
const (
	insufficientPrivilege = "42501"
	uniqueViolation       = "23505"
	readOnlyTransaction   = "25006" // a primary that became a standby
	idleInTransaction     = "25P03"
	serializationFailure  = "40001"
	deadlockDetected      = "40P01"
	objectInUse           = "55006"
	lockTimeout           = "55P03"
	queryCanceled         = "57014" // by a statement timeout: the caller's own end is seen in the context
	inputOutputError      = "58030"
)

// sqlState is what PostgreSQL calls its error; empty when the error is not PostgreSQL's.
func sqlState(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}

// lost tells a change that was undone because of another one at the same time, and may well succeed once that is over.
func lost(err error) bool {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		switch answered.Code {
		case serializationFailure, deadlockDetected, uniqueViolation:
			return true
		}
		return outdatedPlan(answered)
	}
	var lite *sqlitedriver.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// outdatedPlan tells a statement that was prepared before the schema was brought up to date. It is prepared anew next time.
func outdatedPlan(answered *pgconn.PgError) bool { return answered.Routine == "RevalidateCachedQuery" }

// unreachable tells a database that is away, full, read-only or overloaded from one that found fault with the statement.
func unreachable(err error) bool {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return passing(answered.Code) || outdatedPlan(answered)
	}
	var lite *sqlitedriver.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	var network net.Error
	var connect *pgconn.ConnectError
	var commit commitError
	var file *fs.PathError
	return errors.As(err, &network) || errors.As(err, &file) || errors.As(err, &connect) || errors.As(err, &commit) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// passing tells the SQLSTATEs of conditions that pass by themselves: lost connections (08), deadlocks and serialisation
// failures (40), exhausted resources (53), shutdowns, restarts and connections ended by the server (57P), and the single
// ones that stand beside conditions which do not pass.
func passing(code string) bool {
	for _, class := range []string{"08", "40", "53", "57P"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	switch code {
	case readOnlyTransaction, idleInTransaction, objectInUse, queryCanceled, inputOutputError:
		return true
	}
	return false
}
