package pgtest

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	first, second := Shared(t), Shared(t)
	require.NotEqual(t, first, second)
	require.NoError(t, execute(t.Context(), first, "CREATE TABLE only_here (id int)"))
	require.Error(t, execute(t.Context(), second, "SELECT * FROM only_here"))
}

func TestServerKeepsItsDataOverACrash(t *testing.T) {
	Shared(t) // skips without PostgreSQL
	dir, err := os.MkdirTemp("", "handover-pg-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	server, err := StartServer(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, execute(t.Context(), server.URL(), "CREATE TABLE kept (id int)"))

	require.NoError(t, server.Stop())
	_, err = pgx.Connect(t.Context(), server.URL())
	require.Error(t, err, "the server still answers after Stop")

	require.NoError(t, server.Start(t.Context()))
	require.NoError(t, execute(t.Context(), server.URL(), "SELECT * FROM kept"))
	require.NoError(t, server.Stop())
}

func TestServerThatCannotStartSaysWhy(t *testing.T) {
	Shared(t) // skips without PostgreSQL
	dir, err := os.MkdirTemp("", "handover-pg-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	_, err = StartServer(t.Context(), dir, "no_such_setting=1")
	require.ErrorContains(t, err, "no_such_setting")
}
