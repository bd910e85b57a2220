package transfer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules of sections 3.1 to 3.3 that decide whether a transfer may be opened: what the request says, and what the ledger
// knows.

// asked is what a request becomes, or why it is refused.
func asked(change func(*transfer.Request)) (transfer.Request, error) {
	r := request()
	change(&r)
	o, err := policy.Normalize(r)
	return o.Request(), err
}

func TestRulesOfTheRequest(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*transfer.Request)
		cause  kernel.Cause
	}{
		"R-42 source and target must differ":              {func(r *transfer.Request) { r.SourcePartnerTenantID = targetID }, transfer.SourceIsTarget},
		"R-42 another case does not make them differ":     {func(r *transfer.Request) { r.SourcePartnerTenantID = upper(targetID) }, transfer.SourceIsTarget},
		"R-43 the caller must be the target":              {func(r *transfer.Request) { r.TargetPartnerTenantID = strangerID }, kernel.InvalidInput},
		"R-53 the source must be named":                   {func(r *transfer.Request) { r.SourcePartnerTenantID = "" }, transfer.SourceMissing},
		"R-53 blanks do not name the source":              {func(r *transfer.Request) { r.SourcePartnerTenantID = " \t" }, transfer.SourceMissing},
		"R-60 no product type that does not exist":        {func(r *transfer.Request) { r.TargetProductTypes = types("Typewriters") }, kernel.UnknownEnum},
		"R-60 no software":                                {func(r *transfer.Request) { r.TargetProductTypes = types("Software") }, kernel.UnknownEnum},
		"R-60 no SaaS":                                    {func(r *transfer.Request) { r.TargetProductTypes = types("OnlineServicesNCE", "SaaS") }, kernel.UnknownEnum},
		"R-81 ignoreEligibilityCheck is not for partners": {func(r *transfer.Request) { r.IgnoreEligibilityCheck = true }, kernel.OperatorOnly},
		"R-105 a customer id that is no GUID":             {func(r *transfer.Request) { r.CustomerTenantID = "contoso" }, kernel.InvalidInput},
		"R-105 a source id that is no GUID":               {func(r *transfer.Request) { r.SourcePartnerTenantID = "northwind" }, kernel.InvalidInput},
		"R-120 transferType 4 does not exist":             {func(r *transfer.Request) { r.TransferType = 4 }, kernel.UnknownEnum},
		"R-120 transferType is required":                  {func(r *transfer.Request) { r.TransferType = 0 }, kernel.UnknownEnum},
		"R-122 sourcePartnerName is required":             {func(r *transfer.Request) { r.SourcePartnerName = " " }, kernel.InvalidInput},
		"R-140 customerEmailId is required":               {func(r *transfer.Request) { r.CustomerEmail = "" }, kernel.InvalidInput},
		"R-140 customerEmailId is an address":             {func(r *transfer.Request) { r.CustomerEmail = "it at contoso" }, kernel.InvalidInput},
		"R-140 customerEmailId has no display name":       {func(r *transfer.Request) { r.CustomerEmail = "IT <it@contoso.example>" }, kernel.InvalidInput},
		"R-140 customerEmailId is one address":            {func(r *transfer.Request) { r.CustomerEmail = "a@b.example, c@d.example" }, kernel.InvalidInput},
		"R-140 customerEmailId cannot smuggle a header":   {func(r *transfer.Request) { r.CustomerEmail = "a@b.example\r\nBcc: c@d.example" }, kernel.InvalidInput},
		"R-103 a request id is required":                  {func(r *transfer.Request) { r.RequestID = "" }, kernel.InvalidInput},
	} {
		rule(t, name, func(t *testing.T) {
			_, err := asked(c.change)
			refused(t, err, c.cause)
		})
	}
}

