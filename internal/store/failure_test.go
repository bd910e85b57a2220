package store

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func TestWhatPassesByItself(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"08006": ErrUnavailable, "25006": ErrUnavailable, "25P03": ErrUnavailable, "40001": ErrUnavailable, "40P01": ErrUnavailable,
		"53300": ErrUnavailable, "55006": ErrUnavailable, "55P03": ErrLocked, "57014": ErrUnavailable, "57P01": ErrUnavailable,
		"57P03": ErrUnavailable, "58030": ErrUnavailable,
		"0A000": nil, "22P02": nil, "23505": nil, "42601": nil, "42P01": nil, "P0001": nil, "XX001": nil,
	} {
		err := Classify(t.Context(), "ask", &pgconn.PgError{Code: code})
		require.Equal(t, errors.Is(want, ErrUnavailable), errors.Is(err, ErrUnavailable), code)
		require.Equal(t, errors.Is(want, ErrLocked), errors.Is(err, ErrLocked), code)
		require.Equal(t, want != nil, IsPassing(err), code)
	}
	require.ErrorIs(t, Classify(t.Context(), "ask", &pgconn.PgError{Code: "0A000", Routine: "RevalidateCachedQuery"}), ErrUnavailable)
}

// Nobody knows whether a transaction was committed that broke at its end, unless the database says so.
func TestWhatBreaksAtItsEnd(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, Classify(t.Context(), "commit", commitError{errors.New("whatever it was")}), ErrUnavailable)
	require.NotErrorIs(t, Classify(t.Context(), "commit", commitError{&pgconn.PgError{Code: "23503"}}), ErrUnavailable)
}
