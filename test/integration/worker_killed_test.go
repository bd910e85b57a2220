package integration

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/ledger"
	"handover/internal/pgtest"
	"handover/internal/subscription"
	"handover/internal/world"
)

// Two hundred line items move, each too slow for its first, quick attempt or answered 503 once. The worker is killed in
// the middle; another one finishes what it began, and nothing happens twice (I-1 to I-7).
func TestAnotherWorkerFinishesWhatAKilledOneBegan(t *testing.T) {
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		killTheWorker(t, pgtest.Shared(t))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		killTheWorker(t, "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"))
	})
}

func killTheWorker(t *testing.T, ledgerURL string) {
	const items = 200
	who := largeParties(0)
	p, s := startPlatform(t, ledgerURL, withFaults(world.Large(1, items), who.customer, "slow:1200ms", "slow:1200ms", "slow:1200ms", "transient:1"))
	first := launchWorker(t, p)
	id := s.create(t, who)
	s.must(t, "submit", id, "--all-eligible")
	eventually(t, "60 line items are moved", func() bool { return moved(t, p.Ledger, id) >= 60 })
	first.kill(t)
	require.Less(t, moved(t, p.Ledger, id), items, "The worker was killed too late to show anything.")

	launchWorker(t, p)
	assert.Regexp(t, `Complete: 200 of 200 line items`, s.must(t, "watch", id))
	s.over(t, id)

	e := s.get(t, id)
	movedOnce(t, e.LineItems, items)
	for _, item := range e.LineItems {
		assert.GreaterOrEqual(t, *item.Attempts, 2, "line item %d: the first attempt fails", item.ID)
		assert.LessOrEqual(t, *item.Attempts, 4, "line item %d: one attempt was cut off", item.ID)
	}
	for partner, active := range map[string]int{who.source: 0, who.target: items + 1} { // the target's Azure plan
		assert.Equal(t, active, activeAt(t, p.Ledger, who.customer, partner))
	}
	caught, err := p.Mail.Messages()
	require.NoError(t, err)
	mailedOnce(t, p.Ledger, caught, id)
	s.verified(t)
}

// moved is how many line items of the transfer are Complete.
func moved(t *testing.T, book *ledger.Ledger, id string) int {
	t.Helper()
	now, err := book.Transfer(t.Context(), id)
	require.NoError(t, err)
	return now.Items.Complete
}

// activeAt is how many subscriptions the partner bills the customer for.
func activeAt(t *testing.T, book *ledger.Ledger, customer, partner string) int {
	t.Helper()
	held, err := book.Subscriptions(t.Context(), customer, partner)
	require.NoError(t, err)
	active := 0
	for _, s := range held {
		if s.Status == subscription.Active {
			active++
		}
	}
	return active
}
