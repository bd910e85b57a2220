package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/pgtest"
	"handover/internal/world"
)

// A request that still runs is not run twice: the same again hears to wait, another under its id is refused.
func TestAGatewayRunsARequestOnce(t *testing.T) {
	t.Parallel()
	s := setScene(t, sqliteLedger(t), world.Large(kinds, 2))
	in := reachInto(t, s.Settings.LedgerURL)
	writes := durable(s.writes(t, 0))
	goOn := s.pauseWorker(t, in)
	heard := s.begin(asks(writes)...)
	eventually(t, "all are claimed", func() bool { return in.claimed(t, writes) == len(writes) })
	for _, w := range writes {
		same := s.hear(t, w.ask)
		assert.Equal(t, http.StatusConflict, same.status, same.body)
		assert.Equal(t, "900104", same.field("code"))
		assert.Equal(t, "BeingProcessed", same.field("errorName"))
		assert.Equal(t, true, same.field("isRetryable"))
		assert.Equal(t, "1", same.retry)

		other := w.ask
		other.body = w.ask.body + " "
		refused := s.hear(t, other)
		assert.Equal(t, http.StatusBadRequest, refused.status, refused.body)
		assert.Equal(t, "800002", refused.field("code"))
		assert.Equal(t, "RequestIdReused", refused.field("errorName"))
		assert.Equal(t, false, refused.field("isRetryable"))
		assert.Empty(t, refused.retry)
	}
	goOn()
	for i, first := range heard() {
		require.NoError(t, first.err)
		writes[i].rightly(t, first.reply)
		assert.Equal(t, first.reply, s.hear(t, writes[i].ask), "not the same answer again")
	}
	s.onceEach(t, writes)
	s.verified(t)
}

// A gateway is held up for longer than its claim lasts, and another one takes the requests over. When it wakes up it does
// nothing a second time and says nothing else.
func TestAGatewayThatWasHeldUp(t *testing.T) {
	t.Parallel()
	s := setScene(t, pgtest.Shared(t), world.Large(kinds, 2))
	in := reachInto(t, s.Settings.LedgerURL)
	other := launchGateway(t, s.env...)
	writes := durable(s.writes(t, 0))
	goOn := s.pauseWorker(t, in)
	heard := s.begin(asks(writes)...)
	eventually(t, "all are claimed", func() bool { return in.claimed(t, writes) == len(writes) })
	wakeUp := s.pause(t)
	goOn()
	taken := other.allFinally(t, asks(writes))
	wakeUp()
	for i, r := range heard() {
		require.NoError(t, r.err)
		writes[i].rightly(t, taken[i])
		if !r.again() {
			assert.Equal(t, taken[i], r.reply)
		}
		assert.Equal(t, taken[i], other.hear(t, writes[i].ask))
	}
	s.onceEach(t, writes)
	s.verified(t)
}
