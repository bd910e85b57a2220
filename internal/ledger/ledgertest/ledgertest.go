// Package ledgertest is empty ledgers for the tests of whoever works on one. The schema is made once for each package that tests, because
// making it takes longer than most tests.
package ledgertest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
)

// Open is a ledger of the test's own in a file, empty, and closed when the test ends.
func Open(t testing.TB, o ledger.Options) *ledger.Ledger {
	t.Helper()
	return OpenFile(t, File(t), o)
}

// OpenFile opens the ledger in the file, until the test ends.
func OpenFile(t testing.TB, file string, o ledger.Options) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), "sqlite://"+file, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// File is a file with an empty ledger of the test's own.
func File(t testing.TB) string {
	t.Helper()
	content, err := empty()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}

// empty is the content of such a file.
var empty = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "ledger")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "empty.db")
	l, err := ledger.Open(context.Background(), "sqlite://"+file, ledger.Options{})
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})
