package kernel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

// What clients name is a time that a ledger keeps, in UTC, or is refused; the ends of .NET's time are the ends of ours, in every zone.
func TestReadTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-11-01T02:00:00+02:00":         time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"0001-01-01":                        kernel.Earliest,
		"0001-01-01T00:00:00Z":              kernel.Earliest,
		"0001-01-01T00:00:00+14:00":         kernel.Earliest,
		"0001-01-01T00:00:00-08:00":         kernel.Earliest,
		"9999-12-31T23:59:59Z":              kernel.Latest,
		"9999-12-31T23:59:59.9999999Z":      kernel.Latest,
		"9999-12-31T23:59:59.9999999-08:00": kernel.Latest,
		"9999-12-31T23:59:59.9999999+14:00": kernel.Latest,
		"9999-12-31":                        time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		"0000-01-01":                        {},
		"0000-01-01T00:00:00Z":              {},
		"0001-01-01T00:00:01+14:00":         {},
		"9999-12-31T23:59:58-00:01":         {},
		"9999-12-31T12:00:00-14:00":         {},
		"10000-01-01T00:00:00Z":             {},
		"-001-01-01T00:00:00Z":              {},
		"":                                  {},
		"soon":                              {},
	} {
		at, err := kernel.ReadTime("from", text, kernel.TimeExample, time.RFC3339, time.DateOnly)
		require.Equal(t, want, at, text)
		if want.IsZero() {
			require.ErrorIs(t, err, kernel.InvalidInput, text)
			continue
		}
		require.NoError(t, err, text)
		require.True(t, kernel.Keepable(at), text)
	}
	require.False(t, kernel.Keepable(time.Time{}), "which stands for a time that was left out")
}

func TestNextDay(t *testing.T) {
	last := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	require.Equal(t, last, kernel.NextDay(last.AddDate(0, 0, -1)))
	require.Equal(t, kernel.Latest, kernel.NextDay(last))
}
