package ledger

// Errors are classified here and nowhere else: a refusal, the context's end, a database that cannot be reached, or a
// fault with the name of what was being done.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"handover/internal/transfer"
)

// ErrUnavailable says that the database cannot be reached or asks to be tried again. Nothing is half done; the same call
// may be repeated.
var ErrUnavailable = errors.New("the ledger's database is not available; try again")

// ErrNotEmpty is the answer to seeding a ledger that is in use.
var ErrNotEmpty = errors.New("the ledger holds partners already; only an empty ledger can be seeded")

// classify gives an error the form that callers rely on.
func classify(ctx context.Context, what string, err error) error {
	var refusal *transfer.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return refusal
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
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

// unreachable tells a database that is away, full or overloaded from one that found fault with the statement.
func unreachable(err error) bool {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return passing(answered.Code)
	}
	var lite *sqlitedriver.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL:
			return true
		}
		return false
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// passing tells the SQLSTATEs of conditions that pass by themselves: lost connections (08), deadlocks and serialisation
// failures (40), exhausted resources (53), shutdowns and restarts (57P) and a primary that became a standby (25006).
func passing(code string) bool {
	for _, class := range []string{"08", "40", "53", "57P"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return code == "25006"
}
