package store

// How a SQLite file is named, whatever its name, and kept from other users of the machine.

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"

	"handover/internal/private"
)

// isFile tells whether what follows sqlite:// can be the name of a file. A question mark in the last part is none of a name: it
// was meant to begin settings, which there are not, and a file of that name is not what somebody wanted.
func isFile(name string) bool {
	last := name[strings.LastIndexByte(name, '/')+1:]
	return last != "" && !strings.ContainsAny(last, "?\x00")
}

// makeSQLite makes the file where it is missing, before SQLite does, so that nobody else can read it even for a moment, and closes
// one that is there to others. The folder is made when missing; one that is there may be anybody's and stays as it is.
func makeSQLite(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := private.Database(path); err != nil {
		return err
	}
	if err := private.Tighten(lockFile(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

var errOthers = errors.New("the file holds the tables of another program; name one that is empty or missing")

// refuseOthers refuses a database that holds something and never was a ledger: its program does not expect our tables in it.
func refuseOthers(ctx context.Context, db *sql.DB) error {
	var tables, ours int
	err := db.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE name = ?) FROM sqlite_schema WHERE type = 'table'", goose.DefaultTablename).Scan(&tables, &ours)
	if err == nil && tables > 0 && ours == 0 {
		err = errOthers
	}
	return err
}

// SQLiteName is how the SQLite driver opens a file, with the settings that every connection has and these.
func SQLiteName(path string, settings ...string) string {
	settings = append(settings, "_pragma=busy_timeout(5000)", "_pragma=foreign_keys(1)", "_dqs=0", "_error_rc=1")
	return "file:" + (&url.URL{Path: sqlitePath(path)}).EscapedPath() + "?" + strings.Join(settings, "&")
}

// sqlitePath is the path in the form that a URI cannot mistake: two slashes at its beginning would make a host of its first part.
func sqlitePath(path string) string {
	if rest, absolute := strings.CutPrefix(path, "/"); absolute {
		return "/" + strings.TrimLeft(rest, "/")
	}
	return "./" + path
}
