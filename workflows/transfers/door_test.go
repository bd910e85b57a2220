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

// approval approves everything eligible, or the first n subscriptions by name.
func approval(requestID string, n int) transfer.Approval {
	a := transfer.Approval{RequestID: requestID, Actor: asSource, Selection: transfer.Selection{AllEligible: n == 0}}
	for i := range n {
		a.LineItems = append(a.LineItems, transfer.Pick{SubscriptionID: subID(i)})
	}
	return a
}

func by(actor kernel.Actor, requestID string) transfer.Decision {
	return transfer.Decision{RequestID: requestID, Actor: actor}
}

// answer is the run's answer to the command with that request id, of which it keeps one.
func (w *world) answer(requestID string) transfer.Answer {
	w.t.Helper()
	var found []transfer.Answer
	for _, a := range w.snapshot().Answers {
		if a.RequestID == requestID {
			found = append(found, a)
		}
	}
	require.Len(w.t, found, 1, "%+v", w.snapshot().Answers)
	return found[0]
}

func (w *world) accepted(requestID string, status transfer.Status) {
	w.t.Helper()
	a := w.answer(requestID)
	require.Nil(w.t, a.Refusal)
	require.Equal(w.t, status, a.Status)
}

func (w *world) refused(requestID string, cause kernel.Cause) {
	w.t.Helper()
	a := w.answer(requestID)
	require.NotNil(w.t, a.Refusal)
	require.Equal(w.t, cause, a.Refusal.Cause, a.Refusal.Message)
}

// logged are the records of the source's log that say through which door they came.
func (w *world) logged() (events []string) {
	w.t.Helper()
	records, err := w.ledger.AuditOf(w.t.Context(), w.id)
	require.NoError(w.t, err)
	for _, r := range records {
		if r.PartnerTenantID == sourceID && strings.Contains(r.NewValue, string(kernel.BySignal)) {
			events = append(events, r.EventKey)
		}
	}
	return events
}

// Row 35: a client that has Temporal and not the API starts the run with its request, and the source submits by signal.
func TestSecondDoor(t *testing.T) {
	w := newWorld(t, 3)
	w.at(time.Minute, func() {
		w.shows(transfer.Pending)
		w.accepted("create-1", transfer.Pending)
		require.Equal(t, "2024-05-31T00:00:00Z", w.answer("create-1").ExpirationTime)
	})
	w.at(time.Hour, func() { w.signal(transfers.SignalSourceApproval, approval("submit-1", 2)) })
	r := request("create-1")
	receipt, err := w.start(transfers.Input{Request: &r})
	require.NoError(t, err)
	w.agrees(transfer.Complete, receipt)
	require.Equal(t, transfer.ItemCounts{Complete: 2}, receipt.Items)
	w.accepted("submit-1", transfer.InProgress)
	require.Equal(t, []string{"created", "submitted"}, w.logged())
	require.Zero(t, w.dispatch(), "nobody has to tell a run what it brought itself")
}

// cancel and decline by signal.
func TestDecisionsBySignal(t *testing.T) {
	for name, c := range map[string]struct {
		signal  string
		actor   kernel.Actor
		becomes transfer.Status
	}{
		"cancel":  {transfers.SignalTargetCancel, asTarget, transfer.Cancelled},
		"decline": {transfers.SignalSourceDecline, asSource, transfer.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1).opened()
			w.at(time.Hour, func() {
				d := by(c.actor, "decide-1")
				d.Reason = keepsCustomer
				w.signal(c.signal, d)
			})
			w.becomes(c.becomes)
			w.accepted("decide-1", c.becomes)
			require.Len(t, w.logged(), 1)
			if c.becomes == transfer.Rejected {
				require.Equal(t, keepsCustomer, w.stored().DeclineReason)
				require.Contains(t, w.mail(), "declined to target")
			}
		})
	}
}

// What is refused is logged as a signal's, in the name that it claimed.
func TestLogSaysSignalClaimed(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.at(time.Hour, func() {
		w.signal(transfers.SignalSourceApproval, raw("garbage"))
		w.signal(transfers.SignalTargetCancel, by(asSource, "x"))
	})
	w.at(2*time.Hour, func() { w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-1")) })
	w.becomes(transfer.Cancelled)
	require.Len(t, w.logged(), 3)
}

// Row 35: a deployment that takes commands by its API only says so once per command, changes nothing and still follows.
func TestDoorClosed(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.steps.DoorClosed = true
	w.at(time.Hour, func() {
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
		w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-1"))
	})
	w.at(2*time.Hour, func() {
		w.refused("submit-1", kernel.DoorClosed)
		w.refused("cancel-1", kernel.DoorClosed)
		require.Equal(t, []string{"created", "refused:submit-1"}, w.events(), "E6: the log has what was refused at the door")
		w.submitted()
		w.nudgeOfSubmit()
	})
	w.becomes(transfer.Complete)

	t.Run("to a request", func(t *testing.T) {
		w := newWorld(t, 1)
		w.steps.DoorClosed = true
		r := request("create-1")
		_, err := w.start(transfers.Input{Request: &r})
		requireRefusal(t, kernel.DoorClosed, err)
	})
}

// I-3: a command that comes with the run's last step is answered and logged before the run ends.
func TestLateCommandIsAnswered(t *testing.T) {
	for _, step := range []string{"Look", "MoveFacts", "RecordItems", "CloseTransfer"} {
		t.Run("during "+step, func(t *testing.T) {
			w := newWorld(t, 1).opened().submitted()
			w.during(step, 1, func() { w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-1")) })
			w.becomes(transfer.Complete)
			require.NotNil(t, w.answer("cancel-1").Refusal)
			require.Equal(t, 1, w.refusals())
		})
	}
}

// Cancelling the run in Temporal would leave the ledger Pending or InProgress with nobody to end it, so it does nothing.
func TestTemporalCancellationDoesNothing(t *testing.T) {
	w := newWorld(t, 2).opened()
	w.billed(true).fails(1, 3, time.Hour)
	w.at(time.Hour, w.CancelWorkflow)
	w.at(2*time.Hour, func() {
		w.submitted()
		w.nudgeOfSubmit()
	})
	w.at(2*time.Hour+time.Minute, w.CancelWorkflow)
	require.Equal(t, transfer.ItemCounts{Complete: 2}, w.becomes(transfer.Complete).Items)
}
