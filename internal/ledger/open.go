package ledger

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the SQLite driver

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Options say what the ledger decides by.
type Options struct {
	Policy transfer.Policy    // zero for transfer.DefaultPolicy
	Rules  subscription.Rules // of changes of subscriptions; zero for transfer.DefaultRules
	Now    func() time.Time   // nil for the database's clock, which is the same for all programs
}

// Ledger is the system of record. It is safe for concurrent use, by several programs on one database too.
type Ledger struct {
	dialect    dialect
	writer     *sql.DB
	reader     *sql.DB // the same as writer on PostgreSQL
	policy     transfer.Policy
	change     subscription.Rules
	clock      func() time.Time // nil for the database's
	wakes      *wakes
	rules      *rulebook
	statements atomic.Int64
}

const (
	// mostConnections bounds what one program takes of PostgreSQL.
	mostConnections = 20
	// mostReaders bounds the readers of SQLite, which never wait for its one writer.
	mostReaders = 4
	// connectTimeout keeps a database that does not answer from holding up its caller for minutes.
	connectTimeout = 10 * time.Second
)

// Open opens the ledger in the database and brings its schema up to date; several programs may do so at once. The URL is
// postgres://user@host:5432/name, sqlite:///absolute/path.db or sqlite://relative/path.db; a SQLite file and its folder
// are created when missing.
//
// Errors: a URL of another form, ErrUnavailable, a migration that failed.
func Open(ctx context.Context, databaseURL string, o Options) (*Ledger, error) {
	l := &Ledger{policy: o.Policy, change: o.Rules, clock: o.Now, wakes: newWakes()}
	if l.policy.ProductTypes == nil {
		l.policy = transfer.DefaultPolicy()
	}
	if o.Rules == (subscription.Rules{}) {
		l.change = subscription.DefaultRules()
	}
	scheme, rest, _ := strings.Cut(databaseURL, "://")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return l.opened(ctx, l.openPostgres(ctx, databaseURL))
	case scheme == "sqlite" && rest != "" && !strings.Contains(rest, "?"):
		return l.opened(ctx, l.openSQLite(ctx, rest))
	default:
		return nil, errors.New("the database URL must be postgres://user@host:5432/name, sqlite:///absolute/path.db or sqlite://relative/path.db")
	}
}

// opened gives the ledger away, or closes what was opened of it.
func (l *Ledger) opened(ctx context.Context, err error) (*Ledger, error) {
	if err == nil {
		err = l.enterPolicy(ctx)
	}
	if err == nil {
		return l, nil
	}
	return nil, classify(ctx, "open the ledger", errors.Join(err, l.Close()))
}

func (l *Ledger) openPostgres(ctx context.Context, databaseURL string) error {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil && !strings.Contains(databaseURL, "target_session_attrs") {
		config.ValidateConnect = takesWrites
	}
	for setting, value := range timeouts {
		if _, given := config.RuntimeParams[setting]; !given && !strings.Contains(config.RuntimeParams["options"], setting) {
			config.RuntimeParams[setting] = value
		}
	}
	if err := migrateUnhurried(ctx, config); err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(mostConnections)
	db.SetMaxIdleConns(mostConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	l.dialect, l.writer, l.reader = postgres, db, db
	l.wakes.overPostgres(ctx, db, config)
	return nil
}

// timeouts bound what one statement waits for and takes, so that whoever holds a row for too long holds up nobody for
// longer. The URL may set others.
var timeouts = map[string]string{"lock_timeout": "2s", "statement_timeout": "5s"}

// takesWrites refuses a standby, on which a run would look at what is no longer true.
func takesWrites(ctx context.Context, connection *pgconn.PgConn) error {
	err := pgconn.ValidateConnectTargetSessionAttrsReadWrite(ctx, connection)
	if errors.Is(err, pgconn.ErrReadOnlyConnection) {
		return errStandby
	}
	return err
}

// migrateUnhurried brings the schema up to date on a connection of its own, where a statement may take its time.
func migrateUnhurried(ctx context.Context, config *pgx.ConnConfig) (err error) {
	unhurried := config.Copy()
	for setting := range timeouts {
		unhurried.RuntimeParams[setting] = "0"
	}
	db := stdlib.OpenDB(*unhurried)
	defer func() { err = errors.Join(err, db.Close()) }()
	return migratePostgres(ctx, db)
}

// openSQLite opens one connection that writes and a few that read. Writers queue for the one connection, so that within
// this program nobody meets a locked file; other programs wait up to the busy timeout.
func (l *Ledger) openSQLite(ctx context.Context, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var err error
	if l.writer, err = sql.Open("sqlite", sqliteName(path, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)")); err != nil {
		return err
	}
	l.writer.SetMaxOpenConns(1)
	if l.reader, err = sql.Open("sqlite", sqliteName(path, "_pragma=query_only(1)")); err != nil {
		return err
	}
	l.reader.SetMaxOpenConns(mostReaders)
	l.dialect = sqlite
	return migrateSQLite(ctx, l.writer, path)
}

func sqliteName(path string, settings ...string) string {
	settings = append(settings, "_pragma=busy_timeout(5000)", "_pragma=foreign_keys(1)", "_dqs=0", "_error_rc=1")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join(settings, "&")
}

// Close ends all connections. Calls still running fail.
func (l *Ledger) Close() error {
	l.wakes.stop()
	var failures []error
	if l.writer != nil {
		failures = append(failures, l.writer.Close())
	}
	if l.reader != nil && l.reader != l.writer {
		failures = append(failures, l.reader.Close())
	}
	return errors.Join(failures...)
}

// Ping tells whether the database answers: nil, ErrUnavailable or the context's error.
func (l *Ledger) Ping(ctx context.Context) error {
	return classify(ctx, "reach the ledger", l.reader.PingContext(ctx))
}

// Dialect names the database: "postgres" or "sqlite".
func (l *Ledger) Dialect() string { return string(l.dialect) }

// Statements counts the SQL statements sent since Open, those that begin and end transactions left out.
func (l *Ledger) Statements() int64 { return l.statements.Load() }

// now is the time by the given clock or, without one, by this program's, as both databases keep it.
func (l *Ledger) now() time.Time {
	if l.clock == nil {
		return asStored(time.Now())
	}
	return asStored(l.clock())
}

var selectTime = both(`SELECT clock_timestamp()`)

// at is the time by which a change is decided: the given clock's or, without one, the database's, which all programs share.
// A file has no clock, and SQLite's programs are on one machine.
func (l *Ledger) at(ctx context.Context, s session) (time.Time, error) {
	if l.clock != nil || l.dialect == sqlite {
		return l.now(), nil
	}
	now, _, err := one(ctx, s, selectTime, func(t *stamp) []any { return []any{t} })
	return asStored(time.Time(now)), err
}

// atRead is the time at which a row was read, by the same clock; read is what the database says.
func (l *Ledger) atRead(read time.Time) time.Time {
	if l.clock != nil || l.dialect == sqlite {
		return l.now()
	}
	return asStored(read)
}

// given is the parameter of a statement with {now}: NULL where the database's clock decides.
func (l *Ledger) given() stamp {
	if l.clock != nil || l.dialect == sqlite {
		return stamp(l.now())
	}
	return stamp{}
}

// asStored is a time as both databases keep it.
func asStored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