func TestRulesOfTheDefaults(t *testing.T) {
	rule(t, "R-43 the target defaults to the caller", func(t *testing.T) {
		r, err := asked(func(r *transfer.Request) { r.TargetPartnerTenantID = "" })
		require.NoError(t, err)
		assert.Equal(t, targetID, r.TargetPartnerTenantID)
	})
	rule(t, "R-60 no types, the four types and the empty list are all allowed", func(t *testing.T) {
		for _, list := range [][]subscription.ProductType{nil, {}, types("AzureSubscription", "AzureReservation", "AzureSavingsPlan", "OnlineServicesNCE")} {
			r, err := asked(func(r *transfer.Request) { r.TargetProductTypes = list })
			require.NoError(t, err)
			assert.Equal(t, list, r.TargetProductTypes)
		}
	})
	rule(t, "R-60 a deployment may allow more types", func(t *testing.T) {
		wide := transfer.DefaultPolicy()
		wide.ProductTypes = subscription.ProductTypes()
		r := request()
		r.TargetProductTypes = types("Software", "SaaS")
		_, err := wide.Normalize(r)
		require.NoError(t, err)
	})
}

func TestRulesOfWhatIsKept(t *testing.T) {
	rule(t, "R-105 ids are stored in lower case", func(t *testing.T) {
		r, err := asked(func(r *transfer.Request) {
			r.CustomerTenantID, r.SourcePartnerTenantID = upper(customerID), upper(sourceID)
			r.TargetPartnerTenantID, r.Actor.PartnerTenantID = upper(targetID), upper(targetID)
		})
		require.NoError(t, err)
		assert.Equal(t, request().CustomerTenantID, r.CustomerTenantID)
		assert.Equal(t, request().Actor, r.Actor)
		assert.Equal(t, sourceID, r.SourcePartnerTenantID)
	})
	rule(t, "R-120 transferType 3 and 5 are the same, and what came is kept", func(t *testing.T) {
		for _, number := range []int{3, 5} {
			r, err := asked(func(r *transfer.Request) { r.TransferType = number })
			require.NoError(t, err)
			assert.Equal(t, number, r.TransferType)
		}
	})
	rule(t, "R-123 targetPartnerEmailId is opaque and defaults to the target", func(t *testing.T) {
		for given, kept := range map[string]string{"": targetID, "Order 7/2024, not an address": "Order 7/2024, not an address"} {
			r, err := asked(func(r *transfer.Request) { r.TargetPartnerEmailID = given })
			require.NoError(t, err)
			assert.Equal(t, kept, r.TargetPartnerEmailID)
		}
	})
	rule(t, "R-103 the same request of the same target makes the same transfer", func(t *testing.T) {
		id := transfer.NewTransfer(normal(request()), facts()).ID
		assert.Equal(t, id, transfer.NewTransfer(normal(request()), facts()).ID)
		same := request()
		same.TargetPartnerTenantID, same.CustomerTenantID, same.RequestID = upper(targetID), upper(same.CustomerTenantID), upper(same.RequestID)
		assert.Equal(t, id, transfer.NewID(same))
		unnamed := request()
		unnamed.TargetPartnerTenantID = ""
		assert.Equal(t, id, transfer.NewID(unnamed), "as it came, before the target was filled in")
		for name, change := range map[string]func(*transfer.Request){
			"request id": func(r *transfer.Request) { r.RequestID = "0d2f5c1e-0000-4000-8000-0000000000e2" },
			"target":     func(r *transfer.Request) { r.TargetPartnerTenantID = strangerID },
			"customer":   func(r *transfer.Request) { r.CustomerTenantID = strangerID },
		} {
			other := request()
			change(&other)
			assert.NotEqual(t, id, transfer.NewID(other), name)
		}
	})
}

// opening is one case of what the ledger knows.
type opening struct {
	name   string
	change func(*transfer.Request, *transfer.OpenFacts)
	cause  kernel.Cause // empty when the transfer may be opened
}

func checkOpenings(t *testing.T, cases []opening) {
	for _, c := range cases {
		rule(t, c.name, func(t *testing.T) {
			r, f := request(), facts()
			c.change(&r, &f)
			err := policy.CheckOpen(normal(r), f)
			if c.cause == "" {
				require.NoError(t, err)
				return
			}
			refused(t, err, c.cause)
		})
	}
}

