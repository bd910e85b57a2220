package world_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/internal/world"
)

func partnerID(number string) string  { return "aaaaaaaa-0000-4000-8000-0000000000" + number }
func customerID(number string) string { return "cccccccc-0000-4000-8000-0000000000" + number }

// factsOf answers from a world what a ledger answers from its tables.
func factsOf(w ledger.World, r transfer.Request) transfer.OpenFacts {
	var f transfer.OpenFacts
	for i, p := range w.Partners {
		switch p.TenantID {
		case r.SourcePartnerTenantID:
			f.Source = &w.Partners[i]
		case r.TargetPartnerTenantID:
			f.Target = &w.Partners[i]
		}
		if p.MPNID == r.PartnerOnRecord {
			f.PartnerOnRecord = &w.Partners[i]
		}
	}
	for _, works := range w.Partnerships {
		reseller := f.PartnerOnRecord != nil && works.ResellerTenantID == f.PartnerOnRecord.TenantID
		f.Partnership = f.Partnership || reseller && works.ProviderTenantID == r.TargetPartnerTenantID
	}
	for i, c := range w.Customers {
		if c.TenantID == r.CustomerTenantID {
			f.Customer = &w.Customers[i]
		}
	}
	for _, rel := range w.Relationships {
		f.Relationship = f.Relationship || rel.PartnerTenantID == r.TargetPartnerTenantID && rel.CustomerTenantID == r.CustomerTenantID &&
			rel.Kind != programme.ResellerCustomer
	}
	for _, a := range w.Agreements {
		if a.CustomerTenantID == r.CustomerTenantID {
			f.Agreement = f.Agreement || a.PartnerTenantID == r.TargetPartnerTenantID
			f.DirectAgreement = f.DirectAgreement || a.Mode == programme.DirectSign
		}
	}
	for _, s := range held(w, r.CustomerTenantID, r.TargetPartnerTenantID) {
		if s.ProductType == subscription.AzurePlan || s.OfferID == subscription.LegacyAzureOffer {
			f.AzureAtTarget = append(f.AzureAtTarget, s)
		}
	}
	return f
}

func held(w ledger.World, customer, partner string) []subscription.Subscription {
	var all []subscription.Subscription
	for _, s := range w.Subscriptions {
		if s.CustomerTenantID == customer && s.PartnerTenantID == partner {
			all = append(all, s)
		}
	}
	return all
}

// asking is a request of the target for what the source bills the customer.
func asking(customer, source, target string) transfer.Request {
	email := "it@nobody.example"
	for _, c := range world.Sample().Customers {
		if c.TenantID == customer {
			email = c.Email
		}
	}
	return transfer.Request{
		RequestID: "r", Actor: kernel.Actor{PartnerTenantID: target}, CustomerTenantID: customer, CustomerEmail: email,
		SourcePartnerTenantID: source, SourcePartnerName: "Source", TargetPartnerTenantID: target, TransferType: 3,
	}
}

// normal is a request that nothing is wrong with, as it is decided about.
func normal(r transfer.Request) transfer.Opening {
	o, err := transfer.DefaultPolicy().Normalize(r)
	if err != nil {
		panic(err)
	}
	return o
}

// selectEverything is a submit of everything eligible.
func selectEverything(w ledger.World, customer, source, target string) ([]transfer.LineItem, error) {
	r := asking(customer, source, target)
	open := factsOf(w, r)
	facts := transfer.SelectionFacts{Open: open, Subscriptions: held(w, customer, source)}
	return transfer.DefaultPolicy().Select(transfer.NewTransfer(normal(r), open), transfer.Selection{AllEligible: true}, facts)
}

