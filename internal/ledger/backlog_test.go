package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	transferstore "handover/internal/transfer/store"
)

// What waits and what could not be delivered is counted by what it is about, the longest waiting first; what nobody needs is not.
func TestBacklogsOfMail(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		one, _ := f.undelivered("r1")
		f.clock.advance(time.Hour)
		two, first := f.mailed("r2")
		f.clock.advance(time.Hour)
		require.Equal(t, outbox.NowUndelivered, f.bounced(reportOn(first, 1)))
		_, _ = f.mailed("r3")
		young := f.pending("r4").ID
		stuck, err := f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		about := func(id string, waiting, undelivered int, since time.Time) outbox.Backlog {
			return outbox.Backlog{About: transferstore.Subject(id), Waiting: waiting, Undelivered: undelivered, Since: since}
		}
		require.Equal(t, []outbox.Backlog{about(one, 0, 1, start), about(two, 0, 1, f.clock.Now())}, stuck.Backlogs)
		require.Equal(t, 2, stuck.Ended)

		f.clock.advance(time.Hour)
		stuck, err = f.Stuck(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, 3, stuck.MailCount)
		require.Contains(t, stuck.Backlogs, about(young, 3, 0, f.clock.Now().Add(-time.Hour)))
		require.Len(t, stuck.Backlogs, 3)
	})
}
