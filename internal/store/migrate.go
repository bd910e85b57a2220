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

func migrate(ctx context.Context, d goose.Dialect, db *sql.DB, migrations fs.FS, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d, db, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}
