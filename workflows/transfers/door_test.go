package transfers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/workflows/run"
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

// OQ-24: a request whose prerequisites are not met fails the run with the refusal.
func TestRefusedRequestFailsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*transfer.Request)
		cause  kernel.Cause
	}{
		"no relationship":   {func(r *transfer.Request) { r.TargetPartnerTenantID, r.Actor = strangerID, asStranger }, programme.RelationshipMissing},
		"unknown customer":  {func(r *transfer.Request) { r.CustomerTenantID = sourceID }, programme.CustomerUnknown},
		"another's request": {func(r *transfer.Request) { r.Actor = asStranger }, kernel.InvalidInput},
		"from the platform": {func(r *transfer.Request) { r.Actor = kernel.Platform() }, kernel.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			r := request("create-1")
			c.change(&r)
			w.id = transfer.NewID(r)
			_, err := w.start(transfers.Input{Request: &r})
			requireRefusal(t, c.cause, err)
			_, err = w.ledger.Transfer(t.Context(), w.id)
			require.ErrorIs(t, err, transfer.NotFound)
			require.Empty(t, w.seen.keyword("TransferStatus"), "a transfer that never was must not be found by status")
		})
	}
}

// A run under another id than its transfer's would be found by nobody, so it does nothing; so does one whose input nobody can
// read.
func TestRunsThatCannotBe(t *testing.T) {
	r := request("create-1")
	own := transfer.WorkflowID(transfer.NewID(r))
	for name, c := range map[string]struct {
		workflowID string
		input      any
		cause      kernel.Cause
	}{
		"request under another id":   {"transfer/by-hand", r, kernel.InvalidInput},
		"request under no id":        {"by-hand", r, kernel.InvalidInput},
		"id under another id":        {own, map[string]string{"transferId": "another"}, kernel.InvalidInput},
		"id as a range":              {own + "/items/0-250", map[string]string{"transferId": transfer.NewID(r)}, kernel.InvalidInput},
		"a text":                     {own, "start", kernel.InvalidInput},
		"a list":                     {own, []int{1}, kernel.InvalidInput},
		"an object of something":     {own, map[string]int{"apples": 3}, kernel.InvalidInput},
		"a number for a transfer id": {own, map[string]int{"transferId": 3}, kernel.InvalidInput},
		"two megabytes":              {own, map[string]string{"customerName": strings.Repeat("x", 2<<20)}, kernel.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: c.workflowID, TaskQueue: run.TaskQueue})
			w.ExecuteWorkflow(transfers.Type, c.input)
			require.True(t, w.IsWorkflowCompleted())
			requireRefusal(t, c.cause, w.GetWorkflowError())
			require.Empty(t, w.events())
		})
	}
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

// Section 4, I-3: a signal that is not accepted leaves the transfer Pending, is logged once and counted; the right approval is
// still accepted afterwards.
func TestRefusedSignals(t *testing.T) {
	with := func(actor kernel.Actor) transfer.Approval {
		a := approval("x", 0)
		a.Actor = actor
		return a
	}
	for name, c := range map[string]struct {
		payload any
		cause   kernel.Cause
		unread  bool
	}{
		"no JSON":         {raw("{not json"), kernel.InvalidInput, true},
		"nothing":         {raw(""), kernel.InvalidInput, true},
		"a list":          {raw("[]"), kernel.InvalidInput, true},
		"two objects":     {raw(`{"requestId":"a"}{}`), kernel.InvalidInput, true},
		"wrong types":     {raw(`{"requestId":7}`), kernel.InvalidInput, true},
		"no request id":   {transfer.Approval{Actor: asSource, Selection: transfer.Selection{AllEligible: true}}, kernel.InvalidInput, true},
		"a long id":       {approval(strings.Repeat("x", 129), 0), kernel.InvalidInput, true},
		"two megabytes":   {raw(`{"requestId":"x","actor":"` + strings.Repeat("x", 2<<20) + `"}`), kernel.InvalidInput, true},
		"a long tenant":   {with(kernel.Actor{PartnerTenantID: strings.Repeat("x", 100_000)}), kernel.InvalidInput, true},
		"a long user":     {with(kernel.Actor{PartnerTenantID: sourceID, UserID: strings.Repeat("x", 100_000)}), kernel.InvalidInput, true},
		"the platform":    {with(kernel.Platform()), kernel.InvalidInput, true},
		"an operator":     {with(asOperator), kernel.InvalidInput, true},
		"a stranger":      {with(asStranger), transfer.NotFound, false},
		"the target":      {with(asTarget), kernel.WrongParty, false},
		"not an agent":    {with(kernel.Actor{PartnerTenantID: sourceID, UserID: "mallory"}), kernel.NotAdminAgent, false},
		"no items":        {transfer.Approval{RequestID: "x", Actor: asSource}, transfer.NoLineItems, false},
		"an unknown item": {approval("x", 2), subscription.Unknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1).opened()
			w.at(time.Hour, func() { w.signal(transfers.SignalSourceApproval, c.payload) })
			w.at(2*time.Hour, func() {
				w.shows(transfer.Pending)
				answers := w.snapshot().Answers
				require.Len(t, answers, 1)
				require.Equal(t, c.cause, answers[0].Refusal.Cause, answers[0].Refusal.Message)
				require.Equal(t, c.unread, strings.HasPrefix(answers[0].RequestID, "unread-"), answers[0].RequestID)
				require.Contains(t, w.details(), "1 commands that came through Temporal were refused")
				w.signal(transfers.SignalSourceApproval, c.payload)
			})
			w.at(3*time.Hour, func() { w.signal(transfers.SignalSourceApproval, approval("submit-1", 0)) })
			w.becomes(transfer.Complete)
			require.Equal(t, 1, w.refusals())
		})
	}
}

