package store

// Opening a database, and its clock. Several programs may share one.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the SQLite driver
)

// Options says how a database is opened.
type Options struct {
	Migrations fs.FS            // with the folders postgres and sqlite
	Now        func() time.Time // nil for the database's clock, which is the same for all programs
	// Observe is told of every statement before it runs, by whoever runs it; nil for nobody.
	Observe func(query string, args []any)
}

// DB is a database, PostgreSQL or SQLite. It is safe for concurrent use.
type DB struct {
	dialect    Dialect
	writer     *sql.DB
	reader     *sql.DB          // the same as writer on PostgreSQL
	clock      func() time.Time // nil for the database's
	wakes      *wakes
	statements *atomic.Int64
	observe    func(query string, args []any) // never nil
}

const (
	// mostConnections bounds what one program takes of PostgreSQL.
	mostConnections = 20
	// mostReaders bounds the readers of SQLite, which never wait for its one writer.
	mostReaders = 4
	// connectTimeout keeps a database that does not answer from holding up its caller for minutes.
	connectTimeout = 10 * time.Second
)

// ErrURL says that no database can have such a URL.
var ErrURL = errors.New("the database URL must be postgres://user@host:5432/name, sqlite:///absolute/path.db or sqlite://relative/path.db")

// Open opens the database and brings its schema up to date; several programs may do so at once. The URL is
// postgres://user@host:5432/name, sqlite:///absolute/path.db or sqlite://relative/path.db, the file's name as it is, nothing of it
// encoded; a SQLite file and its folder are created when missing, and kept from other users.
//
// Errors: ErrURL, a database whose encoding, settings, triggers or clock cannot be relied on, a file of another
// program, ErrUnavailable, a migration that failed, *SchemaError.
func Open(ctx context.Context, databaseURL string, o Options) (*DB, error) {
	db := &DB{clock: o.Now, wakes: newWakes(), statements: &atomic.Int64{}, observe: o.Observe}
	if db.observe == nil {
		db.observe = func(string, []any) {}
	}
	scheme, rest, _ := strings.Cut(databaseURL, "://")
	var err error
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		err = db.openPostgres(ctx, databaseURL, o.Migrations)
	case scheme == "sqlite" && isFile(rest):
		err = db.openSQLite(ctx, rest, o.Migrations)
	default:
		return nil, ErrURL
	}
	if err != nil {
		return nil, Classify(ctx, "open the ledger", errors.Join(err, db.Close()))
	}
	return db, nil
}

// At is the same database seen with a clock that stands still.
func (db *DB) At(now time.Time) *DB {
	still := *db
	still.clock = func() time.Time { return now }
	return &still
}

func (db *DB) openPostgres(ctx context.Context, databaseURL string, migrations fs.FS) error {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrURL, oneLine{err})
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
	relyOn(config)
	now := time.Now
	if db.clock != nil {
		now = nil
	}
	if err := checkSurroundings(ctx, config, now); err != nil {
		return err
	}
	if err := migrateUnhurried(ctx, config, migrations); err != nil {
		return err
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(mostConnections)
	pool.SetMaxIdleConns(mostConnections)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db.dialect, db.writer, db.reader = Postgres, pool, pool
	db.wakes.overPostgres(ctx, pool, config)
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
func migrateUnhurried(ctx context.Context, config *pgx.ConnConfig, migrations fs.FS) (err error) {
	unhurried := config.Copy()
	for setting := range timeouts {
		unhurried.RuntimeParams[setting] = "0"
	}
	db := stdlib.OpenDB(*unhurried)
	defer func() { err = errors.Join(err, db.Close()) }()
	return migratePostgres(ctx, db, migrations)
}

// openSQLite opens one connection that writes and a few that read. Writers queue for the one connection, so that within
// this program nobody meets a locked file; other programs wait up to the busy timeout.
func (db *DB) openSQLite(ctx context.Context, path string, migrations fs.FS) error {
	if err := makeSQLite(path); err != nil {
		return err
	}
	var err error
	// With recursive triggers a REPLACE asks those that keep rows from being deleted.
	if db.writer, err = sql.Open("sqlite", SQLiteName(path, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=recursive_triggers(1)")); err != nil {
		return err
	}
	db.writer.SetMaxOpenConns(1)
	if db.reader, err = sql.Open("sqlite", SQLiteName(path, "_pragma=query_only(1)")); err != nil {
		return err
	}
	db.reader.SetMaxOpenConns(mostReaders)
	db.dialect = SQLite
	err = refuseOthers(ctx, db.reader)
	if err == nil {
		err = migrateSQLite(ctx, db.writer, path, migrations)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Close ends all connections. Calls still running fail.
func (db *DB) Close() error {
	db.wakes.stop()
	var failures []error
	if db.writer != nil {
		failures = append(failures, db.writer.Close())
	}
	if db.reader != nil && db.reader != db.writer {
		failures = append(failures, db.reader.Close())
	}
	return errors.Join(failures...)
}

// Ping tells whether the database answers: nil, ErrUnavailable or the context's error.
func (db *DB) Ping(ctx context.Context) error {
	return Classify(ctx, "reach the ledger", db.reader.PingContext(ctx))
}

// Writer is what changes go through, and Reader what reads do, for whoever has a transaction of its own to begin.
func (db *DB) Writer() *sql.DB { return db.writer }

// Reader is the same as Writer on PostgreSQL.
func (db *DB) Reader() *sql.DB { return db.reader }

// Through is the same database whose changes go through another pool, such as one whose connections end when they are told to.
func (db *DB) Through(writer *sql.DB) *DB {
	other := *db
	other.writer = writer
	return &other
}

// Dialect names the database: "postgres" or "sqlite".
func (db *DB) Dialect() Dialect { return db.dialect }

// Statements counts the SQL statements sent since Open, those that begin and end transactions left out.
func (db *DB) Statements() int64 { return db.statements.Load() }

// Now is the time by the given clock or, without one, by this program's, as both databases keep it.
func (db *DB) Now() time.Time {
	if db.clock == nil {
		return AsStored(time.Now())
	}
	return AsStored(db.clock())
}

var selectTime = Both(`SELECT clock_timestamp()`)

// Time is the time by which a change is decided: the given clock's or, without one, the database's, which all programs share.
// A file has no clock, and SQLite's programs are on one machine.
func (db *DB) Time(ctx context.Context, r Runner) (time.Time, error) {
	if db.clock != nil || db.dialect == SQLite {
		return db.Now(), nil
	}
	now, _, err := One(ctx, r, selectTime, func(t *Stamp) []any { return []any{t} })
	return AsStored(time.Time(now)), err
}

// TimeRead is the time at which a row was read, by the same clock; read is what the database says.
func (db *DB) TimeRead(read time.Time) time.Time {
	if db.clock != nil || db.dialect == SQLite {
		return db.Now()
	}
	return AsStored(read)
}

// Given is the parameter of a statement with {now}: NULL where the database's clock decides.
func (db *DB) Given() Stamp {
	if db.clock != nil || db.dialect == SQLite {
		return Stamp(db.Now())
	}
	return Stamp{}
}

// AsStored is a time as both databases keep it.
func AsStored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
