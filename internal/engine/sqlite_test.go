package engine

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// B10, E7: whatever the folder is called, the data is there and nowhere else, and its owner's alone.
func TestTheFileOfTemporalsData(t *testing.T) {
	for _, name := range []string{"a?b=c", "a#b", "%41", "two words", "a&mode=memory", `it's "quoted"`, "new\nline", "a:b", "-dash", "file:x"} {
		for _, relative := range []bool{false, true} {
			dir := t.TempDir()
			file := filepath.Join(dir, name, "temporal.db")
			if relative {
				t.Chdir(dir)
				file = filepath.Join(name, "temporal.db")
			}
			for range 2 { // it is there the second time
				made, err := prepareSQLiteFile(t.Context(), file)
				require.NoError(t, err, name)
				assert.Equal(t, int32(sqliteShards), made.shards)
			}
			found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
			require.NoError(t, err)
			assert.Equal(t, []string{filepath.Join(dir, name, "temporal.db")}, found)
			for path, mode := range map[string]fs.FileMode{filepath.Join(dir, name): 0o700, found[0]: 0o600} {
				about, err := os.Stat(path)
				require.NoError(t, err)
				assert.Equal(t, mode, about.Mode().Perm(), path)
			}
		}
	}
}

// B10: the database of another program is refused and left as it is.
func TestTheFileOfAnotherProgramIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "places.db")
	theirs, err := sql.Open("sqlite", "file:"+file)
	require.NoError(t, err)
	_, err = theirs.ExecContext(t.Context(), "CREATE TABLE places (name)")
	require.NoError(t, err)
	require.NoError(t, theirs.Close())
	_, err = prepareSQLiteFile(t.Context(), file)
	require.ErrorContains(t, err, file+" cannot be made: it holds the tables of another program")
}
