package transfers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	activities "handover/activities/transfers"
	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// afresh requires that the run ended to begin afresh, and returns with what.
func (w *world) afresh(err error) transfers.Input {
	w.t.Helper()
	var again *workflow.ContinueAsNewError
	require.ErrorAs(w.t, err, &again)
	require.Equal(w.t, transfers.Type, again.WorkflowType.Name)
	var in transfers.Input
	require.NoError(w.t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &in))
	require.Equal(w.t, w.id, in.TransferID)
	require.Nil(w.t, in.Request)
	return in
}

// A history that grows too large begins afresh with an id, what was seen and the answers, and waits on.
func TestCrowdedHistoryBeginsAfresh(t *testing.T) {
	for name, crowd := range map[string]func(*world){
		"the server says so": func(w *world) { w.SetContinueAsNewSuggested(true) },
		"events":             func(w *world) { w.SetCurrentHistoryLength(1_001) },
		"bytes":              func(w *world) { w.SetCurrentHistorySize(1<<20 + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1).opened()
			w.at(time.Hour, func() { w.signal(transfers.SignalSourceDecline, by(asTarget, "no-1")) })
			w.at(2*time.Hour, func() {
				w.refused("no-1", kernel.WrongParty)
				crowd(w)
				w.nudge()
			})
			_, err := w.follow()
			in := w.afresh(err)
			at, err := w.ledger.Look(t.Context(), w.id, activities.Watched{})
			require.NoError(t, err)
			require.Equal(t, at.ChangeID, in.Known)
			require.Len(t, in.Answers, 1)

			next := w.again()
			next.at(time.Minute, func() {
				next.shows(transfer.Pending)
				next.refused("no-1", kernel.WrongParty)
				require.False(t, next.snapshot().Restored)
				next.submitted()
				next.nudgeOfSubmit()
			})
			receipt, err := next.start(in)
			require.NoError(t, err)
			next.agrees(transfer.Complete, receipt)
		})
	}
}

// A command that comes when the history is full is answered: that the run is busy, which its sender may try again.
func TestCommandAtTheBoundary(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.at(time.Hour, func() {
		w.SetCurrentHistoryLength(1_001)
		w.signal(transfers.SignalSourceApproval, approval("submit-1", 0))
	})
	_, err := w.follow()
	in := w.afresh(err)
	require.Len(t, in.Answers, 1)
	require.Equal(t, kernel.BeingProcessed, in.Answers[0].Refusal.Cause)
	require.Equal(t, transfer.Pending, w.stored().Status)

	next := w.again()
	next.at(time.Minute, func() { next.signal(transfers.SignalSourceApproval, approval("submit-1", 0)) })
	receipt, err := next.start(in)
	require.NoError(t, err)
	next.agrees(transfer.Complete, receipt)
	next.accepted("submit-1", transfer.InProgress)
}

// A command that came before the history was full, or while the run was about to begin afresh, is decided.
func TestCommandBeforeTheBoundary(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.during("Cancel", 1, func() { w.SetCurrentHistoryLength(1_001) })
	w.at(time.Hour, func() {
		w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-1"))
		w.signal(transfers.SignalTargetCancel, by(asTarget, "cancel-2"))
	})
	w.becomes(transfer.Cancelled)
	w.accepted("cancel-1", transfer.Cancelled)
	w.refused("cancel-2", kernel.BeingProcessed)
}

// Row 17: 10,000 nudges cost one look per task and runs that begin afresh after 500; nothing is lost, a command among them
// is answered, and the answers live on.
func TestRow17TenThousandNudges(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.hosted = true
	const rounds, each = 40, 250
	for n := range rounds {
		w.at(time.Duration(n+1)*time.Minute, func() {
			for i := range each {
				w.nudge()
				if n == rounds/2 && i == each/2 {
					w.signal(transfers.SignalSourceDecline, by(asTarget, "no-1"))
				}
			}
		})
	}
	w.at(2*time.Hour, func() {
		require.Equal(t, int64(rounds*each), w.nudges)
		require.Contains(t, []kernel.Cause{kernel.WrongParty, kernel.BeingProcessed}, w.answer("no-1").Refusal.Cause)
		require.GreaterOrEqual(t, w.seen.runs(transfers.Type), rounds*each/800)
		require.Less(t, w.seen.count("local transfer.Look"), 3*rounds, "one per task, and one per run")
		require.LessOrEqual(t, len(w.seen.timersSet()), w.seen.runs(transfers.Type))
		w.submitted()
		w.nudgeOfSubmit()
	})
	receipt, err := w.start(transfers.Input{TransferID: w.id})
	require.NoError(t, err)
	w.agrees(transfer.Complete, receipt)
}

// Commands are never lost, wherever in a flood of nudges they come: each is decided or told that the run is busy.
func TestCommandsInAFlood(t *testing.T) {
	w := newWorld(t, 1).opened()
	w.hosted = true
	const commands = 12
	w.at(time.Hour, func() {
		for n := range commands {
			for range 60 {
				w.nudge()
			}
			w.signal(transfers.SignalSourceDecline, by(asTarget, fmt.Sprint("no-", n)))
		}
	})
	w.at(2*time.Hour, func() {
		answers := w.snapshot().Answers
		require.Len(t, answers, commands)
		for _, a := range answers {
			require.Contains(t, []kernel.Cause{kernel.WrongParty, kernel.BeingProcessed}, a.Refusal.Cause)
		}
		require.Greater(t, w.seen.runs(transfers.Type), 1)
		w.cancelled()
		w.nudge()
	})
	receipt, err := w.start(transfers.Input{TransferID: w.id})
	require.NoError(t, err)
	w.agrees(transfer.Cancelled, receipt)
}
