package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/activitylog"
	"handover/internal/administration"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// whatever operators add, change or end is in the log of each partner that it concerns, with their name, and only there.
func TestEveryActOfOperatorsIsLogged(t *testing.T) {
	w := worldOf(1)
	for i := range w.Partners {
		w.Partners[i].MPNID = fmt.Sprint(4000001 + i)
		for n := range w.Partners[i].Users {
			w.Partners[i].Users[n].UserID = newID(100*i + n)
		}
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		stranger, err := f.Partner(t.Context(), strangerID)
		require.NoError(t, err)
		named, numbered := stranger, stranger
		named.Name = "Another name"
		numbered.Name, numbered.MPNID = named.Name, "4711"
		user := programme.Agent(newID(999), "new@stranger.example")
		moved := user
		moved.Email = "other@stranger.example"
		reseller := programme.Relationship{PartnerTenantID: strangerID, CustomerTenantID: otherID, AdminRights: true}
		humbler := reseller
		humbler.AdminRights = false
		bought := sample(7)
		more := bought
		more.Quantity++
		between := programme.Partnership{ProviderTenantID: targetID, ResellerTenantID: resellerID}
		for _, c := range []struct {
			what      string
			changes   administration.Changes
			resource  activitylog.ResourceType
			operation activitylog.AuditOperation
			logs      []string
		}{
			{"a partner is changed", of(World{Partners: []programme.Partner{named}}), activitylog.PartnerResource, activitylog.AuditUpdateCompany, []string{strangerID}},
			{"its PartnerID", of(World{Partners: []programme.Partner{numbered}}), activitylog.PartnerResource, activitylog.AuditUpdateMPNAssociation, []string{strangerID}},
			{"a user comes", of(World{Partners: []programme.Partner{numbered.With(user)}}), activitylog.PartnerUserResource, activitylog.AuditCreatePartnerUser, []string{strangerID}},
			{"is changed", of(World{Partners: []programme.Partner{numbered.With(moved)}}), activitylog.PartnerUserResource, activitylog.AuditUpdatePartnerUser, []string{strangerID}},
			{"and leaves", of(World{Partners: []programme.Partner{numbered}}), activitylog.PartnerUserResource, activitylog.AuditRemovePartnerUser, []string{strangerID}},
			{"a relationship begins", of(World{Relationships: []programme.Relationship{reseller}}), activitylog.RelationshipResource, activitylog.AuditAddCustomer, []string{strangerID}},
			{"is changed", of(World{Relationships: []programme.Relationship{humbler}}), activitylog.RelationshipResource, activitylog.AuditUpdateCustomer, []string{strangerID}},
			{"an agreement", of(World{Agreements: []programme.Agreement{{CustomerTenantID: otherID, PartnerTenantID: strangerID, Mode: programme.Attestation}}}), activitylog.AgreementResource, activitylog.AuditCreateAgreement, []string{strangerID}},
			{"a relationship ends", administration.Changes{EndedRelationships: []programme.Relationship{{PartnerTenantID: strangerID, CustomerTenantID: otherID}}}, activitylog.RelationshipResource, activitylog.AuditRemoveCustomer, []string{strangerID}},
			{"a partnership ends", administration.Changes{EndedPartnerships: []programme.Partnership{between}}, activitylog.PartnershipResource, activitylog.AuditRemovePartnerRelation, []string{targetID, resellerID}},
			{"and begins again", of(World{Partnerships: []programme.Partnership{between}}), activitylog.PartnershipResource, activitylog.AuditCreatePartnerRelation, []string{targetID, resellerID}},
			{"a subscription is added", of(World{Subscriptions: []subscription.Subscription{bought}}), activitylog.SubscriptionResource, activitylog.AuditUpdateSubscription, []string{sourceID}},
			{"and changed", of(World{Subscriptions: []subscription.Subscription{more}}), activitylog.SubscriptionResource, activitylog.AuditUpdateSubscription, []string{sourceID}},
		} {
			before := f.rows("SELECT id FROM activity_log")
			f.clock.advance(time.Second)
			_, err := f.administer(c.changes)
			require.NoError(t, err, c.what)
			var logs []string
			for _, row := range f.rows("SELECT id, partner_tenant_id, resource_type || ' ' || operation || ' ' || user_id || ' ' || status FROM activity_log") {
				cells := strings.Split(row, "|")
				if !slices.Contains(before, cells[0]) {
					logs = append(logs, cells[1])
					require.Equal(t, fmt.Sprintf("%s %s olga %s", c.resource, c.operation, activitylog.Succeeded), cells[2], c.what)
				}
			}
			require.ElementsMatch(t, c.logs, logs, c.what)
		}
		require.Empty(t, f.rows("SELECT id FROM activity_log WHERE user_principal_name <> ''"))
		f.holds()
	})
}
