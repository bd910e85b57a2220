package transfers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// the run of a transfer answers a repeated request with what it was answered, and another under its id with a refusal.
func TestRepeatedRequest(t *testing.T) {
	w := newWorld(t, 1)
	r := request("create-1")
	w.at(time.Hour, func() { w.signal(transfers.SignalTargetRequest, r) })
	w.at(2*time.Hour, func() {
		w.accepted("create-1", transfer.Pending)
		other := r
		other.CustomerEmail = "else@contoso.example"
		w.signal(transfers.SignalTargetRequest, other)
	})
	w.at(3*time.Hour, func() {
		answers := w.snapshot().Answers
		require.Len(t, answers, 2)
		require.Equal(t, kernel.RequestIDReused, answers[1].Refusal.Cause)
		foreign := request("create-2")
		w.signal(transfers.SignalTargetRequest, foreign)
	})
	w.at(4*time.Hour, func() {
		w.refused("create-2", kernel.InvalidInput)
		w.cancelled()
		w.nudge()
	})
	receipt, err := w.start(transfers.Input{Request: &r})
	require.NoError(t, err)
	w.agrees(transfer.Cancelled, receipt)
	require.Equal(t, 3, w.faults.calls("OpenTransfer"))
}

// the same command again gets the same answer, whenever it comes and in whatever case its ids are written, and
// has one effect; another content under its id is refused.
func TestSameCommandAgain(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.billed(true).fails(0, 3, 2*time.Hour)
	w.at(time.Hour, func() {
		for range 3 {
			w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
		}
	})
	var first transfer.Answer
	w.at(90*time.Minute, func() {
		first = w.answer("submit-1")
		require.Equal(t, transfer.InProgress, first.Status)
		loud := approval("submit-1", 0)
		loud.Actor.PartnerTenantID = strings.ToUpper(loud.Actor.PartnerTenantID)
		w.signal(transfers.SignalSourceApproval, loud)
	})
	w.at(2*time.Hour, func() {
		require.Equal(t, first, w.answer("submit-1"))
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 1))
		w.signal(transfers.SignalSourceDecline, by(asSource, "submit-1"))
	})
	w.becomes(transfer.Complete)
	answers := w.snapshot().Answers
	require.Len(t, answers, 3)
	require.Equal(t, first, answers[0])
	require.Equal(t, kernel.RequestIDReused, answers[1].Refusal.Cause)
	require.Equal(t, transfer.AlreadyInProgress, answers[2].Refusal.Cause, "an id is one of its kind of command")
	require.Equal(t, []string{"created", "submitted"}, w.events()[:2])
}

// I-6: the request id of one party opens nothing to another.
func TestRequestIDBelongsToItsParty(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.billed(true).fails(0, 3, time.Hour)
	w.at(time.Hour, func() { w.signal(transfers.SignalSourceApproval, approval("submit-1", 0)) })
	for n, actor := range []kernel.Actor{asTarget, asStranger} {
		w.at(time.Hour+time.Duration(n+1)*time.Minute, func() {
			a := approval("submit-1", 0)
			a.Actor = actor
			w.signal(transfers.SignalSourceApproval, a)
		})
	}
	w.becomes(transfer.Complete)
	answers := w.snapshot().Answers
	require.Len(t, answers, 3)
	require.Equal(t, kernel.WrongParty, answers[1].Refusal.Cause)
	require.Equal(t, transfer.NotFound, answers[2].Refusal.Cause)
}
