package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/internal/world"
)

// The billing system answers nothing for as long as it likes, and hundreds of line items wait for it. Whoever wants something
// else is served all the same, and the billing system never gets more calls at once than the deployment allows.
func TestASlowBillingSystemHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const atOnce = 20
	s := startBilled(t, world.Large(4, waitingItems))
	slow := newHold()
	s.wire.treats(slow.pass)
	s.work(t, "HANDOVER_BILLING_TIMEOUT=4m")
	large := s.submitted(t, largeParties(0))
	eventually(t, "it has as many calls as it may get", func() bool {
		now, _ := s.wire.opened()
		return now == atOnce
	})

	declined, withdrawn, expired := s.create(t, largeParties(1)), s.create(t, largeParties(2)), s.create(t, largeParties(3))
	s.must(t, "decline", declined, "--reason", "We stay.")
	s.must(t, "cancel", withdrawn)
	reachInto(t, s.Settings.LedgerURL).does(t, "UPDATE transfers SET expiration_time = created_time WHERE id = '"+expired+"'")
	resumes(t, s.Ledger, expired)
	for id, status := range map[string]transfer.Status{
		declined: transfer.Rejected, withdrawn: transfer.Cancelled, expired: transfer.Expired,
	} {
		s.over(t, id)
		assert.Equal(t, status, s.get(t, id).Status)
	}
	now, _ := s.wire.opened()
	require.Equal(t, atOnce, now, "it is as slow as before")
	require.Zero(t, moved(t, s.Ledger, large))

	slow.release()
	s.over(t, large)
	movedOnce(t, s.get(t, large).LineItems, waitingItems)
	_, most := s.wire.opened()
	assert.Equal(t, atOnce, most)
	s.agrees(t, large)
}
