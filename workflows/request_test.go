package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handover/internal/transfer"
	"handover/workflows"
)

// T1, T2, T5: request, approval by update, three line items, done. Each e-mail of the matrix goes out once (I-4).
func TestSubmitByUpdateCompletes(t *testing.T) {
	w := newWorld(t, 4)
	var a *answer
	w.at(time.Hour, func() { a = w.submit(picked("submit-1", 3)) })
	receipt := w.becomes(transfer.Complete)
	w.accepts(transfer.InProgress, a)
	require.Equal(t, transfer.ItemCounts{Complete: 3}, receipt.Items)
	require.Equal(t, []transfer.Event{transfer.EventCreated, transfer.EventSubmitted, transfer.EventCompleted}, w.ledger.events)
	require.ElementsMatch(t, []string{
		"created to source", "created to customer", "completed to source", "completed to target", "completed to customer",
	}, w.mail.sent)
}

func TestSubmitBySignalCompletes(t *testing.T) {
	w := newWorld(t, 3)
	w.at(time.Hour, func() { w.signal(picked("submit-1", 2)) })
	require.Equal(t, transfer.ItemCounts{Complete: 2}, w.becomes(transfer.Complete).Items)
}

// everything eligible, which leaves out what is suspended.
func TestSubmitEverythingEligible(t *testing.T) {
	w := newWorld(t, 4)
	w.ledger.facts.Subscriptions[2].Status = transfer.SubscriptionSuspended
	w.approveAt(time.Hour)
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
}

// a repeated create finds the transfer, before and after it is open; other content under its id is refused.
func TestOpenAnswersTheSameRequestOnly(t *testing.T) {
	w := newWorld(t, 1)
	var early, late, other *answer
	w.during("OpenTransfer", func() { early = w.open(w.request) })
	w.at(time.Hour, func() {
		late = w.open(w.request)
		changed := w.request
		changed.CustomerEmail = "else@example.com"
		other = w.open(changed)
	})
	w.approveAt(2 * time.Hour)
	w.becomes(transfer.Complete)
	w.accepts(transfer.Pending, early)
	require.Equal(t, early, late)
	require.Equal(t, expires.Format(time.RFC3339), late.result.(workflows.Receipt).ExpirationTime)
	w.refuses(transfer.RequestIDReused, other)
}

// R-50, OQ-24: prerequisites that are not met end the run with the refusal, and whoever waits gets it too.
func TestRefusedPrerequisitesFailTheRun(t *testing.T) {
	w := newWorld(t, 1)
	w.ledger.facts.Open.Relationship = false
	var opening, submitting *answer
	w.during("OpenTransfer", func() {
		opening = w.open(w.request)
		submitting = w.submit(everything("submit-1"))
		w.signal(everything("submit-2"))
	})
	_, err := w.run()
	requireRefusal(t, transfer.RelationshipMissing, err)
	w.refuses(transfer.RelationshipMissing, opening)
	w.refuses(transfer.RelationshipMissing, submitting)
	require.Empty(t, w.ledger.events)
	require.Empty(t, w.mail.sent)
	require.Contains(t, w.details(), "Refused")
	require.Len(t, w.snapshot().Refused, 1)
	_, shown := w.seen.attributes.GetKeyword(workflows.StatusKey)
	require.False(t, shown, "a transfer that never was must not be found by status")
}

// A cancellation from Temporal's own tools would leave the ledger Pending or InProgress for ever, so it does nothing.
func TestTemporalCancellationDoesNothing(t *testing.T) {
	w := newWorld(t, 2)
	var opened *answer
	w.during("OpenTransfer", func() {
		opened = w.open(w.request)
		w.CancelWorkflow()
	})
	w.at(time.Hour, w.CancelWorkflow)
	w.billing.fails(1, 3, time.Hour)
	w.approveAt(2 * time.Hour)
	w.at(3*time.Hour, w.CancelWorkflow)
	require.Equal(t, transfer.ItemCounts{Complete: 2}, w.becomes(transfer.Complete).Items)
	w.accepts(transfer.Pending, opened)
}

// The same while a decision is being made, whose context would be cancelled with the run.
func TestTemporalCancellationDuringADecision(t *testing.T) {
	w := newWorld(t, 2)
	w.billing.fails(1, forever, time.Hour)
	w.during("Submit", w.CancelWorkflow)
	w.during("GiveUp", w.CancelWorkflow)
	var submit, giveUp *answer
	w.at(time.Hour, func() { submit = submitting(w) })
	w.at(2*time.Hour, func() { giveUp = w.giveUp(stuck(1)) })
	w.becomes(transfer.PartiallyComplete)
	w.accepts(transfer.InProgress, submit)
	require.NoError(t, giveUp.err)
}

// A run that somebody starts by hand, without search attributes, is a transfer like any other under the right workflow id;
// under another one nobody would find it, so it opens nothing.
func TestStartedByHand(t *testing.T) {
	startedAs := func(t *testing.T, workflowID func(transfer.Request) string) (*world, workflows.Receipt, error) {
		w := newWorld(t, 1)
		w.request.TargetPartnerTenantID = target1.PartnerTenantID
		w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflowID(w.request), TaskQueue: workflows.TaskQueue})
		w.at(time.Minute, func() { w.publishes(transfer.Pending) })
		w.approveAt(time.Hour)
		receipt, err := w.execute()
		return w, receipt, err
	}
	t.Run("wrong id", func(t *testing.T) {
		w, _, err := startedAs(t, func(transfer.Request) string { return "transfer/by-hand" })
		requireRefusal(t, transfer.InvalidInput, err)
		require.Empty(t, w.ledger.events)
	})
	w, receipt, err := startedAs(t, func(r transfer.Request) string { return workflows.StartOptions(r).ID })
	require.NoError(t, err)
	require.Equal(t, transfer.Complete, receipt.Status)
	w.publishes(transfer.Complete)
}

// publishes requires that the transfer can be found by its status and by who takes part.
func (w *world) publishes(status transfer.Status) {
	w.t.Helper()
	for key, value := range map[temporal.SearchAttributeKeyKeyword]string{
		workflows.StatusKey: string(status), workflows.CustomerKey: customer,
		workflows.SourceKey: source1.PartnerTenantID, workflows.TargetKey: target1.PartnerTenantID,
	} {
		found, _ := w.seen.attributes.GetKeyword(key)
		require.Equal(w.t, value, found)
	}
}

// A step whose first attempts meet a ledger that is down goes on as an activity until the ledger is back.
func TestLedgerDownDelaysAndNothingElse(t *testing.T) {
	for _, step := range []string{"OpenTransfer", "Submit", "MoveFacts", "RecordItems", "CloseTransfer", "Unsent", "Transfer"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t, 3)
			w.unreachable(step, 8)
			w.approveAt(time.Hour)
			require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
			require.Greater(t, w.ledger.calls[step], 8)
			require.Equal(t, []transfer.Event{transfer.EventCreated, transfer.EventSubmitted, transfer.EventCompleted}, w.ledger.events)
		})
	}
}