// The demonstration moves 12 line items of every movable type, two of which are add-ons at least, and fails twice.
func TestDemoMovesTwelveLineItems(t *testing.T) {
	t.Parallel()
	w, demo := world.Sample(), world.Demo()
	items, err := selectEverything(w, demo.CustomerTenantID, demo.SourceTenantID, demo.TargetTenantID)
	require.NoError(t, err)
	assert.Len(t, items, 12)

	types, addons := map[subscription.ProductType]int{}, 0
	for _, item := range items {
		types[item.ProductType]++
		if item.BaseOrdinal != transfer.NoBase {
			addons++
		}
	}
	for _, movable := range subscription.MovableProductTypes() {
		assert.Positive(t, types[movable], movable)
	}
	assert.GreaterOrEqual(t, addons, 2)
	assert.Equal(t, []subscription.Fault{{Transient: 2}}, faultsOf(t, w, items))
	assert.Greater(t, len(held(w, demo.CustomerTenantID, demo.SourceTenantID)), 12, "something stays behind")
}

func faultsOf(t *testing.T, w ledger.World, items []transfer.LineItem) []subscription.Fault {
	t.Helper()
	scripted := map[string]string{}
	for _, s := range w.Subscriptions {
		scripted[s.ID] = s.SandboxFault
	}
	var faults []subscription.Fault
	for _, item := range items {
		fault, err := subscription.ParseFault(scripted[item.SubscriptionID])
		require.NoError(t, err)
		if fault != (subscription.Fault{}) {
			faults = append(faults, fault)
		}
	}
	return faults
}

func TestDemoNamesWhatTheSampleHolds(t *testing.T) {
	t.Parallel()
	demo := world.Demo()
	opening, err := transfer.DefaultPolicy().Normalize(transfer.Request{
		RequestID: "demo", Actor: kernel.Actor{PartnerTenantID: demo.TargetTenantID, UserID: demo.TargetUserID},
		CustomerTenantID: demo.CustomerTenantID, CustomerEmail: demo.CustomerEmail, CustomerName: demo.CustomerName,
		SourcePartnerTenantID: demo.SourceTenantID, SourcePartnerName: demo.SourceName, TransferType: 3,
		TargetProductTypes: subscription.MovableProductTypes(),
	})
	require.NoError(t, err)
	f := factsOf(world.Sample(), opening.Request())
	require.NoError(t, transfer.DefaultPolicy().CheckOpen(opening, f))

	assert.Equal(t, demo.CustomerName, f.Customer.Name)
	assert.Equal(t, demo.CustomerEmail, f.Customer.Email)
	assert.Equal(t, demo.SourceName, f.Source.Name)
	assert.True(t, f.Source.ActiveIn(programme.DirectBill))
	assert.Equal(t, demo.SourceUserID, f.Source.Users[0].UserID)
	assert.True(t, f.Target.ActiveIn(programme.IndirectProvider))
	assert.Equal(t, demo.TargetUserID, f.Target.Users[0].UserID)
}