// A command that cannot be answered stays to be answered, and does not keep the transfer from going on.
func TestCommandThatMeetsTrouble(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.faults.stand("RecordRefused", func(call int) error {
		if call == 1 {
			return kernel.Refuse(kernel.InvalidInput, "not now")
		}
		return nil
	})
	w.at(time.Hour, func() {
		w.signal(transfers.SignalSourceDecline, by(asTarget, "decline-1"))
	})
	w.at(90*time.Minute, func() {
		require.Contains(t, w.details(), "**Trouble**")
		require.Empty(t, w.snapshot().Answers)
		w.shows(transfer.Pending)
	})
	w.at(3*time.Hour, func() {
		require.NotContains(t, w.details(), "**Trouble**")
		w.refused("decline-1", kernel.WrongParty)
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
	})
	w.becomes(transfer.Complete)
}

// refusals are the refused commands in the logs of both parties, each counted once.
func (w *world) refusals() int {
	w.t.Helper()
	records, err := w.ledger.AuditOf(w.t.Context(), w.id)
	require.NoError(w.t, err)
	found := map[string]bool{}
	for _, r := range records {
		if strings.HasPrefix(r.EventKey, string(transfer.EventRefused)) {
			found[r.EventKey] = true
		}
	}
	return len(found)
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

// The run keeps the latest answers only; an older command is answered again by being sent again.
func TestAnswersAreBounded(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.at(time.Hour, func() {
		for n := range 20 {
			w.signal(transfers.SignalSourceDecline, by(asTarget, fmt.Sprint("no-", n)))
		}
	})
	w.at(2*time.Hour, func() {
		require.Len(t, w.snapshot().Answers, 16)
		w.refused("no-4", kernel.WrongParty)
		w.signal(transfers.SignalSourceDecline, by(asTarget, "no-0"))
	})
	w.at(3*time.Hour, func() {
		w.refused("no-0", kernel.WrongParty)
		w.cancelled()
		w.nudge()
	})
	w.becomes(transfer.Cancelled)
}

// Row 35: a flood of bad signals fills neither the history nor the log, and does not close the door to the right one.
func TestRow35Flood(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.hosted = true
	w.at(time.Hour, func() { w.flood(0, 500) })
	w.at(2*time.Hour, func() { w.flood(500, 500) })
	w.at(3*time.Hour, func() {
		require.LessOrEqual(t, w.seen.count("local transfer.RecordRefusal"), 200)
		require.Less(t, len(w.seen.steps()), 220)
		w.shows(transfer.Pending)
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
	})
	w.becomes(transfer.Complete)
	w.accepted("submit-1", transfer.InProgress)
}

// flood sends signals that nobody can read.
func (w *world) flood(from, count int) {
	for n := range count {
		w.signal(transfers.SignalSourceApproval, raw(fmt.Sprintf("garbage %d", from+n)))
	}
}

// commands of a turn are decided one after the other; exactly one wins.
func TestCommandsAtOnce(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.at(time.Hour, func() {
		w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-1"))
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
	})
	receipt, err := w.follow()
	require.NoError(t, err)
	refusals := 0
	for _, a := range w.snapshot().Answers {
		if a.Refusal != nil {
			refusals++
		}
	}
	require.Equal(t, 1, refusals)
	w.agrees(receipt.Status, receipt)
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
