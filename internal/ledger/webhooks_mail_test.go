package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// what is told of an endpoint says whether its owner is in a sandbox; a partner without an endpoint is left out.
func TestWebhooksMissedTellTheEnvironment(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(boxed, everyEvent())
		missed, err := f.WebhooksMissed(t.Context(), []string{sourceID, targetID, boxed})
		require.NoError(t, err)
		require.Len(t, missed, 2)
		require.False(t, missed[sourceID].Sandbox)
		require.True(t, missed[boxed].Sandbox)
	})
}
