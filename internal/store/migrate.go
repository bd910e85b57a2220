package store

// The schema is brought up to date at every Open, under a lock, because worker, gateway and starter may start at once.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// migrationLock is the advisory lock that migrating programs take in PostgreSQL.
const migrationLock = 0x48616e646f766572 // "Handover"

func migratePostgres(ctx context.Context, db *sql.DB, migrations fs.FS) error {
	// Once a second for five minutes: longer than any migration may take.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	return migrate(ctx, goose.DialectPostgres, db, migrations, "postgres", goose.WithSessionLocker(locker))
}

// migrateSQLite takes a lock file beside the database: SQLite has no lock that outlives a transaction, and each
// migration is a transaction of its own.
func migrateSQLite(ctx context.Context, db *sql.DB, path string, migrations fs.FS) (err error) {
	file := flock.New(lockFile(path))
	if _, err := file.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("lock %s: %w", lockFile(path), err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return migrate(ctx, goose.DialectSQLite3, db, migrations, "sqlite")
}

func lockFile(path string) string { return path + ".lock" }

// migrate brings the schema up to date where it is not, and needs no right to change it where it is. Errors: *SchemaError.
func migrate(ctx context.Context, d goose.Dialect, db *sql.DB, migrations fs.FS, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d, db, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	needed := sources[len(sources)-1].Version
	_, err = provider.Up(ctx)
	if err != nil && sqlState(err) != insufficientPrivilege {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	found, unread := provider.GetDBVersion(ctx)
	switch {
	case err != nil:
		return &SchemaError{Found: found, Needed: needed, Unreadable: unread != nil, err: err}
	case unread != nil:
		return fmt.Errorf("read the version of the schema: %w", unread)
	case found > needed:
		return &SchemaError{Found: found, Needed: needed}
	}
	return nil
}

// SchemaError says that a program and the schema of its database do not go together, and that the program cannot change that.
type SchemaError struct {
	Found, Needed int64
	Unreadable    bool // not even the version may be read
	err           error
}

func (e *SchemaError) Error() string {
	switch {
	case e.Found > e.Needed:
		return fmt.Sprintf("the schema is at version %d, which this program does not know (it knows %d): start a newer one", e.Found, e.Needed)
	case e.Unreadable:
		return "this database role may not read the ledger: run starter migrate --runtime-role ROLE as the owner of its tables"
	}
	return fmt.Sprintf("the schema is at version %d, this program needs %d and its database role may not change it: "+
		"run starter migrate as the owner of the ledger's tables", e.Found, e.Needed)
}

func (e *SchemaError) Unwrap() error { return e.err }
