package platform

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place makes what is named, open to everybody, in a new folder that is, too. What ends in a slash is a folder.
func place(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	for _, name := range names {
		path := filepath.Join(dir, name)
		if name[len(name)-1] == '/' {
			require.NoError(t, os.Mkdir(path, 0o755))
		} else {
			require.NoError(t, os.WriteFile(path, []byte("content"), 0o644))
		}
		require.NoError(t, os.Chmod(path, map[bool]fs.FileMode{true: 0o755, false: 0o644}[name[len(name)-1] == '/']))
	}
	return dir
}

func modes(t *testing.T, dir string) map[fs.FileMode]int {
	t.Helper()
	found := map[fs.FileMode]int{}
	require.NoError(t, filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		about, err := e.Info()
		require.NoError(t, err)
		found[about.Mode().Perm()]++
		return nil
	}))
	return found
}

// E7: what an older version wrote is closed to other users, all of it.
func TestADataFolderIsClosedToOthers(t *testing.T) {
	dir := place(t, "lock", "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock", "temporal.db", "development-issuer.pem", "mail/", "mail/one.eml")
	require.NoError(t, claim(dir))
	assert.Equal(t, map[fs.FileMode]int{0o700: 2, 0o600: 8}, modes(t, dir))
	require.NoError(t, claim(place(t)), "an empty folder is taken")
	require.NoError(t, claim(place(t, "ledger.db")), "one that was restored from a backup, too")
	require.NoError(t, claim(place(t, "lost+found/")), "and a new disk")

	made := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, claim(made))
	assert.Equal(t, map[fs.FileMode]int{0o700: 1}, modes(t, made))
}

// Closing somebody's home to others would be worse than not starting.
func TestAFolderOfSomethingElseIsRefused(t *testing.T) {
	for _, dir := range []string{place(t, "go.mod"), place(t, "lock/", "notes.txt"), place(t, "documents/")} {
		before := modes(t, dir)
		require.ErrorIs(t, claim(dir), errOthersFolder)
		assert.Equal(t, before, modes(t, dir))
	}
	require.ErrorContains(t, claim(filepath.Join(place(t, "file"), "file")), "not a directory")
}
