package integration

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/internal/world"
)

// Row 32 of the races: a worker has leave to ask for a move and is stopped before the billing system hears of it. The line item
// is given up, another worker gets the promise that it never moves, and the subscription moves in another transfer. Then the
// first worker goes on and its call arrives: it is refused, and nothing has moved twice.
func TestACallThatComesAfterThePromise(t *testing.T) {
	t.Parallel()
	s := startBilled(t, world.Large(1, 1))
	who := largeParties(0)
	late := s.stalled(t, who)
	again := s.submitted(t, who)
	s.over(t, again)
	require.Equal(t, transfer.Complete, s.get(t, again).Status)

	assert.Equal(t, http.StatusConflict, late.arrives(t).status)
	late.otherWorker.kill(t)
	other := s.create(t, who, "--request-id", "the-first-worker-is-well")
	s.must(t, "cancel", other)
	s.over(t, other)

	item := s.item(t, late.transferID, 0)
	assert.Equal(t, transfer.ItemFailed, item.Status)
	assert.False(t, item.Held)
	assert.Len(t, s.system.done(t), 1, "it moved once")
	s.agrees(t, late.transferID, again)
}

// The same with a billing system that breaks its promise: the line item is held again, and operators are told what to do.
func TestAPromiseThatIsBroken(t *testing.T) {
	t.Parallel()
	s := startBilled(t, world.Large(1, 1))
	late := s.stalled(t, largeParties(0))
	forgetful := startBilling(t)
	s.wire.leads(forgetful.url())
	require.Equal(t, http.StatusOK, late.arrives(t).status)

	eventually(t, "the line item is held", func() bool { return s.item(t, late.transferID, 0).Held })
	broken := s.run(t, "verify")
	assert.Equal(t, 1, broken.status, broken.out)
	movedTo := s.item(t, late.transferID, 0).LateID
	assert.Contains(t, broken.out, "I-8")
	assert.Contains(t, broken.out, "ended as Failed and the billing system moved it to "+movedTo)
	var stuck struct {
		Items []struct {
			TransferID string `json:"transferId"`
			Held       bool   `json:"held"`
		} `json:"lineItems"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.must(t, "stuck", "-o", "json")), &stuck))
	require.Len(t, stuck.Items, 1)
	assert.Equal(t, late.transferID, stuck.Items[0].TransferID)
	assert.True(t, stuck.Items[0].Held)
	eventually(t, "the first worker says so", func() bool {
		said := late.worker.stderr.String()
		return strings.Contains(said, late.transferID) && strings.Contains(said, movedTo)
	})

	s.must(t, "resolve", late.transferID, "--item", "0", "--moved-to", movedTo, "--reason", "It is billed to the target since today.")
	s.system = forgetful
	s.verified(t)
	asked := s.run(t, "verify", "--billing")
	assert.Zero(t, asked.status, asked.out+asked.err)
}

// stalledCall is a call that is held before the billing system hears of it, and what it is about.
type stalledCall struct {
	transferID          string
	worker, otherWorker *process
	goOn                func()
	hold                *hold
	response            chan *response
}

// stalled has a worker stopped after its leave to call, and the line item fenced by another worker meanwhile.
func (b *billed) stalled(t *testing.T, who parties) stalledCall {
	t.Helper()
	late := stalledCall{hold: newHold(), response: make(chan *response, 1)}
	var first atomic.Bool
	b.wire.treats(func(c *call) *response {
		if c.method != http.MethodPost || !first.CompareAndSwap(false, true) {
			return c.pass()
		}
		<-late.hold.released
		answer := c.pass()
		late.response <- answer
		return answer
	})
	t.Cleanup(late.hold.release)
	// Its one place for calls is taken, so that it cannot swallow the calls that are made in its stead.
	late.worker = b.work(t, "HANDOVER_BILLING_CONCURRENT=1", "HANDOVER_BILLING_TIMEOUT=4m")
	late.transferID = b.submitted(t, who)
	eventually(t, "the call is on its way", first.Load)
	require.False(t, b.item(t, late.transferID, 0).SentAt.IsZero())
	told(t, b.Ledger, late.transferID) // it leaves nothing else half done
	late.goOn = reachInto(t, b.Settings.LedgerURL).pause(t, late.worker)

	b.must(t, "give-up", late.transferID, "--item", "0", "--reason", "Nobody knows where it is.")
	late.otherWorker = b.work(t)
	b.over(t, late.transferID)
	require.Equal(t, transfer.Failed, b.get(t, late.transferID).Status)
	require.Empty(t, b.system.done(t))
	return late
}

// arrives lets the call through to the billing system, and the worker go on that made it.
func (c stalledCall) arrives(t *testing.T) *response {
	t.Helper()
	c.hold.release()
	answer := <-c.response
	c.goOn()
	require.NotNil(t, answer)
	return answer
}
