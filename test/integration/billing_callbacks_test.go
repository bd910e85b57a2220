package integration

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/transfer"
	"handover/internal/world"
)

// The billing system takes its time and wants to be asked in an hour, but calls back. Forged calls move nothing. When it is
// done with hundreds of line items at once, its calls bring them home, and the runs are woken a few times only.
func TestCallbacksBringItemsHome(t *testing.T) {
	t.Parallel()
	const transfers, items, wakes = 3, 100, 10
	const token = "ring"
	callbacks := freeAddress(t)
	s := startBilled(t, world.Large(transfers, items), "--takes", "1h", "--callback", "http://"+callbacks, "--callback-token", token)
	s.work(t, "HANDOVER_BILLING_CALLBACK_LISTEN="+callbacks, "HANDOVER_BILLING_CALLBACK_TOKEN="+token)
	ids := make([]string, transfers)
	for n := range ids {
		ids[n] = s.submitted(t, largeParties(n))
	}
	in, c := s.system.moves(t), s.temporal(t)
	eventually(t, "it is at work on all of them", func() bool {
		return reachInto(t, s.Settings.LedgerURL).counts(t, "SELECT COUNT(*) FROM line_items WHERE accepted_at IS NOT NULL") == transfers*items
	})
	require.Empty(t, s.wire.said(http.MethodGet), "it wants to be asked in an hour")

	for _, c := range s.wire.said(http.MethodPost)[:items] {
		forge(t, callbacks, token, c.key)
	}
	eventually(t, "it was asked about each of them", func() bool { return len(s.wire.said(http.MethodGet)) == items })
	for _, id := range ids {
		require.Zero(t, moved(t, s.Ledger, id))
	}

	before := map[string]int{}
	for _, id := range ids {
		before[id] = signals(t, c, id)
	}
	in.does(t, "UPDATE moves SET due_at = began_at")
	for _, id := range ids {
		s.over(t, id)
		movedOnce(t, s.get(t, id).LineItems, items)
		assert.Less(t, signals(t, c, id)-before[id], wakes)
	}
	s.agrees(t, ids...)
}

// forge calls back about a move that is not done.
func forge(t *testing.T, address, token, key string) {
	t.Helper()
	said := strings.NewReader(`{"subscriptionId": "99999999-0000-4000-8000-00000000e001"}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/moves/"+url.PathEscape(key), said)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusNoContent, answer.StatusCode)
}

// signals is how often the run of a transfer was woken.
func signals(t *testing.T, c client.Client, id string) (n int) {
	t.Helper()
	events := c.GetWorkflowHistory(t.Context(), transfer.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			n++
		}
	}
	return n
}
