package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"handover/internal/world"
)

// Rows 1, 9 and 19 of the races: the worker dies between the commit of a command and telling the run, and in the moment that
// a run begins. The next worker tells it, or goes on with it.
func TestAWorkerDiesBeforeARunBegins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, ledgerURL string) {
		p, s := startPlatform(t, ledgerURL, world.Large(2, 2))
		c, in := s.temporal(t), reachInto(t, ledgerURL)
		worker := launchWorker(t, p)
		in.pause(t, worker)
		untold := submitted(t, p.Ledger, largeParties(0))
		worker.kill(t)
		require.Equal(t, 1, in.behind(t))
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, runOf(t, c, untold))

		worker = launchWorker(t, p)
		s.over(t, untold)
		begun := submitted(t, p.Ledger, largeParties(1))
		eventually(t, "its run begins", func() bool { return runOf(t, c, begun) != enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED })
		worker.kill(t)
		launchWorker(t, p)
		for _, id := range []string{untold, begun} {
			s.over(t, id)
			movedOnce(t, s.get(t, id).LineItems, 2)
		}
		s.verified(t)
	})
}
