package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/workflows"
)

// Section 4 of the design, I-3: a signal that is not accepted leaves the transfer Pending, is audited once and shown; the
// right approval is still accepted afterwards.
func TestRefusedSignal(t *testing.T) {
	for name, c := range map[string]struct {
		payload any
		cause   transfer.Cause
	}{
		"no JSON":          {raw("{not json"), transfer.InvalidInput},
		"nothing":          {raw(""), transfer.InvalidInput},
		"a list":           {raw("[]"), transfer.InvalidInput},
		"two objects":      {raw(`{"requestId":"a"}{}`), transfer.InvalidInput},
		"a loose end":      {raw(`{"requestId":"a"}]`), transfer.InvalidInput},
		"wrong types":      {raw(`{"requestId":7}`), transfer.InvalidInput},
		"no request id":    {workflows.Approval{Actor: source1, AllEligible: true}, transfer.InvalidInput},
		"a long id":        {workflows.Approval{RequestID: strings.Repeat("x", 129), Actor: source1, AllEligible: true}, transfer.InvalidInput},
		"the platform":     {workflows.Approval{RequestID: "x", Actor: transfer.Platform(), AllEligible: true}, transfer.InvalidInput},
		"an operator":      {workflows.Approval{RequestID: "x", Actor: operator, AllEligible: true}, transfer.InvalidInput},
		"a stranger":       {workflows.Approval{RequestID: "x", Actor: stranger, AllEligible: true}, transfer.NotFound},
		"the target":       {workflows.Approval{RequestID: "x", Actor: target1, AllEligible: true}, transfer.WrongParty},
		"no items":         {picked("x", 0), transfer.NoLineItems},
		"an unknown item":  {picked("x", 2), transfer.SubscriptionUnknown},
		"a suspended item": {workflows.Approval{RequestID: "x", Actor: source1, LineItems: []transfer.Pick{{SubscriptionID: subscription(9).ID}}}, transfer.NotActive},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			suspended := subscription(9)
			suspended.Status = transfer.SubscriptionSuspended
			w.ledger.facts.Subscriptions = append(w.ledger.facts.Subscriptions, suspended)
			w.at(time.Hour, func() { w.signal(c.payload) })
			w.at(2*time.Hour, func() { w.showsRefusal(c.cause) })
			w.approveAt(3 * time.Hour)
			require.Equal(t, transfer.ItemCounts{Complete: 1}, w.becomes(transfer.Complete).Items)
			require.Len(t, w.ledger.refused, 1)
		})
	}
}

func (w *world) showsRefusal(cause transfer.Cause) {
	w.t.Helper()
	s := w.snapshot()
	require.Equal(w.t, transfer.Pending, s.Transfer.Status)
	require.Len(w.t, w.ledger.refused, 1)
	audited := w.ledger.refused[0]
	require.Equal(w.t, cause, audited.Refusal.Cause)
	require.NotEmpty(w.t, audited.RequestID, "an audit record needs an id to be written once")
	require.Equal(w.t, []string{audited.Refusal.Error()}, s.Refused)
	require.Contains(w.t, w.details(), audited.Refusal.Error())
	require.Contains(w.t, w.details(), "1 decisions were not accepted")
}

// A flood of bad signals neither fills the history nor closes the door to the right one.
func TestFloodOfSignals(t *testing.T) {
	w := newWorld(t, 1)
	w.at(time.Hour, func() {
		for i := range 300 {
			w.signal(raw(fmt.Sprintf("bad %d", i)))
		}
	})
	w.at(2*time.Hour, func() {
		require.Contains(t, w.details(), "300 decisions were not accepted")
		require.Len(t, w.snapshot().Refused, 5)
	})
	w.approveAt(3 * time.Hour)
	w.becomes(transfer.Complete)
	require.Len(t, w.ledger.refused, 200)
}

func TestSignalBeforeTheOpening(t *testing.T) {
	w := newWorld(t, 1)
	w.during("OpenTransfer", func() { w.signal(everything("submit-1")) })
	w.becomes(transfer.Complete)
	require.Empty(t, w.ledger.refused)
}

// a signal while an update decides meets the same answer as an update would; signals wait for each other.
func TestSignalDuringADecision(t *testing.T) {
	for cause, decide := range map[transfer.Cause]func(*world){
		transfer.BeingProcessed:    func(w *world) { submitting(w) },
		transfer.AlreadyInProgress: func(w *world) { w.signal(everything("submit-1")) },
	} {
		t.Run(string(cause), func(t *testing.T) {
			w := newWorld(t, 1)
			w.during("Submit", func() { w.signal(everything("submit-2")) })
			w.at(time.Hour, func() { decide(w) })
			w.becomes(transfer.Complete)
			require.Len(t, w.ledger.refused, 1)
			require.Equal(t, cause, w.ledger.refused[0].Refusal.Cause)
		})
	}
}

// I-3: a signal that comes too late is audited before the run closes, even when it comes together with its last step.
func TestLateSignalIsAudited(t *testing.T) {
	for name, send := range map[string]func(*world, any){
		"before the last step ends": func(w *world, p any) { w.SignalWorkflow(workflows.SignalSourceApproval, p) },
		"together with its end":     func(w *world, p any) { w.SignalWorkflowSkippingWorkflowTask(workflows.SignalSourceApproval, p) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.billing.refuses(0)
			w.ledger.before["CloseTransfer"] = func(call int) error {
				if call < 3 {
					return errBusy // so that a regular activity closes, whose result wakes the run itself
				}
				w.meanwhile(func() { send(w, everything("submit-2")) })
				return nil
			}
			w.approveAt(time.Hour)
			w.unreachable("RecordRefused", 5)
			audited := 0
			w.seen.closing = func() { audited = len(w.ledger.refused) }
			w.becomes(transfer.Failed)
			require.Equal(t, 1, audited)
			require.Equal(t, "submit-2", w.ledger.refused[0].RequestID)
		})
	}
}
