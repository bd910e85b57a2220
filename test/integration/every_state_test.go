package integration

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/internal/world"
)

// A worker is killed while one transfer waits for an answer, one for a line item that keeps failing, and one, Complete
// already, for its e-mail. The next worker knows none of them from memory and brings each to its end.
func TestAnotherWorkerGoesOnInEveryState(t *testing.T) {
	t.Parallel()
	waiting, moving, telling := largeParties(0), largeParties(1), largeParties(2)
	w := withFaults(world.Large(3, 3), moving.customer, "", "transient:1000", "")
	p, s := startPlatform(t, "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), w)
	p.Mail.Refuse(func(string) error { return errors.New("the mail server is busy") })
	worker := launchWorker(t, p)

	pending, inProgress, complete := s.create(t, waiting), s.create(t, moving), s.create(t, telling)
	s.must(t, "submit", inProgress, "--all-eligible")
	s.must(t, "submit", complete, "--all-eligible")
	eventually(t, "two line items are moved, one fails, and a transfer is complete", func() bool {
		return moved(t, p.Ledger, inProgress) == 2 && s.get(t, complete).Status == transfer.Complete
	})
	caught, err := p.Mail.Messages()
	require.NoError(t, err)
	require.Empty(t, caught, "no e-mail got through yet")

	worker.kill(t)
	launchWorker(t, p)
	p.Mail.Refuse(nil)

	s.must(t, "cancel", pending)
	s.must(t, "give-up", inProgress, "--item", "1", "--reason", "The billing system lost it.")
	for id, status := range map[string]transfer.Status{
		pending: transfer.Cancelled, inProgress: transfer.PartiallyComplete, complete: transfer.Complete,
	} {
		s.over(t, id)
		assert.Equal(t, status, s.get(t, id).Status)
	}
	caught, err = p.Mail.Messages()
	require.NoError(t, err)
	mailedOnce(t, p.Ledger, caught, pending, inProgress, complete)
	s.verified(t)
}
