package transfers_test

import (
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
