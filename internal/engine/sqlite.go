// SQLite. All services share one connection, as the server's plug-in for SQLite wants it, so one shard serves best.

package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
	_ "modernc.org/sqlite" // the driver the server's plug-in uses

	"handover/internal/private"
)

const sqliteShards = 1

// sqliteInMemory is a new database. The plug-in makes the tables of one in memory by itself.
func sqliteInMemory() stores {
	return onSQLite(uuid.NewString(), map[string]string{"mode": "memory", "cache": "shared"})
}

// prepareSQLiteFile makes the file, its folder and the tables when they are missing. With a write-ahead log and a sync
// at every commit, what the server has acknowledged survives kill -9 and a power cut.
func prepareSQLiteFile(ctx context.Context, file string) (stores, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return stores{}, fmt.Errorf("the file %q for Temporal's data has no absolute path: %w", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return stores{}, fmt.Errorf("the file for Temporal's data cannot be made: %w", err)
	}
	if err := private.Database(path); err != nil { // it holds payloads
		return stores{}, fmt.Errorf("the file for Temporal's data cannot be made: %w", err)
	}
	name := (&url.URL{Path: path}).EscapedPath() // it becomes part of a URI
	if err := createTables(ctx, "file:"+name); err != nil {
		return stores{}, fmt.Errorf("the tables for Temporal's data in %s cannot be made: %w", path, err)
	}
	return onSQLite(name, map[string]string{
		"mode":         "rw",
		"journal_mode": "wal",
		"synchronous":  "full",
		"busy_timeout": "10000", // ms
	}), nil
}

func onSQLite(name string, attributes map[string]string) stores {
	database := &config.SQL{PluginName: sqlite.PluginName, DatabaseName: name, ConnectAttributes: attributes}
	return stores{shards: sqliteShards, workflows: database, visibility: database}
}

// createTables fills an empty database in one transaction, so that a process killed meanwhile leaves it empty.
func createTables(ctx context.Context, dsn string) (err error) {
	db, err := sql.Open("sqlite", dsn+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit there is nothing left to undo
	var tables, ours int
	err = tx.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE name = 'current_executions') FROM sqlite_schema WHERE type = 'table'").Scan(&tables, &ours)
	switch {
	case err != nil:
		return err
	case ours > 0:
		return nil
	case tables > 0:
		return errors.New("it holds the tables of another program")
	}
	for _, file := range []string{"sqlite/v3/temporal/schema.sql", "sqlite/v3/visibility/schema.sql"} {
		statements, err := fs.ReadFile(schema.Assets(), file)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return err
		}
	}
	return tx.Commit()
}
