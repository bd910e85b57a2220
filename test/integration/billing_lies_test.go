package integration

import (
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/internal/world"
)

// The billing system moves something and gives another id when it is asked again, and says of something else that it never heard
// of it after it had moved it. The ledger keeps what it was told first, and verify --billing names both.
func TestABillingSystemThatLies(t *testing.T) {
	t.Parallel()
	const items, anotherID = 3, "99999999-0000-4000-8000-00000000e001"
	s := startBilled(t, world.Large(1, items))
	s.work(t)
	id := s.create(t, largeParties(0))
	honest, doubled, denied := keyOf(id, 0), keyOf(id, 1), keyOf(id, 2)
	var lost atomic.Bool
	s.wire.treats(func(c *call) *response {
		switch {
		case c.method == http.MethodPost && c.key == doubled && lost.CompareAndSwap(false, true):
			c.pass()
			return nil
		case c.method == http.MethodPost && c.key == doubled:
			return says(http.StatusOK, `{"subscriptionId": "`+anotherID+`"}`)
		case c.method == http.MethodGet && c.key == denied:
			return says(http.StatusNotFound, "")
		}
		return c.pass()
	})
	s.must(t, "submit", id, "--all-eligible")
	s.over(t, id)
	movedOnce(t, s.get(t, id).LineItems, items)
	s.verified(t)

	done := s.system.done(t)
	require.Len(t, done, items)
	a := s.run(t, "verify", "--billing")
	assert.Equal(t, 1, a.status, a.err)
	assert.Contains(t, a.out, "moved to "+anotherID+", and the billing system says that it moved to "+done[doubled])
	assert.Contains(t, a.out, "moved to "+done[denied]+", and the billing system does not know the move")
	assert.NotContains(t, a.out, done[honest])
	movedOnce(t, s.get(t, id).LineItems, items)
}

// The billing system loses all that it knew while it is at work. What it had accepted is asked for again and moves; what it had
// moved before stays as it is here, and verify --billing names it.
func TestABillingSystemThatForgetsEverything(t *testing.T) {
	t.Parallel()
	const items = 3
	s := startBilled(t, world.Large(2, items))
	s.wire.treats(func(c *call) *response {
		answer := c.pass()
		if answer != nil && answer.header.Get("Retry-After") != "" {
			answer.header.Set("Retry-After", "1")
		}
		return answer
	})
	s.work(t)
	before := s.submitted(t, largeParties(0))
	s.over(t, before)

	s.system.kill(t)
	s.system.args = []string{"--takes", "1h"}
	s.system.start(t)
	under := s.submitted(t, largeParties(1))
	eventually(t, "it is at work", func() bool {
		open, err := s.Ledger.Items(t.Context(), under, 0, -1)
		require.NoError(t, err)
		accepted := 0
		for _, item := range open {
			if !item.AcceptedAt.IsZero() {
				accepted++
			}
		}
		return accepted == items
	})
	s.system.kill(t)
	for _, file := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.RemoveAll(s.system.file+file))
	}
	s.system.args = nil
	s.system.start(t)
	s.over(t, under)

	for _, id := range []string{before, under} {
		movedOnce(t, s.get(t, id).LineItems, items)
	}
	assert.Equal(t, 2*(items+1), activeAt(t, s.Ledger, largeParties(0).customer, world.LargeTarget)+
		activeAt(t, s.Ledger, largeParties(1).customer, world.LargeTarget), "with two Azure plans")
	s.verified(t)
	assert.Len(t, s.system.done(t), items)
	a := s.run(t, "verify", "--billing")
	assert.Equal(t, 1, a.status, a.err)
	assert.NotContains(t, a.out, under)
	for _, item := range s.get(t, before).LineItems {
		assert.Contains(t, a.out, "(subscription "+item.SubscriptionID+") moved to "+item.TargetSubscriptionID+", and the billing system does not know the move")
	}
}

// keyOf is the billing system's key for a subscription of the first customer of world.Large.
func keyOf(transferID string, number int) string {
	one := world.Large(1, number+1).Subscriptions
	return transfer.LineItem{SubscriptionID: one[len(one)-1].ID}.KeyIn(transferID)
}
