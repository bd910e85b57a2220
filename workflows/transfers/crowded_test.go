package transfers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/workflows/transfers"
)

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
