package private_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/private"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

// opened is a file or folder, made by somebody who did not care.
func opened(t *testing.T, path string, mode fs.FileMode) string {
	t.Helper()
	if mode&0o100 != 0 {
		require.NoError(t, os.MkdirAll(path, mode))
	} else {
		require.NoError(t, os.WriteFile(path, []byte("content"), mode))
	}
	require.NoError(t, os.Chmod(path, mode))
	return path
}

func TestE7_FoldersAreClosed(t *testing.T) {
	dir := t.TempDir()
	fresh := filepath.Join(dir, "a", "b")
	require.NoError(t, private.Folder(fresh))
	assert.Equal(t, fs.FileMode(0o700), mode(t, filepath.Dir(fresh)))
	assert.Equal(t, fs.FileMode(0o700), mode(t, fresh))

	for _, was := range []fs.FileMode{0o755, 0o777, 0o750, 0o701, 0o100} {
		old := opened(t, filepath.Join(dir, was.String()), was)
		require.NoError(t, private.Folder(old))
		assert.Equal(t, fs.FileMode(0o700), mode(t, old), was)
	}
	require.Error(t, private.Folder(opened(t, filepath.Join(dir, "file"), 0o600)), "a file is no folder")
}

func TestE7_AFolderOfSomebodyElseIsNotTouched(t *testing.T) {
	folder := "/" // of root, who runs no test by this line unless he is root
	if os.Geteuid() == 0 {
		folder = opened(t, filepath.Join(t.TempDir(), "theirs"), 0o755)
		require.NoError(t, os.Chown(folder, 4242, -1))
	}
	before := mode(t, folder)
	require.ErrorContains(t, private.Folder(folder), "it belongs to another user (uid ")
	assert.Equal(t, before, mode(t, folder))
}

func TestE7_FilesAreClosedAndKeepTheirContent(t *testing.T) {
	dir := t.TempDir()
	fresh := filepath.Join(dir, "fresh")
	require.NoError(t, private.File(fresh))
	assert.Equal(t, fs.FileMode(0o600), mode(t, fresh))

	old := opened(t, filepath.Join(dir, "old.db"), 0o644)
	wal := opened(t, filepath.Join(dir, "old.db-wal"), 0o666)
	require.NoError(t, private.Database(old))
	assert.Equal(t, fs.FileMode(0o600), mode(t, old))
	assert.Equal(t, fs.FileMode(0o600), mode(t, wal))
	content, err := os.ReadFile(old)
	require.NoError(t, err)
	assert.Equal(t, "content", string(content))
	assert.NoFileExists(t, old+"-shm", "only the database makes its side files")

	for _, folder := range []string{dir, "/dev/null"} {
		before := mode(t, folder)
		require.ErrorContains(t, private.Database(folder), folder+": that is no file")
		assert.Equal(t, before, mode(t, folder), "what was named by mistake stays as it is")
	}

	kept := opened(t, filepath.Join(dir, "kept.db"), 0o444)
	require.NoError(t, private.File(kept))
	assert.Equal(t, fs.FileMode(0o400), mode(t, kept), "somebody wants it as it is")

	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), link))
	require.ErrorIs(t, private.File(link), fs.ErrNotExist, "what a link to nothing would make is not known")
	assert.NoFileExists(t, filepath.Join(dir, "nowhere"))
}

func TestE7_TreesAreClosedButNotWhatTheyPointTo(t *testing.T) {
	dir := t.TempDir()
	outside := opened(t, filepath.Join(t.TempDir(), "outside"), 0o644)
	mail := opened(t, filepath.Join(dir, "mail"), 0o755)
	one := opened(t, filepath.Join(mail, "one.eml"), 0o644)
	require.NoError(t, os.Symlink(outside, filepath.Join(mail, "two.eml")))

	require.NoError(t, private.Tree(mail))
	assert.Equal(t, fs.FileMode(0o700), mode(t, mail))
	assert.Equal(t, fs.FileMode(0o600), mode(t, one))
	assert.Equal(t, fs.FileMode(0o644), mode(t, outside))
	require.NoError(t, private.Tree(filepath.Join(dir, "missing")))
}
