package run

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handover/activities/failing"
	"handover/internal/kernel"
)

// Whether a step goes on as an activity is decided again when a run replays, so the answer stays for ever.
func TestWhatIsTriedOtherwise(t *testing.T) {
	t.Parallel()
	require.False(t, isPassing(failing.RefusalError(kernel.Refuse(kernel.InvalidInput, "no"))), "a refusal")
	require.True(t, isPassing(errors.New("away")), "any other")
	require.True(t, isPassing(temporal.NewNonRetryableApplicationError("broken", "Broken", nil)), "one that no attempt cures")
	require.False(t, isPassing(temporal.NewCanceledError()), "the end of the run")
}