// Every refusal of CheckOpen that data can express is met by some customer, source and target of the sample.
func TestEveryPrerequisiteCanBeTried(t *testing.T) {
	t.Parallel()
	azure := []subscription.ProductType{subscription.AzureSubscription}
	const nobody = "ffffffff-0000-4000-8000-000000000099"
	for name, c := range map[string]struct {
		customer, source, target string
		types                    []subscription.ProductType
		reseller                 string
		user                     string
		want                     error
	}{
		"the demonstration opens":                       {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), types: azure},
		"credits a reseller (R-57)":                     {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), reseller: "4000009"},
		"direct-bill to direct-bill (R-40)":             {customer: customerID("02"), source: partnerID("03"), target: partnerID("01"), types: azure},
		"provider to provider (R-40)":                   {customer: customerID("08"), source: partnerID("05"), target: partnerID("02")},
		"provider to direct-bill (R-40)":                {customer: customerID("08"), source: partnerID("05"), target: partnerID("01")},
		"between currencies (R-45)":                     {customer: customerID("04"), source: partnerID("06"), target: partnerID("07"), types: azure},
		"restricted source (R-46)":                      {customer: customerID("06"), source: partnerID("04"), target: partnerID("02")},
		"direct agreement carries over (R-56)":          {customer: customerID("08"), source: partnerID("01"), target: partnerID("02")},
		"unknown source (R-44)":                         {customer: customerID("01"), source: nobody, target: partnerID("02"), want: programme.PartnerUnknown},
		"unknown target (R-44)":                         {customer: customerID("01"), source: partnerID("01"), target: nobody, want: programme.PartnerUnknown},
		"unknown customer (R-44)":                       {customer: nobody, source: partnerID("01"), target: partnerID("02"), want: programme.CustomerUnknown},
		"reseller as source (R-41)":                     {customer: customerID("01"), source: partnerID("09"), target: partnerID("02"), want: programme.PartnerNotEnabled},
		"reseller as target (R-41)":                     {customer: customerID("01"), source: partnerID("01"), target: partnerID("09"), want: programme.PartnerNotEnabled},
		"not an agent of the target (R-54)":             {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), user: world.Demo().SourceUserID, want: kernel.NotAdminAgent},
		"restricted target (R-46)":                      {customer: customerID("01"), source: partnerID("01"), target: partnerID("04"), want: programme.ProgramNotActive},
		"a source that becomes a reseller (R-410)":      {customer: customerID("10"), source: partnerID("13"), target: partnerID("02"), reseller: "4000013"},
		"it takes on nothing itself (R-46)":             {customer: customerID("01"), source: partnerID("01"), target: partnerID("13"), want: programme.ProgramNotActive},
		"inactive source (R-401)":                       {customer: customerID("01"), source: partnerID("08"), target: partnerID("02")},
		"inactive target (R-46)":                        {customer: customerID("01"), source: partnerID("01"), target: partnerID("08"), want: programme.ProgramNotActive},
		"source in another market (R-45)":               {customer: customerID("01"), source: partnerID("12"), target: partnerID("02"), want: programme.MarketMismatch},
		"customer in another market (R-45)":             {customer: customerID("09"), source: partnerID("12"), target: partnerID("02"), want: programme.MarketMismatch},
		"target without partner agreement (R-52)":       {customer: customerID("08"), source: partnerID("01"), target: partnerID("05"), want: programme.MPAMissing},
		"no relationship (R-50)":                        {customer: customerID("02"), source: partnerID("03"), target: partnerID("02"), want: programme.RelationshipMissing},
		"attested agreement does not carry over (R-56)": {customer: customerID("07"), source: partnerID("03"), target: partnerID("02"), want: programme.AgreementMissing},
		"reseller for direct-bill (R-57)":               {customer: customerID("01"), source: partnerID("01"), target: partnerID("03"), reseller: "4000009", want: transfer.NotForDirectBill},
		"unknown reseller (R-58)":                       {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), reseller: "4999999", want: transfer.ResellerUnknown},
		"provider as reseller (R-58)":                   {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), reseller: "4000005", want: transfer.NotAReseller},
		"inactive reseller (R-58)":                      {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), reseller: "4000011", want: transfer.ResellerInactive},
		"reseller without partner agreement (R-58)":     {customer: customerID("01"), source: partnerID("01"), target: partnerID("02"), reseller: "4000010", want: transfer.ResellerMPAMissing},
		"no Azure plan (R-55)":                          {customer: customerID("03"), source: partnerID("01"), target: partnerID("03"), types: azure, want: transfer.AzurePlanMissing},
		"suspended Azure plan (R-55)":                   {customer: customerID("06"), source: partnerID("04"), target: partnerID("02"), types: azure, want: transfer.AzurePlanInactive},
		"legacy Azure at the target (R-55)":             {customer: customerID("05"), source: partnerID("03"), target: partnerID("02"), types: azure, want: transfer.LegacyAzureAtTarget},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := asking(c.customer, c.source, c.target)
			r.TargetProductTypes, r.PartnerOnRecord, r.Actor.UserID = c.types, c.reseller, c.user
			assert.ErrorIs(t, transfer.DefaultPolicy().CheckOpen(normal(r), factsOf(world.Sample(), r)), c.want)
		})
	}
}

