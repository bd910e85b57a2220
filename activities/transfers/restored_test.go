package transfers_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/billing/billingtest"
	"handover/internal/command"
	"handover/internal/ledger"
	"handover/internal/ledger/ledgertest"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// Row 24: after the ledger was restored from before the submit, another selection gives the same number to another
// subscription. The billing system, which remembers what it moved, must not take the one for the other.
func TestRow24AnotherSelectionAfterARestore(t *testing.T) {
	w := pending(t, 2)
	system := &billingtest.System{Token: "sesame"}
	server := httptest.NewServer(system)
	t.Cleanup(server.Close)
	remote, err := billing.NewHTTP(billing.HTTPSettings{BaseURL: server.URL, Token: "sesame", Timeout: time.Minute})
	require.NoError(t, err)
	w.Mover = remote
	backup := filepath.Join(t.TempDir(), "backup.db")
	w.behind("VACUUM INTO '" + backup + "'")

	w.submits(0)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
	first := w.items()[0]

	w.restored(backup)
	w.submits(1)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
	second := w.items()[0]
	require.Equal(t, []string{subID(0), subID(1)}, []string{first.SubscriptionID, second.SubscriptionID})
	require.NotEqual(t, first.TargetSubscriptionID, second.TargetSubscriptionID)
	require.Equal(t, 2, system.Moved())
}

// submits approves with these subscriptions.
func (w *world) submits(subscriptions ...int) {
	w.t.Helper()
	var picks []transfer.Pick
	for _, n := range subscriptions {
		picks = append(picks, transfer.Pick{SubscriptionID: subID(n)})
	}
	chosen := transfer.Approval{RequestID: "submit-1", Actor: asSource, Selection: transfer.Selection{LineItems: picks}}
	_, err := w.ledger.Submit(w.t.Context(), w.id, chosen, command.Terms[transferstore.Outcome]{})
	require.NoError(w.t, err)
}

// restored puts another ledger in the place of the world's.
func (w *world) restored(file string) {
	w.t.Helper()
	w.ledger = ledgertest.OpenFile(w.t, file, ledger.Options{Now: w.clock.Now})
	w.Ledger = w.ledger
}
