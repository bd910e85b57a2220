package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
	"handover/internal/programme"
	"handover/internal/webhook"
)

// hears is what the partner is to be sent now, and takes it.
func (f fixture) hears(partner string) []webhook.EventName {
	f.t.Helper()
	f.clock.advance(time.Second) // records about one customer have times that differ
	heard := []webhook.EventName{}
	for now := f.owed(partner); len(now.Due) > 0; now = f.owed(partner) {
		for _, d := range now.Due {
			heard = append(heard, d.Name)
			require.Equal(f.t, []string{d.ID + "|" + partner + "|" + d.ResourceID}, f.rows("SELECT id, partner_tenant_id, customer_tenant_id FROM activity_log WHERE id = '"+d.ID+"'"),
				"under the id of its own record of it")
		}
		f.sends(partner, 200)
	}
	return heard
}

// a partner is told of each customer who accepts it, by its own relationship, when that begins and at no other time.
func TestAcceptedRelationshipsAreOwed(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		for _, partner := range []string{sourceID, targetID, resellerID, strangerID} {
			f.register(partner, everyEvent())
		}
		put := func(all ...programme.Relationship) {
			t.Helper()
			f.clock.advance(time.Second)
			for i := range all {
				all[i].CustomerTenantID = otherID
			}
			_, err := f.administer(of(World{Relationships: all}))
			require.NoError(t, err)
		}
		end := func(partner string) {
			t.Helper()
			f.clock.advance(time.Second)
			_, err := f.administer(administration.Changes{EndedRelationships: []programme.Relationship{{PartnerTenantID: partner, CustomerTenantID: otherID}}})
			require.NoError(t, err)
		}
		nothing, plain, joint := []webhook.EventName{}, []webhook.EventName{webhook.RelationshipAccepted}, []webhook.EventName{webhook.IndirectAccepted}

		put(programme.Relationship{PartnerTenantID: sourceID})
		require.Equal(t, plain, f.hears(sourceID))
		put(programme.Relationship{PartnerTenantID: sourceID})
		put(programme.Relationship{PartnerTenantID: sourceID, AdminRights: true})
		require.Equal(t, nothing, f.hears(sourceID), "it is there already")
		end(sourceID)
		require.Equal(t, nothing, f.hears(sourceID))
		put(programme.Relationship{PartnerTenantID: sourceID})
		require.Equal(t, plain, f.hears(sourceID), "accepted again")

		put(programme.Relationship{PartnerTenantID: targetID})
		require.Equal(t, plain, f.hears(targetID), "a provider alone")
		end(targetID)
		put(programme.Relationship{PartnerTenantID: targetID, Counterpart: resellerID}, programme.Relationship{PartnerTenantID: resellerID, Counterpart: targetID})
		require.Equal(t, joint, f.hears(targetID))
		require.Equal(t, joint, f.hears(resellerID))
		require.Equal(t, nothing, f.hears(strangerID))
		require.Equal(t, nothing, f.hears(sourceID), "what another partner is to the customer is not its matter")
		f.holds()
	})
}

// What came with the subscriptions of a new customer is told once each, whatever else the same change says.
func TestAcceptedWithAWorld(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		f.register(sourceID, everyEvent())
		before := len(f.rows("SELECT id FROM webhook_deliveries"))
		w := World{
			Customers:     []programme.Customer{{TenantID: newID(41), Name: "New", Domain: "new.example", Email: "it@new.example", Market: "DE", Locale: "de-DE"}},
			Relationships: []programme.Relationship{{PartnerTenantID: sourceID, CustomerTenantID: newID(41)}, {PartnerTenantID: targetID, CustomerTenantID: newID(41)}},
			Subscriptions: worldOf(2).Subscriptions[1:],
		}
		rehearsed := byOperator
		rehearsed.Rehearse = true
		_, err := f.Administer(t.Context(), command.Terms[administration.Applied]{}, rehearsed, administrationstore.Of(of(w)))
		require.NoError(t, err)
		require.Len(t, f.rows("SELECT id FROM webhook_deliveries"), before, "a rehearsal tells nobody")
		for range 2 {
			_, err = f.administer(of(w))
			require.NoError(t, err)
		}
		require.Equal(t, []webhook.EventName{webhook.RelationshipAccepted}, f.hears(sourceID))
	})
}

// what a sandbox makes is told to the sandbox that made it, once.
func TestAcceptedInASandbox(t *testing.T) {
	onBoth(t, withSandboxes(worldOf(1)), func(t *testing.T, f fixture) {
		f.register(boxedOther, everyEvent())
		f.register(targetID, everyEvent())
		for range 2 {
			_, err := f.MakeSandboxRelationship(t.Context(), command.Terms[programme.Relationship]{}, activitylog.By{PartnerTenantID: boxedOther, UserID: newID(500), CorrelationID: "c"}, played)
			require.NoError(t, err)
			f.clock.advance(time.Second)
		}
		require.Contains(t, f.delivering()[0], "|c")
		require.Equal(t, []webhook.EventName{webhook.RelationshipAccepted}, f.hears(boxedOther))
		require.Empty(t, f.hears(targetID))
	})
}
