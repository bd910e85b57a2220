package store

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// odd are names that a URL, a shell or a driver could take for something else.
var odd = []string{
	"a?b=c", "a#b", "%41", "100%", "%2F..%2Fb", "two words", "a&mode=memory", "a;b", `it's "quoted"`, `back\slash`, "Überführung-移交", "-dash", "--data-dir=x",
	"a+b", "*", "~", "$HOME", "a:b", "a=b", "file:x", "new\nline", ":memory:",
}

// tree are the names of everything below the folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		names = append(names, name)
		return err
	}))
	return names
}

func TestB10_AFolderMayHaveAnyName(t *testing.T) {
	for _, name := range odd {
		for _, relative := range []bool{false, true} {
			dir := t.TempDir()
			at := dir + "/"
			if relative {
				t.Chdir(dir)
				at = ""
			}
			db, err := Open(t.Context(), "sqlite://"+at+name+"/ledger.db", Options{Migrations: oneTable})
			require.NoError(t, err, name)
			require.NoError(t, db.Close(), name)
			assert.ElementsMatch(t, []string{".", name, name + "/ledger.db", name + "/ledger.db.lock"}, tree(t, dir), name)
		}
	}
}

func TestB10_AFileMayHaveAnyNameButSettings(t *testing.T) {
	for _, name := range odd {
		dir := t.TempDir()
		db, err := Open(t.Context(), "sqlite://"+dir+"/"+name, Options{Migrations: oneTable})
		if name == "a?b=c" {
			require.ErrorContains(t, err, "sqlite:///absolute/path.db", "somebody meant settings")
			assert.Equal(t, []string{"."}, tree(t, dir))
			continue
		}
		require.NoError(t, err, name)
		require.NoError(t, db.Close(), name)
		assert.ElementsMatch(t, []string{".", name, name + ".lock"}, tree(t, dir), name)
	}
}

func TestB10_SlashesMakeNoHost(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(t.Context(), "sqlite:////"+dir+"//ledger.db", Options{Migrations: oneTable})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	assert.FileExists(t, filepath.Join(dir, "ledger.db"))
	_, err = Open(t.Context(), "sqlite://"+dir+"/", Options{Migrations: oneTable})
	require.ErrorContains(t, err, "sqlite:///absolute/path.db", "a folder is no file")
}

// A ledger may lie in a folder of somebody else's, which is left as it is; its own files are closed.
func TestE7_TheFilesOfALedgerAreItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "ledger.db")
	db := openFor(t, "sqlite://"+file)
	_, err := db.Writer().ExecContext(t.Context(), "INSERT INTO colours VALUES ('blue')")
	require.NoError(t, err)
	files := []string{file, file + "-wal", file + "-shm", file + ".lock"}
	for _, f := range files {
		requireMode(t, f, 0o600)
		require.NoError(t, os.Chmod(f, 0o644)) // as an earlier version left them
	}
	requireMode(t, dir, 0o755)
	again := openFor(t, "sqlite://"+file)
	for _, f := range files {
		requireMode(t, f, 0o600)
	}
	var colours int
	require.NoError(t, again.Reader().QueryRowContext(t.Context(), "SELECT count(*) FROM colours").Scan(&colours))
	assert.Equal(t, 1, colours)
}

// Whoever starts a program must read what is wrong with the place it was given, in one sentence.
func TestB10_AFileThatCannotBeUsedIsSaidInOneSentence(t *testing.T) {
	dir := t.TempDir()
	place := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	script := func(statements string) fstest.MapFS {
		return fstest.MapFS{"sqlite/00001_x.sql": {Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\n" + statements)}}
	}
	for name, c := range map[string]struct {
		path       string
		migrations fstest.MapFS
		says       string
		passing    bool
	}{
		"a folder":       {path: dir, migrations: oneTable, says: "that is no file", passing: true},
		"below a file":   {path: place("file", "") + "/ledger.db", migrations: oneTable, says: "not a directory", passing: true},
		"no database":    {path: place("notes.txt", strings.Repeat("Buy milk. ", 500)), migrations: oneTable, says: "not a database"},
		"full disk":      {path: dir + "/full.db", migrations: script("PRAGMA max_page_count = 1;\nCREATE TABLE a (b);\nCREATE TABLE c (d);"), says: "full", passing: true},
		"read-only disk": {path: dir + "/still.db", migrations: script("PRAGMA query_only = 1;\nCREATE TABLE a (b);"), says: "readonly", passing: true},
	} {
		_, err := Open(t.Context(), "sqlite://"+c.path, Options{Migrations: c.migrations})
		require.ErrorContains(t, err, c.says, name)
		require.ErrorContains(t, err, dir, name)
		assert.NotContains(t, err.Error(), "\n", name)
		assert.Equal(t, c.passing, errors.Is(err, ErrUnavailable), name)
	}
}

func TestB10_TheFileOfAnotherProgramIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "places.db")
	theirs, err := sql.Open("sqlite", SQLiteName(path))
	require.NoError(t, err)
	_, err = theirs.ExecContext(t.Context(), "CREATE TABLE places (name)")
	require.NoError(t, err)
	require.NoError(t, theirs.Close())
	_, err = Open(t.Context(), "sqlite://"+path, Options{Migrations: oneTable})
	require.ErrorIs(t, err, errOthers)
	require.NotErrorIs(t, err, ErrUnavailable)
	assert.Equal(t, []string{".", "places.db"}, tree(t, filepath.Dir(path)), "nothing was made")
}

func requireMode(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, mode, info.Mode().Perm(), path)
}
