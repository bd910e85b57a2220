package engine

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
)

func TestContinuesWorkflowsFromPostgreSQL(t *testing.T) {
	t.Parallel()
	options := Options{PostgresURL: pgtest.Shared(t)}
	status := uuid.NewString() // the server may hold workflows of other runs
	first := startEngine(t, options)
	c := dial(t, first)
	startWorker(t, c)
	run := startGreeting(t, c, status)
	requireListed(t, c, status)
	first.Stop()

	second := dial(t, startEngine(t, options))
	requireListed(t, second, status)
	startWorker(t, second)
	finishGreeting(t, second, run.GetID())
}

// B7: what is made here is in UTF8, and what is there in another encoding is refused.
func TestDatabasesAreInUTF8(t *testing.T) {
	t.Parallel()
	address := pgtest.Shared(t)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	there, made := "latin_"+strings.ReplaceAll(uuid.NewString(), "-", "_"), "fresh_"+strings.ReplaceAll(uuid.NewString(), "-", "_")
	_, err = conn.Exec(t.Context(), "CREATE DATABASE "+there+" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, createDatabases(t.Context(), address, made))
	}
	require.EqualError(t, createDatabases(t.Context(), address, there), there+" is there, in the encoding LATIN1, in which ids are lost without an error; only UTF8 will do")
	for _, name := range []string{there, made} {
		_, err = conn.Exec(t.Context(), "DROP DATABASE "+name)
		require.NoError(t, err)
	}
}
