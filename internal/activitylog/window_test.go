package activitylog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/kernel"
)

func TestRulesOfTheActivityLog(t *testing.T) {
	now := at("2024-05-15T09:00:00Z")
	for _, c := range []struct {
		name, from, until   string
		wantFrom, wantUntil string
		cause               kernel.Cause
	}{
		{name: "R-300 left out: the last 30 days until the end of today", wantFrom: "2024-04-15T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 a start only", from: "2024-05-01T00:00:00Z", wantFrom: "2024-05-01T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 both", from: "2024-03-01T12:00:00Z", until: "2024-03-02T00:00:00Z", wantFrom: "2024-03-01T12:00:00Z", wantUntil: "2024-03-02T00:00:00Z"},
		{name: "R-300 90 days back", from: "2024-02-15T00:00:00Z", wantFrom: "2024-02-15T00:00:00Z", wantUntil: "2024-05-16T00:00:00Z"},
		{name: "R-300 more than 90 days back", from: "2024-02-14T23:59:59Z", cause: activitylog.LogNotKept},
		{name: "R-300 the end before the start", from: "2024-05-02T00:00:00Z", until: "2024-05-01T00:00:00Z", cause: kernel.InvalidInput},
		{name: "R-300 nothing between them", from: "2024-05-02T00:00:00Z", until: "2024-05-02T00:00:00Z", cause: kernel.InvalidInput},
	} {
		rule(t, c.name, func(t *testing.T) {
			from, until, err := activitylog.LogWindow(maybe(c.from), maybe(c.until), now)
			if c.cause != "" {
				refused(t, err, c.cause)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []time.Time{at(c.wantFrom), at(c.wantUntil)}, []time.Time{from, until})
		})
	}
}

// maybe is the time, or the zero time for an empty text.
func maybe(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	return at(text)
}
