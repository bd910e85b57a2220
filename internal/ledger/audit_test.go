package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	activitylogstore "handover/internal/activitylog/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// what a record says.
func TestAuditRecord(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		records := f.log(strings.ToUpper(targetID))
		require.Len(t, records, 1)
		require.Equal(t, activitylogstore.AuditEntry{
			ID:       activitylog.AuditID(targetID, customerID, tr.ID, "createtransfer", start),
			Resource: activitylog.TransferResource, ResourceID: tr.ID, EventKey: "created", PartnerTenantID: targetID, Participants: []string{sourceID, targetID},
			CustomerTenantID: customerID, CustomerName: "Contoso", UserID: targetAgent, Operation: activitylog.AuditCreate,
			Status: "succeeded", NewValue: `{"event":"created","status":"Pending","by":"target","requestId":"r1"}`, At: start,
		}, records[0])
		require.Empty(t, f.log(strangerID), "R-307")
	})
}

// several events in one microsecond have records with ids of their own, in the order of events.
func TestAuditIDsDiffer(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		for n := range 3 {
			_, err := f.giveUp(tr.ID, "enough", n)
			require.NoError(t, err)
		}
		f.closed(tr)
		require.Equal(t, []string{"created", "submitted", "given-up:0", "given-up:1", "given-up:2", "failed"}, f.events(tr.ID, sourceID))
		f.clock.advance(-time.Hour)
		require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{
			TransferID: tr.ID, RequestID: "late", Actor: asSource, Refusal: kernel.Refuse(transfer.AlreadyFinal, "Too late."),
		}), "a clock that was set back")
		events := f.events(tr.ID, sourceID)
		require.Equal(t, "refused:late", events[len(events)-1])
		f.holds()
	})
}

// the target's records say nothing of line items before completion, never an old id, never a failed item.
func TestAuditDetailObeysVisibility(t *testing.T) {
	onBoth(t, worldOf(3), func(t *testing.T, f fixture) {
		tr := f.moving("r1")
		_, err := f.giveUp(tr.ID, "enough", 2)
		require.NoError(t, err)
		f.closed(tr, moved(0), refused(1))
		details := map[string]map[string]transfer.AuditDetail{sourceID: {}, targetID: {}}
		records, err := f.AuditOf(t.Context(), tr.ID)
		require.NoError(t, err)
		for _, r := range records {
			var d transfer.AuditDetail
			require.NoError(t, json.Unmarshal([]byte(r.NewValue), &d))
			details[r.PartnerTenantID][r.EventKey] = d
			if r.PartnerTenantID == targetID {
				require.NotContains(t, r.NewValue, subID(2))
			}
		}
		require.Equal(t, &transfer.ItemCounts{InProgress: 3}, details[sourceID]["submitted"].LineItems)
		require.Nil(t, details[targetID]["submitted"].LineItems)
		require.Equal(t, &transfer.GivenUpItem{Ordinal: 2, SubscriptionID: subID(2), Reason: "enough"}, details[sourceID]["given-up:2"].GivenUp)
		require.Nil(t, details[targetID]["given-up:2"].GivenUp)
		require.Equal(t, &transfer.ItemCounts{Complete: 1, Failed: 2}, details[sourceID]["failed"].LineItems)
		require.Equal(t, &transfer.ItemCounts{Complete: 1}, details[targetID]["failed"].LineItems)
	})
}

// R-308, I-3: the database itself refuses to rewrite history.
func TestAuditIsAppendOnly(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.pending("r1")
		f.changed(0, subscription.Change{Quantity: wanting(5)})
		before := f.contents()
		for _, s := range []string{
			"UPDATE activity_log SET new_value = '{}'", "UPDATE activity_log SET user_id = user_id", "DELETE FROM activity_log",
		} {
			require.ErrorContains(t, f.raw(s), "append-only", s)
		}
		if f.Dialect() == store.Postgres {
			require.ErrorContains(t, f.raw("TRUNCATE activity_log"), "append-only")
		}
		require.Equal(t, before, f.contents())
	})
}

