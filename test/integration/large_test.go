package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/world"
)

// A large transfer is shared out to child workflows; the command line does not let it show.
func TestTwelveHundredLineItemsMoveInOneTransfer(t *testing.T) {
	t.Parallel()
	const items = 1200
	who := largeParties(0)
	s := startStandalone(t, t.TempDir(), "--world", worldFile(t, world.Large(1, items)))
	id := s.create(t, who)
	s.must(t, "submit", id, "--all-eligible")
	assert.Regexp(t, `Complete: 1200 of 1200 line items, 0 retries`, s.must(t, "watch", id))
	movedOnce(t, s.get(t, id).LineItems, items)
	s.over(t, id)
	s.verified(t)
}
