package integration

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/pgtest"
	"handover/internal/transfer"
	"handover/internal/world"
)

// The ledger's database goes away twice: before a submit is answered, and in the middle of the move. Nobody has to do
// anything but start it again.
func TestATransferOutlivesItsLedgersDatabase(t *testing.T) {
	t.Parallel()
	database := startPostgres(t)
	who := largeParties(0)
	p, s := startPlatform(t, database.URL(), withFaults(world.Large(1, 12), who.customer, "slow:1200ms", "sync:6s", ""))
	launchWorker(t, p)
	id := s.create(t, who)

	require.NoError(t, database.Stop())
	unanswered := s.run(t, "submit", id, "--all-eligible", "--request-id", "approval-1", "--timeout", "3s")
	assert.Equal(t, 5, unanswered.status, unanswered.err)
	assert.Contains(t, unanswered.err, "to repeat it safely, add --request-id approval-1")
	require.NoError(t, database.Start(t.Context()))
	s.must(t, "submit", id, "--all-eligible", "--request-id", "approval-1")

	eventually(t, "the first line items are moved", func() bool { return moved(t, p.Ledger, id) > 0 })
	require.NoError(t, database.Stop())
	c := s.temporal(t)
	eventually(t, "a line item cannot be recorded", func() bool { return waitsForLedger(t, c, id) })
	require.NoError(t, database.Start(t.Context()))

	assert.Regexp(t, `Complete: 12 of 12 line items`, s.must(t, "watch", id))
	s.over(t, id)
	movedOnce(t, s.get(t, id).LineItems, 12)
	caught, err := p.Mail.Messages()
	require.NoError(t, err)
	mailedOnce(t, p.Ledger, caught, id)
	s.verified(t)
}

// waitsForLedger tells that the latest attempt at some line item did not reach the ledger.
func waitsForLedger(t *testing.T, c client.Client, id string) bool {
	t.Helper()
	run, err := c.DescribeWorkflowExecution(t.Context(), transfer.WorkflowID(id), "")
	require.NoError(t, err)
	return slices.ContainsFunc(run.GetPendingActivities(), func(a *workflowpb.PendingActivityInfo) bool {
		return strings.Contains(a.GetLastFailure().GetMessage(), "the ledger's database is not available")
	})
}

// startPostgres starts a server that the test may stop.
func startPostgres(t *testing.T) *pgtest.Server {
	t.Helper()
	pgtest.Shared(t)                             // skips without PostgreSQL
	dir, err := os.MkdirTemp("", "handover-pg-") // PostgreSQL's own user cannot reach t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	server, err := pgtest.StartServer(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop() }) // a test that failed may have stopped it already
	return server
}

// A worker that cannot reach its ledger says so in one line and ends, so that whoever runs it notices.
func TestAWorkerWithoutItsLedgerEnds(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"none":           "",
		"of no kind":     "mysql://ledger@127.0.0.1/handover",
		"that is down":   "postgres://ledger@127.0.0.1:1/handover",
		"not to be made": "sqlite:///dev/null/ledger.db",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := launch(t, []string{"HANDOVER_LEDGER_URL=" + url, "TEMPORAL_ADDRESS=127.0.0.1:1"}, "worker")
			assert.Equal(t, 1, p.exit(t))
			oneLine(t, p.stderr.String(), "ledger")
			assert.Empty(t, p.stdout.String())
		})
	}
}
