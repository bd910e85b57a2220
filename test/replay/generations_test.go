package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Nobody changes what is frozen unnoticed, and everything is but the newest.
func TestFrozenGenerationsStay(t *testing.T) {
	t.Parallel()
	for _, g := range Generations() {
		require.NoError(t, g.CheckFrozen(Folder))
		if g.Name != Newest().Name {
			sums, err := g.Sums(Folder)
			require.NoError(t, err)
			assert.NotEmpty(t, sums, "%s is not the newest: freeze it with (cd test/replay/testdata/%[1]s && sha256sum *.json >%s)", g.Name, sumsFile)
		}
	}
}

// Every folder is a generation that the tests above go through.
func TestEveryFolderIsAGeneration(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir(Folder)
	require.NoError(t, err)
	var found, known []string
	for _, f := range folders {
		found = append(found, f.Name())
	}
	for n, g := range Generations() {
		assert.Equal(t, fmt.Sprintf("v%d", n), g.Name)
		known = append(known, g.Name)
	}
	assert.ElementsMatch(t, known, found)
}

func TestWhatWasFrozenAndChangedIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		says   string
	}{
		"changed": {func(t *testing.T, dir string) { put(t, dir, "a", "{} ") }, "v7/a.json was changed"},
		"added":   {func(t *testing.T, dir string) { put(t, dir, "c", "{}") }, "v7/c.json was added"},
		"removed": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(File(dir, "b"))) }, "v7/b.json was removed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testdata, g := frozen(t)
			require.NoError(t, g.CheckFrozen(testdata))
			c.change(t, g.Dir(testdata))
			err := g.CheckFrozen(testdata)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "into a generation of its own")
			assert.Equal(t, 1, strings.Count(err.Error(), "v7/"))
		})
	}
}

func TestAFrozenGenerationIsNotRecorded(t *testing.T) {
	t.Parallel()
	testdata, g := frozen(t)

	nothing, err := g.ToRecord(testdata, false)
	require.NoError(t, err)
	assert.Empty(t, nothing)

	_, err = g.ToRecord(testdata, true)
	require.ErrorContains(t, err, "generation v7 is frozen")

	g.Shapes["c"] = Shape{}
	_, err = g.ToRecord(testdata, false)
	require.ErrorContains(t, err, "belongs into a new generation")
}

func TestAnOpenGenerationGetsWhatItLacks(t *testing.T) {
	t.Parallel()
	testdata, g := frozen(t)
	require.NoError(t, os.Remove(filepath.Join(g.Dir(testdata), sumsFile)))
	g.Shapes["c"] = Shape{}

	missing, err := g.ToRecord(testdata, false)
	require.NoError(t, err)
	assert.Equal(t, []string{"c"}, missing)

	all, err := g.ToRecord(testdata, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c"}, all)
}

// frozen is a generation of two histories, and the folder that it is in.
func frozen(t *testing.T) (testdata string, g Generation) {
	t.Helper()
	testdata, g = t.TempDir(), Generation{Name: "v7", Shapes: map[string]Shape{"a": {}, "b": {}}}
	require.NoError(t, os.Mkdir(g.Dir(testdata), 0o750))
	sum := sha256.Sum256([]byte("{}"))
	var sums strings.Builder
	for _, name := range []string{"a", "b"} {
		put(t, g.Dir(testdata), name, "{}")
		fmt.Fprintf(&sums, "%s  %s.json\n", hex.EncodeToString(sum[:]), name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(g.Dir(testdata), sumsFile), []byte(sums.String()), 0o600))
	return testdata, g
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(File(dir, name), []byte(content), 0o600))
}
