package administration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// The people that the tests of this package tell their stories about: Northwind bills Contoso directly, Fabrikam as a provider whose
// reseller Alpine it credits; Northwind has a sandbox, with a customer in it.
const (
	northwind = "aaaaaaaa-0000-4000-8000-000000000001"
	fabrikam  = "aaaaaaaa-0000-4000-8000-000000000002"
	alpine    = "aaaaaaaa-0000-4000-8000-000000000003"
	box       = "aaaaaaaa-0000-4000-8000-000000000004"
	contoso   = "cccccccc-0000-4000-8000-000000000001"
	played    = "cccccccc-0000-4000-8000-000000000002"
	nobody    = "dddddddd-0000-4000-8000-000000000001"

	base     = "bbbbbbbb-0000-4000-8000-000000000001"
	addon    = "bbbbbbbb-0000-4000-8000-000000000002"
	indirect = "bbbbbbbb-0000-4000-8000-000000000003"

	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
)

// Where they stand in the lists of the world.
const (
	isNorthwind, isFabrikam, isAlpine, isBox = 0, 1, 2, 3
	isContoso                                = 0
	isBase, isAddon, isIndirect              = 0, 1, 2
)

var now = kerneltest.At("2031-03-03T11:02:03Z")

func partner(id, mpn string, in programme.Program, as programme.Status) programme.Partner {
	return programme.Partner{
		TenantID: id, Name: "Partner " + mpn, MPNID: mpn, Market: "US", Currency: "USD", Locale: "en-US", Programs: programme.Enrolled(in, as, true),
		Users: []programme.User{programme.Agent("eeeeeeee-0000-4000-8000-00000000000"+mpn, "agent"+mpn+"@partner.example")},
	}
}

func customer(id, domain string) programme.Customer {
	return programme.Customer{TenantID: id, Name: domain, Domain: domain, Email: "it@" + domain, Market: "US", Locale: "en-US"}
}

func licence(id, owner string) subscription.Subscription {
	return subscription.Subscription{
		ID: id, CustomerTenantID: contoso, PartnerTenantID: owner, ProductType: subscription.OnlineServicesNCE, OfferID: "CFQ7TTC0LH18:0001",
		FriendlyName: "Business Basic", Quantity: 10, UnitPriceMinor: 560, BillingCycle: subscription.Monthly, TermDuration: "P1Y",
		CreationDate: kerneltest.At("2031-01-10T08:00:00Z"), CommitmentEndDate: kerneltest.At("2032-01-09T00:00:00Z"), Status: subscription.Active, AutoRenew: true,
	}
}

// sample is a world in which everything is as it should be.
func sample() administration.World {
	sandbox, there := partner(box, "4", programme.DirectBill, programme.Active), customer(played, "played.example")
	sandbox.Environment, sandbox.SandboxOf, there.Environment = programme.Sandbox, northwind, programme.Sandbox
	more, credited := licence(addon, northwind), licence(indirect, fabrikam)
	more.ParentID, credited.PartnerOnRecord = base, "3"
	return administration.World{
		Partners: []programme.Partner{
			partner(northwind, "1", programme.DirectBill, programme.Active), partner(fabrikam, "2", programme.IndirectProvider, programme.Active),
			partner(alpine, "3", programme.IndirectReseller, programme.Active), sandbox,
		},
		Customers: []programme.Customer{customer(contoso, "contoso.example"), there},
		Relationships: []programme.Relationship{
			{PartnerTenantID: northwind, CustomerTenantID: contoso}, {PartnerTenantID: fabrikam, CustomerTenantID: contoso, Counterpart: alpine},
			{PartnerTenantID: alpine, CustomerTenantID: contoso, Counterpart: fabrikam, LocalReseller: true}, {PartnerTenantID: box, CustomerTenantID: played},
		},
		Agreements:    []programme.Agreement{{PartnerTenantID: northwind, CustomerTenantID: contoso, Mode: programme.Attestation, DateAgreed: now}},
		Partnerships:  []programme.Partnership{{ProviderTenantID: fabrikam, ResellerTenantID: alpine}},
		Subscriptions: []subscription.Subscription{licence(base, northwind), more, credited},
	}.Normal()
}

// knowing is a ledger that says what the world says, and on which nothing hangs.
func knowing(w administration.World) administration.Facts {
	f := administration.Facts{
		Partners: map[string]programme.Partner{}, Customers: map[string]programme.Customer{}, Subscriptions: map[string]subscription.Subscription{},
		Relationships: map[programme.RelationshipKey]programme.Relationship{}, Agreements: map[administration.AgreementKey]programme.Agreement{},
		Partnerships: map[programme.Pair]bool{}, Now: now,
	}
	for _, p := range w.Partners {
		f.Partners[p.TenantID] = p
	}
	for _, c := range w.Customers {
		f.Customers[c.TenantID] = c
	}
	for _, r := range w.Relationships {
		r = r.Whole(f.Partners[r.PartnerTenantID])
		f.Relationships[r.Key()] = r
	}
	for _, a := range w.Agreements {
		f.Agreements[administration.KeyOf(a)] = a
	}
	for _, p := range w.Partnerships {
		f.Partnerships[p.Pair()] = true
	}
	for _, s := range w.Subscriptions {
		f.Subscriptions[s.ID] = s
	}
	return f
}

func pair(partner, other string) programme.Pair {
	return programme.Pair{PartnerTenantID: partner, OtherID: other}
}

// saying is what an operator says of one thing or a few.
func saying(w administration.World) administration.Changes { return administration.Changes{World: w} }

func decide(c administration.Changes, f administration.Facts) (administration.Plan, error) {
	return administration.Decide(c.Normal(), f, subscription.DefaultRules(), administration.InLedger)
}

// decided requires that nothing is in the way.
func decided(t *testing.T, c administration.Changes, f administration.Facts) administration.Plan {
	t.Helper()
	plan, err := decide(c, f)
	require.NoError(t, err)
	return plan
}

// judged requires that the rule says this, and that what is refused is not begun.
func judged(t *testing.T, c administration.Changes, f administration.Facts, cause kernel.Cause) {
	t.Helper()
	_, err := decide(c, f)
	if cause == "" {
		require.NoError(t, err)
		return
	}
	kerneltest.Refused(t, err, cause)
}