func TestRulesOfThePaths(t *testing.T) {
	direct, provider, reseller := programme.DirectBill, programme.IndirectProvider, programme.IndirectReseller
	path := func(source, target programme.Program) func(*transfer.Request, *transfer.OpenFacts) {
		return func(_ *transfer.Request, f *transfer.OpenFacts) {
			f.Source.Programs[0].Program, f.Target.Programs[0].Program = source, target
		}
	}
	checkOpenings(t, []opening{
		{"R-40 direct-bill to direct-bill", path(direct, direct), ""},
		{"R-40 direct-bill to provider", path(direct, provider), ""},
		{"R-40 provider to provider", path(provider, provider), ""},
		{"R-40 provider to direct-bill", path(provider, direct), ""},
		{"R-40 no other type takes part", path("isv", direct), programme.PartnerNotEnabled},
		{"R-41 a reseller is no source", path(reseller, provider), programme.PartnerNotEnabled},
		{"R-41 a reseller is no target", path(direct, reseller), programme.PartnerNotEnabled},
	})
}

func TestRulesOfTheStanding(t *testing.T) {
	source := func(s programme.Status) func(*transfer.Request, *transfer.OpenFacts) {
		return func(_ *transfer.Request, f *transfer.OpenFacts) { f.Source.Programs[0].Status = s }
	}
	dual := func(which func(*transfer.OpenFacts) *programme.Partner) func(*transfer.Request, *transfer.OpenFacts) {
		return func(_ *transfer.Request, f *transfer.OpenFacts) {
			which(f).Programs = append(programme.Enrolled(programme.DirectBill, programme.Restricted, true),
				programme.Enrolled(programme.IndirectReseller, programme.Active, true)...)
		}
	}
	target := func(s programme.Status) func(*transfer.Request, *transfer.OpenFacts) {
		return func(_ *transfer.Request, f *transfer.OpenFacts) { f.Target.Programs[0].Status = s }
	}
	checkOpenings(t, []opening{
		{"R-44 an unknown source", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Source = nil }, programme.PartnerUnknown},
		{"R-44 an unknown target", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Target = nil }, programme.PartnerUnknown},
		{"R-44 an unknown customer", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Customer = nil }, programme.CustomerUnknown},
		{"R-401 an inactive source may transfer out", source(programme.Inactive), ""},
		{"R-46 an inactive target", target(programme.Inactive), programme.ProgramNotActive},
		{"R-401 a restricted source may transfer out", source(programme.Restricted), ""},
		{"R-410 a source that is reseller too may transfer out", dual(func(f *transfer.OpenFacts) *programme.Partner { return f.Source }), ""},
		{"R-410 a target that only resells besides may not transfer in", dual(func(f *transfer.OpenFacts) *programme.Partner { return f.Target }), programme.ProgramNotActive},
		{"R-401 a source that left bills nothing", source(programme.Ended), programme.PartnerNotEnabled},
		{"R-46 a restricted target may not transfer in", target(programme.Restricted), programme.ProgramNotActive},
		{"R-401 a source that was never let in bills nothing", source(programme.InReview), programme.PartnerNotEnabled},
		{"R-401 nor does one in a status nobody knows", source("dormant"), programme.PartnerNotEnabled},
	})
}

func TestRulesOfTheMarkets(t *testing.T) {
	markets := func(source, target, customer string) func(*transfer.Request, *transfer.OpenFacts) {
		return func(_ *transfer.Request, f *transfer.OpenFacts) {
			f.Source.Market, f.Target.Market, f.Customer.Market = source, target, customer
		}
	}
	checkOpenings(t, []opening{
		{"R-45 all three in one market", markets("US", "US", "US"), ""},
		{"R-45 the EU and EFTA are one region", markets("IE", "NO", "DE"), ""},
		{"R-45 Switzerland and the United Kingdom belong to it", markets("CH", "GB", "IT"), ""},
		{"R-45 another spelling of the same market", markets("us", "US", "Us"), ""},
		{"R-45 a target of another region", markets("DE", "US", "DE"), programme.MarketMismatch},
		{"R-45 a source of another region", markets("US", "DE", "DE"), programme.MarketMismatch},
		{"R-45 a customer of another region", markets("DE", "DE", "US"), programme.MarketMismatch},
		{"R-45 neighbours outside Europe are two regions", markets("US", "CA", "US"), programme.MarketMismatch},
		{"R-45 the national cloud of China is its own", markets("CN", "DE", "CN"), programme.MarketMismatch},
	})
}