// Every reason why a subscription stays behind can be tried on Woodgrove Dental.
func TestEveryReasonToStayBehindCanBeTried(t *testing.T) {
	t.Parallel()
	w := world.Sample()
	r := asking(customerID("02"), partnerID("03"), partnerID("01"))
	move := transfer.NewTransfer(normal(r), factsOf(w, r))
	states, reasons := map[subscription.Status]bool{}, map[kernel.Cause]bool{}
	for _, s := range held(w, r.CustomerTenantID, r.SourcePartnerTenantID) {
		states[s.Status] = true
		if reason := transfer.DefaultPolicy().Ineligible(move, s, nil); reason != nil {
			reasons[reason.Cause] = true
		}
	}
	assert.Len(t, states, 6)
	assert.Equal(t, map[kernel.Cause]bool{transfer.NotActive: true, transfer.ProductNotMovable: true, transfer.ThirdPartyProduct: true}, reasons)

	items, err := selectEverything(w, customerID("02"), partnerID("03"), partnerID("01"))
	require.NoError(t, err)
	assert.Equal(t, []string{"Microsoft 365 E3", "Power Apps Premium", "Azure - practice archive (legacy)"}, names(items))
}

func names(items []transfer.LineItem) []string {
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = item.FriendlyName
	}
	return all
}

// The two partners of Europe bill in different currencies: commitments in instalments end, those paid up front are locked.
func TestBothFatesOfACommitmentCanBeTried(t *testing.T) {
	t.Parallel()
	w := world.Sample()
	r := asking(customerID("04"), partnerID("06"), partnerID("07"))
	facts := factsOf(w, r)
	move := transfer.NewTransfer(normal(r), facts)
	move.SubmittedTime = time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)
	ends, locked := 0, 0
	for _, s := range held(w, r.CustomerTenantID, r.SourcePartnerTenantID) {
		next := transfer.Successor(move, transfer.LineItem{Quantity: s.Quantity}, s, *facts.Source, *facts.Target, "new", move.SubmittedTime)
		if !next.CancelAt.IsZero() {
			ends++
		}
		if next.Locked {
			locked++
		}
	}
	assert.Equal(t, []int{2, 2}, []int{ends, locked})
}

func TestSampleHasSomethingOfEverything(t *testing.T) {
	t.Parallel()
	w := world.Sample()
	requireSound(t, w)
	assert.GreaterOrEqual(t, len(w.Subscriptions), 70)

	types, faults := map[subscription.ProductType]bool{}, map[string]bool{}
	for _, s := range w.Subscriptions {
		types[s.ProductType] = true
		kind, _, _ := strings.Cut(s.SandboxFault, ":")
		faults[kind] = true
	}
	for _, one := range subscription.ProductTypes() {
		assert.True(t, types[one], one)
	}
	for _, one := range []string{"transient", "sync", "refuse", "slow"} {
		assert.True(t, faults[one], one)
	}
	for _, c := range w.Customers {
		assert.True(t, strings.HasSuffix(c.Email, ".example"), c.Email)
	}
	for _, p := range w.Partners {
		for _, agent := range p.Users {
			assert.True(t, strings.HasSuffix(agent.Email, ".example"), agent.Email)
		}
	}
}

func TestEveryCallGivesAFreshSample(t *testing.T) {
	t.Parallel()
	world.Sample().Partners[0].Users[0].Email = "changed"
	world.SampleYAML()[0] = 'X'
	assert.Equal(t, "ana@northwind-cloud.example", world.Sample().Partners[0].Users[0].Email)
	assert.Equal(t, byte('#'), world.SampleYAML()[0])
}
