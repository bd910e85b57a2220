package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
)

// The number in the mail about dead letters is of what that mail speaks of: what was sent ten times. Once an endpoint is switched off, it is
// of all that is kept.
func TestTheMailCountsWhatItSpeaksOf(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		counts := func() int {
			missed, err := f.WebhooksMissed(t.Context(), []string{sourceID})
			require.NoError(t, err)
			return missed[sourceID].Dead
		}
		f.register(sourceID, everyEvent())
		f.pending("r1")
		f.sends(sourceID, 410)
		f.pending("r2")
		require.Equal(t, 2, counts(), "one tried, one that happened since")
		f.clock.advance(time.Second)
		f.replace(sourceID, everyEvent())
		require.Equal(t, 2, f.counted(sourceID, webhook.Dead))
		require.Zero(t, counts(), "neither was sent ten times")
		f.pending("r3")
		f.tested(sourceID, "t1")
		f.behind("UPDATE webhook_deliveries SET attempts = 9 WHERE status = 'waiting'")
		require.Equal(t, 1, f.sends(sourceID, 500).Missed)
		require.Equal(t, 1, counts(), "a test is nothing that happened")
		f.behind("UPDATE webhook_deliveries SET attempts_before = 1 WHERE attempts = 10")
		require.Zero(t, counts(), "it was asked for again, and not sent ten times since")
	})
}
