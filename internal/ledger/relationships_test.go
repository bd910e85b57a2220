package ledger

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
)

const ended = "UPDATE relationships SET ended_at = '2031-02-03T00:00:00.000000Z'"

// the target needs the customer's acceptance as the one who bills it, and still has it.
func TestARelationshipIsOfAKindAndLive(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		opens := func(id string) error {
			_, err := f.OpenTransfer(t.Context(), request(id))
			return err
		}
		f.behind("UPDATE relationships SET kind = 'reseller'")
		refuses(t, opens("resold"), programme.RelationshipMissing)
		f.behind("UPDATE relationships SET kind = 'direct'")
		require.NoError(t, opens("direct"))
		f.behind(ended)
		refuses(t, opens("ended"), programme.RelationshipMissing)
		f.behind("INSERT INTO relationships (customer_tenant_id, partner_tenant_id, kind, origin, admin_rights, local_reseller_of_record) VALUES ('" +
			customerID + "', '" + targetID + "', 'direct', 'invitation', FALSE, FALSE)")
		require.NoError(t, opens("again"), "an ended one stays beside the one that lasts")
		require.Error(t, f.raw("INSERT INTO relationships (customer_tenant_id, partner_tenant_id, kind, origin, admin_rights, local_reseller_of_record) VALUES ('"+
			customerID+"', '"+targetID+"', 'direct', 'invitation', FALSE, FALSE)"), "one of a kind lasts")
	})
}

// What is planted is what is kept: each field, and where the kind is left out, that of the partner's programmes.
func TestRelationshipsAreKept(t *testing.T) {
	w := worldOf(0)
	w.Partners[2].Programs = append(programme.Enrolled(programme.DirectBill, programme.Restricted, true), programme.Enrolled(programme.IndirectReseller, programme.Active, true)...)
	w.Relationships = []programme.Relationship{
		{PartnerTenantID: targetID, CustomerTenantID: customerID},
		{PartnerTenantID: strangerID, CustomerTenantID: customerID},
		{PartnerTenantID: strangerID, CustomerTenantID: customerID, Kind: programme.ResellerCustomer, Counterpart: targetID, LocalReseller: true, AdminRights: true,
			Origin: "extension", Invitation: "i"},
		{PartnerTenantID: resellerID, CustomerTenantID: customerID},
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		require.ElementsMatch(t, []string{
			"provider  seed 0 0 ", "direct  seed 0 0 ", "reseller " + targetID + " extension 1 1 i", "reseller  seed 0 0 ",
		}, f.rows(`SELECT kind || ' ' || COALESCE(counterpart_tenant_id, '') || ' ' || origin || ' ' || CASE WHEN admin_rights THEN 1 ELSE 0 END || ' ' ||
			CASE WHEN local_reseller_of_record THEN 1 ELSE 0 END || ' ' || invitation FROM relationships`))
		page, err := f.Customers(t.Context(), programmestore.CustomerSearch{PartnerTenantID: strangerID, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, 1, page.Total, "once, whatever the partner is to it")
	})
}

// Relationships of the version before are of the kind that follows from what the partner was; a reseller's names the provider
// where there is only one that can be meant.
func TestMigrateRelationshipsToKinds(t *testing.T) {
	t.Parallel()
	second, third := newID(1), newID(2)
	partner := func(id, kind string) string {
		return "INSERT INTO partners VALUES ('" + id + "', 'Partner', '" + kind + "', 'active', TRUE, 'mpn', 'DE', 'EUR', 'de-DE')"
	}
	related := func(customer, partner string) string {
		return "INSERT INTO relationships VALUES ('" + customer + "', '" + partner + "')"
	}
	customer := func(id string) string {
		return "INSERT INTO customers (tenant_id, name, domain, email, market, locale, name_key) VALUES ('" + id + "', 'C', 'c.example', 'c@c.example', 'DE', 'de-DE', 'c')"
	}
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			old := oldLedger(t, databaseURL, 13)
			for _, statement := range []string{
				partner(sourceID, "direct-bill"), partner(targetID, "indirect-provider"), partner(second, "indirect-provider"), partner(third, "indirect-provider"),
				partner(resellerID, "indirect-reseller"), customer(customerID), customer(otherID),
				related(customerID, sourceID), related(customerID, targetID), related(customerID, third), related(customerID, resellerID),
				related(otherID, targetID), related(otherID, second), related(otherID, resellerID),
				"INSERT INTO partnerships VALUES ('" + targetID + "', '" + resellerID + "'), ('" + second + "', '" + resellerID + "')",
			} {
				_, err := old.ExecContext(context.WithoutCancel(t.Context()), statement)
				require.NoError(t, err, statement)
			}
			require.NoError(t, old.Close())
			l, err := Open(t.Context(), databaseURL, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, l.Close()) })
			f := fixture{Ledger: l, t: t}
			kinds := func(customer string) []string {
				return f.rows("SELECT partner_tenant_id || ' ' || kind || ' ' || origin || ' ' || COALESCE(counterpart_tenant_id, 'nobody') FROM relationships " +
					"WHERE ended_at IS NULL AND since IS NULL AND NOT admin_rights AND customer_tenant_id = '" + customer + "'")
			}
			require.ElementsMatch(t, []string{
				sourceID + " direct seed nobody", targetID + " provider seed nobody", third + " provider seed nobody", resellerID + " reseller seed " + targetID,
			}, kinds(customerID), "the other provider is not the reseller's")
			require.ElementsMatch(t, []string{
				targetID + " provider seed nobody", second + " provider seed nobody", resellerID + " reseller seed nobody",
			}, kinds(otherID), "two could be meant")
		})
	}
}

// An agreement is attested by who bills the customer, and only as long as that lasts.
func TestAnAttestationNeedsALiveRelationship(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		attest := func(email string) error {
			_, err := f.AttestAgreement(t.Context(), command.Terms[programme.Agreement]{}, byTarget, attestation(email))
			return err
		}
		f.behind("UPDATE relationships SET kind = 'reseller'")
		refuses(t, attest("ada@contoso.example"), programme.RelationshipMissing)
		f.behind("UPDATE relationships SET kind = 'direct'")
		require.NoError(t, attest("ada@contoso.example"))
		f.behind(ended)
		refuses(t, attest("eve@contoso.example"), programme.RelationshipMissing)
	})
}
