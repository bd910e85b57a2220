package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// The log is read a page at a time, by whoever it belongs to.
func TestLogOfDeliveries(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		for n := range 5 {
			f.clock.advance(time.Second)
			f.pending(fmt.Sprint("r", n))
		}
		f.sends(sourceID, 200)
		f.clock.advance(time.Second)
		f.pending("r5")
		q := webhookstore.Search{PartnerTenantID: sourceID, Limit: 4}
		page, err := f.WebhookDeliveries(t.Context(), q)
		require.NoError(t, err)
		require.True(t, page.More)
		require.Equal(t, 6, page.Total)
		require.Equal(t, idOf("r5"), page.Items[0].ResourceID)
		last := page.Items[3]
		q.After = &webhookstore.Cursor{At: last.At, ID: last.ID}
		page, err = f.WebhookDeliveries(t.Context(), q)
		require.NoError(t, err)
		require.False(t, page.More)
		require.Equal(t, []string{idOf("r1"), idOf("r0")}, []string{page.Items[0].ResourceID, page.Items[1].ResourceID})
		count := func(q webhookstore.Search) int {
			q.Limit = 1
			page, err := f.WebhookDeliveries(t.Context(), q)
			require.NoError(t, err)
			return page.Total
		}
		require.Equal(t, 1, count(webhookstore.Search{PartnerTenantID: sourceID, Status: webhook.Waiting}))
		require.Equal(t, 0, count(webhookstore.Search{PartnerTenantID: sourceID, Event: webhook.FailTransfer}))
		require.Equal(t, 1, count(webhookstore.Search{PartnerTenantID: sourceID, ResourceID: idOf("r2")}))
		require.Equal(t, 2, count(webhookstore.Search{PartnerTenantID: sourceID, From: start.Add(2 * time.Second), Until: start.Add(4 * time.Second)}))
		require.Equal(t, 0, count(webhookstore.Search{PartnerTenantID: targetID}))
	})
}

// What became of events is kept for 30 days, of tests for seven; what waits is kept in any case.
func TestWhatIsForgotten(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		f.pending("r1")
		f.tested(sourceID, "t1")
		f.sends(sourceID, 200)
		left := func(after time.Duration) int {
			f.clock.advance(after)
			_, err := f.ForgetWebhooks(t.Context())
			require.NoError(t, err)
			return len(f.rows("SELECT id FROM webhook_deliveries"))
		}
		require.Equal(t, 3, left(webhook.TestsKept))
		require.Equal(t, 2, left(time.Second))
		require.Equal(t, 2, left(webhook.DeliveriesKept-webhook.TestsKept-time.Second))
		require.Equal(t, 1, left(time.Second), "what the target was never sent")
		require.Empty(t, f.rows("SELECT n FROM webhook_attempts"))
	})
}
