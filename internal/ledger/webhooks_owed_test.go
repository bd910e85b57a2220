package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// Section 6.1: who is told of what in the life of a transfer, under the ids of the audit records, committed with the change.
func TestWhoIsToldOfWhat(t *testing.T) {
	for name, c := range map[string]struct {
		live func(f fixture)
		told []webhook.EventName
	}{
		"complete": {func(f fixture) { f.closed(f.moving("r1", 0), moved(0)) },
			[]webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.CompleteTransfer}},
		"failed": {func(f fixture) { f.closed(f.moving("r1", 0), refused(0)) },
			[]webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.FailTransfer}},
		"partly": {func(f fixture) { f.closed(f.moving("r1", 0, 1), moved(0), refused(1)) },
			[]webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.FailTransfer}},
		"cancelled": {func(f fixture) {
			_, err := f.Cancel(f.t.Context(), f.pending("r1").ID, transfer.Decision{RequestID: "no", Actor: asTarget})
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer}},
		"declined": {func(f fixture) {
			_, err := f.Decline(f.t.Context(), f.pending("r1").ID, transfer.Decision{RequestID: "no", Actor: asSource})
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer}},
		"expired": {func(f fixture) {
			id := f.pending("r1").ID
			f.clock.advance(32 * 24 * time.Hour)
			_, err := f.Expire(f.t.Context(), id)
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer}},
		"given up": {func(f fixture) {
			tr := f.moving("r1", 0)
			_, err := f.giveUp(tr.ID, "enough", 0)
			require.NoError(f.t, err)
			_, err = f.CloseTransfer(f.t.Context(), tr.ID)
			require.NoError(f.t, err)
		}, []webhook.EventName{webhook.CreateTransfer, webhook.UpdateTransfer, webhook.FailTransfer}},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
				f.register(sourceID, everyEvent())
				f.register(targetID, everyEvent())
				f.register(strangerID, everyEvent())
				c.live(f)
				for _, partner := range []string{sourceID, targetID} {
					page, err := f.WebhookDeliveries(t.Context(), webhookstore.Search{PartnerTenantID: partner, Limit: 10})
					require.NoError(t, err)
					told := make([]webhook.EventName, len(page.Items))
					for n, d := range page.Items {
						told[len(told)-1-n] = d.Name
					}
					assert.Len(t, f.rows("SELECT d.id FROM webhook_deliveries d JOIN activity_log a ON a.id = d.id AND a.partner_tenant_id = d.partner_tenant_id "+
						"AND a.recorded_at = d.happened_at AND a.resource_id = d.resource_id WHERE d.partner_tenant_id = '"+partner+"'"), len(c.told))
					assert.Equal(t, c.told, told, partner)
				}
				assert.Empty(t, f.rows("SELECT id FROM webhook_deliveries WHERE partner_tenant_id = '"+strangerID+"'"), "it takes no part")
				assert.Len(t, f.rows("SELECT workflow_id FROM runs WHERE workflow_type = 'Delivery'"), 2)
				f.holds()
			})
		})
	}
}

// Who has not asked for an event is owed nothing, and no run is raised for it. A repeated request tells nobody twice, a refused one nobody.
func TestOnlyWhatWasAskedForIsOwed(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.pending("before")
		require.Empty(t, f.delivering())
		w := everyEvent()
		w.Events = []string{"complete-transfer", "test-created"}
		f.register(sourceID, w)
		w.Events = []string{"create-transfer"}
		f.register(targetID, w)
		terms := saying("r1")
		terms.Origin = kernel.Origin{Via: kernel.ByAPI, Correlation: "c"}
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), terms)
		require.NoError(t, err)
		_, err = f.Ledger.OpenTransfer(t.Context(), request("r1"), terms)
		repeats(t, err)
		_, err = f.OpenTransfer(t.Context(), transfer.Request{})
		require.Error(t, err)
		require.Empty(t, f.due(sourceID))
		require.Equal(t, []webhook.EventName{webhook.CreateTransfer}, f.due(targetID))
		require.Len(t, f.delivering(), 1)
		require.Contains(t, f.delivering()[0], targetID)
		require.Contains(t, f.delivering()[0], "c")
	})
}

// who bills a subscription is told of its changes, under the id of the record in its log.
func TestChangesOfSubscriptionsAreOwed(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		f.register(targetID, everyEvent())
		name := "Mail"
		_, err := f.ChangeSubscription(t.Context(), command.Terms[subscription.Subscription]{}, activitylog.By{PartnerTenantID: sourceID}, customerID, subID(0),
			subscription.Change{FriendlyName: &name})
		require.NoError(t, err)
		require.Equal(t, []webhook.EventName{webhook.SubscriptionUpdated}, f.due(sourceID))
		require.Equal(t, f.rows("SELECT id FROM activity_log WHERE resource_id = '"+subID(0)+"'"), f.rows("SELECT id FROM webhook_deliveries"))
		require.Empty(t, f.due(targetID))
	})
}
