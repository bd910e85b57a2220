package transfers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
	"handover/workflows/transfers"
)

// T1, T2, T5: the life of a transfer of three line items, as whoever looks at Temporal sees it, and what it costs.
func TestLife(t *testing.T) {
	w := newWorld(t, 3).opened()
	w.at(time.Minute, func() {
		w.shows(transfer.Pending)
		require.Contains(t, w.details(), "**Pending**: waits for the source to submit or decline, until 31 May 2024, 00:00 UTC")
		require.Equal(t, expires, w.snapshot().ExpirationTime)
	})
	w.at(time.Hour, func() {
		w.submitted()
		w.nudgeOfSubmit()
	})
	require.Equal(t, transfer.ItemCounts{Complete: 3}, w.becomes(transfer.Complete).Items)
	require.Equal(t, []string{"local transfer.Look", "local transfer.Look", "local transfer.MoveWindow", "local transfer.Close", "local transfer.NotifyParties"}, w.seen.steps())
	require.Contains(t, w.details(), "**Complete**: ████████████████████ 3 of 3 line items moved")
	require.Contains(t, w.details(), "E-mails handed to the mail relay: 1 to the source, 1 to the target, 1 to the customer")
	w.shows(transfer.Complete)
	require.Equal(t, []string{"created", "submitted", "completed"}, w.events())
	require.Len(t, w.seen.timersSet(), 1, "only the wait for the source")
	require.Contains(t, w.seen.published().GetUntypedValues(), transfers.OverdueKey)
}
