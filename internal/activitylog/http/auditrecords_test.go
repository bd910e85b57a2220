package activityloghttp

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
)

// known tells whether an error is one that becomes a proper answer.
func known(err error) bool {
	var refusal *kernel.Refusal
	return err == nil || errors.As(err, &refusal)
}

// wire-notes 5: the forms of dates in the log's search.
func TestLogDates(t *testing.T) {
	for text, want := range map[string]string{
		"11/13/2026 23:32:46":   "2026-11-13T23:32:46Z",
		"1/5/2026 3:04:05 PM":   "2026-01-05T15:04:05Z",
		"2026-11-13":            "2026-11-13T00:00:00Z",
		"2026-11-13T23:32:46Z":  "2026-11-13T23:32:46Z",
		"05/06/2026":            "",
		"13/11/2026 23:32:46":   "",
		"yesterday":             "",
		"2026-11-31":            "",
		"11/13/2026 23:32:46 Z": "",
	} {
		at, _, err := logDate("startDate", text)
		if want == "" {
			require.ErrorIs(t, err, kernel.InvalidInput, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, at.Format("2006-01-02T15:04:05Z07:00"), text)
	}
}

// Filters and dates come from the address, not the body, and are as free.
func FuzzQueries(f *testing.F) {
	f.Add(`{"Field":"CompanyName","Value":"a","Operator":"starts_with"}`, "11/13/2026 23:32:46")
	f.Add(`{"Field":"CustomerId","Value":"a","Operator":"equals"}`, "2026-11-21")
	f.Fuzz(func(t *testing.T, filter, date string) {
		require.True(t, known(auditFilter(filter, &activitylogstore.AuditSearch{})))
		_, _, err := logDate("startDate", date)
		require.True(t, known(err))
	})
}