// A decision that was not accepted is audited once, in the log of who made it or should have (I-3, I-6).
func TestRefusedDecisionsAreAudited(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		refusal := kernel.Refuse(transfer.NotActive, "Subscription: x is in state: Suspended")
		for range 2 {
			for _, r := range []transferstore.Refused{
				{TransferID: strings.ToUpper(tr.ID), RequestID: "d1", Actor: asSource, Refusal: refusal},
				{TransferID: tr.ID, RequestID: "d2", Actor: asStranger, Refusal: refusal},
				{TransferID: tr.ID, RequestID: "d3", Actor: asTarget, Refusal: refusal},
			} {
				require.NoError(t, f.RecordRefused(t.Context(), r))
			}
		}
		require.Equal(t, []string{"created", "refused:d1", "refused:d2"}, f.events(tr.ID, sourceID))
		require.Equal(t, []string{"created", "refused:d3"}, f.events(tr.ID, targetID))
		records, err := f.LogOf(t.Context(), tr.ID, sourceID)
		require.NoError(t, err)
		require.Equal(t, "failed", records[2].Status)
		require.Equal(t, []string{sourceID}, records[2].Participants)
		require.JSONEq(t, `{"event":"refused","status":"Pending","by":"stranger","requestId":"d2","partnerTenantId":"`+strangerID+`",
			"cause":"`+string(transfer.NotActive)+`","message":"Subscription: x is in state: Suspended"}`, records[2].NewValue)
		require.Equal(t, tr, f.stored(tr.ID))

		err = f.RecordRefused(t.Context(), transferstore.Refused{TransferID: "nonsense", RequestID: "d1", Actor: asSource, Refusal: refusal})
		refuses(t, err, transfer.NotFound)
		require.ErrorContains(t, f.RecordRefused(t.Context(), transferstore.Refused{TransferID: tr.ID}), "refusal is missing")
		f.holds()
	})
}

// I-3: of commands under one request id that ask for different things each is a record, and a repetition is none; the last one of a day
// says that it is.
func TestRefusedDecisionsUnderOneRequestID(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		refused := transferstore.Refused{TransferID: tr.ID, RequestID: "d1", Actor: asTarget, Refusal: kernel.Refuse(transfer.NotActive, "No.")}
		for range 2 {
			for _, refused.Asked = range []string{"a benign thing", "something else", ""} {
				require.NoError(t, f.RecordRefused(t.Context(), refused))
			}
		}
		require.Len(t, f.events(tr.ID, targetID), 1+3)
		for n := range 100 {
			refused.Asked = fmt.Sprint(n)
			require.NoError(t, f.RecordRefused(t.Context(), refused))
		}
		log, err := f.LogOf(t.Context(), tr.ID, targetID)
		require.NoError(t, err)
		require.Len(t, log, 1+100)
		for n, entry := range log {
			require.Equal(t, n == 100, strings.Contains(entry.NewValue, `"last":true`), n)
		}
		f.holds()
	})
}

// A participant's log of one transfer is its own (I-6), in the order of events.
func TestLogOf(t *testing.T) {
	onBoth(t, worldOf(2), func(t *testing.T, f fixture) {
		tr := f.closed(f.moving("r1", 0), moved(0))
		other := f.pending("r2")
		require.NoError(t, f.RecordRefused(t.Context(), transferstore.Refused{
			TransferID: tr.ID, RequestID: "late", Actor: asTarget, Refusal: kernel.Refuse(transfer.AlreadyFinal, "Too late."),
		}))
		for partner, want := range map[string][]string{
			sourceID:   {"created", "submitted", "completed"},
			targetID:   {"created", "submitted", "completed", "refused:late"},
			strangerID: nil,
		} {
			log, err := f.LogOf(t.Context(), strings.ToUpper(tr.ID), strings.ToUpper(partner))
			require.NoError(t, err)
			require.Len(t, log, len(want))
			for n, r := range log {
				require.Equal(t, want[n], r.EventKey)
				require.Equal(t, partner, r.PartnerTenantID)
				require.Equal(t, tr.ID, r.ResourceID)
			}
		}
		log, err := f.LogOf(t.Context(), other.ID, targetID)
		require.NoError(t, err)
		require.Len(t, log, 1)
	})
}
