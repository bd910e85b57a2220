package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/webhook"
)

// What cannot be said is set aside alone: for good, or until a newer program may know it, also after another registration. What does not
// wait any more, and another partner's, stays as it is.
func TestEventsThatCannotBeSaid(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.waits(sourceID, 4)
		never := &webhook.UnsaidError{Fault: webhook.FaultUnsayable, Err: errors.New("too large")}
		later := &webhook.UnsaidError{Fault: webhook.FaultUnknown, Later: true, Err: errors.New("unknown")}
		aside := func(partner string, unsaid map[string]*webhook.UnsaidError) int {
			t.Helper()
			dead, err := f.SetWebhooksAside(t.Context(), partner, unsaid)
			require.NoError(t, err)
			return dead
		}
		f.clock.advance(time.Minute)
		require.Len(t, f.owed(sourceID).Due, 4)
		require.Zero(t, aside(targetID, map[string]*webhook.UnsaidError{"many-1": never}))
		require.Len(t, f.owed(sourceID).Due, 4)
		require.Equal(t, 1, aside(sourceID, map[string]*webhook.UnsaidError{"many-1": never, "many-2": later}))
		require.Zero(t, aside(sourceID, map[string]*webhook.UnsaidError{"many-1": later}), "it is dead")
		due := f.owed(sourceID).Due
		require.Len(t, due, 2)
		require.Equal(t, "many-3", due[0].ID)
		require.Equal(t, 1, f.counted(sourceID, webhook.Dead))

		f.clock.advance(10*time.Minute - time.Second)
		require.Len(t, f.owed(sourceID).Due, 2)
		f.clock.advance(time.Second)
		require.Len(t, f.owed(sourceID).Due, 3)
		f.replace(sourceID, everyEvent())
		require.Zero(t, aside(sourceID, map[string]*webhook.UnsaidError{"many-2": later}))
		require.Len(t, f.owed(sourceID).Due, 2, "it does not come again at once")

		_, err := f.UnregisterWebhook(t.Context(), command.Terms[webhook.Registration]{}, sourceID)
		require.NoError(t, err)
		require.Zero(t, aside(sourceID, map[string]*webhook.UnsaidError{"many-2": never}))
		require.Equal(t, 4, f.counted(sourceID, webhook.Dead))
		f.holds()
	})
}
