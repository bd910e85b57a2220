package ledger

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/pgtest"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Nobody is told that a database is wrong when it is only away.
func TestDatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	pgtest.Shared(t) // skips without PostgreSQL
	dir, err := os.MkdirTemp("", "handover-pg-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	server, err := pgtest.StartServer(t.Context(), dir)
	require.NoError(t, err)
	l, err := Open(t.Context(), server.URL(), Options{})
	require.NoError(t, err)
	require.NoError(t, l.Seed(t.Context(), worldOf(1)))
	opened, err := l.OpenTransfer(t.Context(), request("r1"), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err)

	require.NoError(t, server.Stop())
	require.ErrorIs(t, l.Ping(t.Context()), store.ErrUnavailable)
	_, err = l.Transfer(t.Context(), opened.Transfer.ID)
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = l.Submit(t.Context(), opened.Transfer.ID, everything("d1"), command.Terms[transferstore.Outcome]{})
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = Open(t.Context(), server.URL(), Options{})
	require.ErrorIs(t, err, store.ErrUnavailable)

	require.NoError(t, server.Start(t.Context()))
	submitted, err := l.Submit(t.Context(), opened.Transfer.ID, everything("d1"), command.Terms[transferstore.Outcome]{})
	require.NoError(t, err, "the same ledger goes on once the database is back")
	require.Equal(t, transfer.InProgress, submitted.Transfer.Status)
	require.NoError(t, l.Close())
	require.NoError(t, server.Stop())
}

func TestOpenFailsClearly(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	folder := filepath.Join(t.TempDir(), "folder.db")
	require.NoError(t, os.Mkdir(folder, 0o700))

	for _, url := range []string{"postgres://user:secret@" + address + "/ledger", "sqlite://" + folder} {
		_, err := Open(t.Context(), url, Options{})
		require.ErrorIs(t, err, store.ErrUnavailable, url)
		require.NotContains(t, err.Error(), "secret")
	}
	for _, url := range []string{"", "ledger.db", "mysql://host/ledger", "sqlite://", "sqlite:///ledger.db?mode=ro"} {
		_, err := Open(t.Context(), url, Options{})
		require.ErrorContains(t, err, "the database URL must be", url)
	}
}

// A caller who gives up is told so, and nothing is half done.
func TestCancelledCall(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		before := f.contents()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.OpenTransfer(ctx, request("r1"))
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, store.ErrUnavailable)
		_, err = f.Transfer(ctx, "r1")
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, before, f.contents())
	})
}

// A writer in this program waits for its turn, and gives up when its caller does.
func TestWriterWaitsForItsTurn(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		held, err := f.Writer().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = held.ExecContext(t.Context(), "UPDATE transfers SET overdue = overdue")
		require.NoError(t, err)

		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error, 1)
		go func() {
			_, err := f.FlagOverdue(ctx, tr.ID)
			waiting <- err
		}()
		require.Equal(t, transfer.Pending, f.stored(tr.ID).Status, "readers do not wait for writers")
		cancel()
		require.ErrorIs(t, <-waiting, context.Canceled)
		require.NoError(t, held.Rollback())
		_, err = f.FlagOverdue(t.Context(), tr.ID)
		require.NoError(t, err)
	})
}
