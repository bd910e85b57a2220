package transfer_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// What a dry run of create tells: the whole of what create would refuse one by one, and nothing that create keeps to itself.

// anyPartner is known, most of the time, and fit for a transfer, half of the time.
func anyPartner(dice *rand.Rand, fit *programme.Partner) *programme.Partner {
	p := *fit
	p.Programs = slices.Clone(fit.Programs)
	if dice.IntN(8) == 0 {
		return nil
	}
	if dice.IntN(2) == 0 {
		p.Programs[0].Program = anyOf(dice, programme.DirectBill, programme.IndirectProvider, programme.IndirectReseller)
		p.Programs[0].Status = anyOf(dice, programme.Active, programme.Active, programme.Restricted, programme.Inactive)
		p.Programs[0].Agreement.Given = dice.IntN(2) == 0
		p.Market = anyOf(dice, "DE", "FR", "US", "JP")
	}
	return &p
}

// anyFacts is a request and a ledger in which some of what it needs is missing.
func anyFacts(dice *rand.Rand) (transfer.Request, transfer.OpenFacts) {
	r, f := request(), facts()
	f.Source, f.Target = anyPartner(dice, f.Source), anyPartner(dice, f.Target)
	if f.Target != nil && dice.IntN(6) == 0 {
		f.Target.Users = nil
	}
	if dice.IntN(8) == 0 {
		f.Customer = nil
	} else {
		f.Customer.Market = anyOf(dice, "DE", "DE", "US")
	}
	f.Relationship, f.Agreement, f.DirectAgreement = dice.IntN(4) > 0, dice.IntN(2) > 0, dice.IntN(3) > 0
	if dice.IntN(2) == 0 {
		r.TargetProductTypes = types("AzureSubscription")
		f.AzureAtTarget = anyOf(dice, nil, f.AzureAtTarget, []subscription.Subscription{{ProductType: subscription.AzurePlan, Status: subscription.Suspended}})
	}
	if dice.IntN(2) == 0 {
		r.PartnerOnRecord = "4711001"
		f.PartnerOnRecord = anyPartner(dice, &programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)})
		f.Partnership = dice.IntN(2) == 0
	}
	return r, f
}

// mend does away with what is refused for that cause.
func mend(r *transfer.Request, f *transfer.OpenFacts, refusal *kernel.Refusal) {
	fit := facts()
	fitReseller := &programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)}
	switch refusal.Cause {
	case programme.PartnerUnknown, programme.PartnerNotEnabled, kernel.NotAdminAgent, programme.ProgramNotActive:
		if f.Target == nil || !f.Target.TakesOn() || f.Target.Users == nil {
			f.Target = fit.Target
		} else {
			f.Source = fit.Source
		}
	case programme.CustomerUnknown:
		f.Customer = fit.Customer
	case programme.MPAMissing:
		f.Target.Programs[0].Agreement.Given = true
	case programme.RelationshipMissing:
		f.Relationship = true
	case programme.AgreementMissing:
		f.Agreement = true
	case programme.MarketMismatch:
		if programme.Region(f.Source.Market) != programme.Region(f.Customer.Market) {
			f.Source.Market = f.Customer.Market
		} else {
			f.Target.Market = f.Customer.Market
		}
	case transfer.NotForDirectBill:
		r.PartnerOnRecord = ""
	case transfer.ResellerUnknown, transfer.NotAReseller, transfer.ResellerInactive, transfer.ResellerMPAMissing:
		f.PartnerOnRecord = fitReseller
	case transfer.ResellerNotPartner:
		f.Partnership = true
	case transfer.AzurePlanMissing, transfer.AzurePlanInactive:
		f.AzureAtTarget = fit.AzureAtTarget
	default: // nothing else is met here
	}
}

// TestDryRunAndCreateNeverDisagree lets 4,000 callers mend what they are told first, over and over, as somebody without a
// dry run would. Whatever the dry run had listed besides is met on the way, in its order, until the transfer opens.
func TestDryRunAndCreateNeverDisagree(t *testing.T) {
	met := map[kernel.Cause]bool{}
	longest := 0
	for seed := range uint64(4000) {
		r, f := anyFacts(rand.New(rand.NewPCG(seed, 44)))
		for steps := 0; ; steps++ {
			require.Less(t, steps, 15, "seed %d: mending leads nowhere", seed)
			listed := policy.OpenRefusals(normal(r), f)
			longest = max(longest, len(listed))
			err := policy.CheckOpen(normal(r), f)
			if len(listed) == 0 {
				require.NoError(t, err)
				break
			}
			require.Equal(t, error(listed[0]), err, "seed %d", seed)
			met[listed[0].Cause] = true
			mend(&r, &f, listed[0])
			now := policy.OpenRefusals(normal(r), f)
			for _, other := range listed[1:] {
				require.Contains(t, now, other, "seed %d: mending %s did away with another", seed, listed[0].Cause)
			}
		}
	}
	assert.GreaterOrEqual(t, longest, 5)
	for _, cause := range []kernel.Cause{
		programme.PartnerUnknown, programme.PartnerNotEnabled, kernel.NotAdminAgent, programme.ProgramNotActive, programme.CustomerUnknown,
		programme.MPAMissing, programme.RelationshipMissing, programme.AgreementMissing, programme.MarketMismatch, transfer.NotForDirectBill,
		transfer.ResellerUnknown, transfer.NotAReseller, transfer.ResellerInactive, transfer.ResellerNotPartner, transfer.ResellerMPAMissing,
		transfer.AzurePlanMissing, transfer.AzurePlanInactive,
	} {
		assert.True(t, met[cause], "nobody met %s", cause)
	}
}

// gate is a state of the facts in which some others are not the caller's to hear of.
type gate struct {
	name string
	shut func(*transfer.OpenFacts)
	veil func(f *transfer.OpenFacts, other transfer.OpenFacts) // replaces what is hidden by other facts
}

func gates() []gate {
	butTarget := func(f *transfer.OpenFacts, other transfer.OpenFacts) { other.Target = f.Target; *f = other }
	behindCustomer := func(f *transfer.OpenFacts, other transfer.OpenFacts) {
		other.Target, other.Source, other.Relationship = f.Target, f.Source, f.Relationship
		if f.Customer == nil || other.Customer == nil {
			other.Customer = f.Customer
		}
		if f.Source != nil {
			moved := *f.Source
			moved.Market = "BR"
			other.Source = &moved
		}
		*f = other
	}
	target := func(change func(*programme.Partner)) func(*transfer.OpenFacts) {
		return func(f *transfer.OpenFacts) { f.Target = facts().Target; change(f.Target) }
	}
	return []gate{
		{"R-44 an unknown target", func(f *transfer.OpenFacts) { f.Target = nil }, butTarget},
		{"R-41 a target that is a reseller", target(func(p *programme.Partner) { p.Programs[0].Program = programme.IndirectReseller }), butTarget},
		{"R-54 no admin agent of the target", target(func(p *programme.Partner) { p.Users = nil }), butTarget},
		{"R-46 a target that is not active", target(func(p *programme.Partner) { p.Programs[0].Status = programme.Restricted }), butTarget},
		{"R-44 an unknown source", func(f *transfer.OpenFacts) { f.Source = nil }, func(f *transfer.OpenFacts, other transfer.OpenFacts) {
			other.Source = nil
			butTarget(f, other)
		}},
		{"R-44 an unknown customer", func(f *transfer.OpenFacts) { f.Customer = nil }, func(f *transfer.OpenFacts, other transfer.OpenFacts) {
			relationship := other.Relationship
			behindCustomer(f, other)
			f.Relationship = relationship
		}},
		{"R-50 a customer without relationship", func(f *transfer.OpenFacts) { f.Relationship = false }, behindCustomer},
		{"R-41 a source that is a reseller", func(f *transfer.OpenFacts) {
			f.Source = facts().Source
			f.Source.Programs[0].Program = programme.IndirectReseller
		}, func(f *transfer.OpenFacts, _ transfer.OpenFacts) {
			moved := *f.Source
			moved.Market, moved.Programs = "BR", programme.Enrolled(programme.IndirectReseller, programme.Active, false)
			f.Source = &moved
		}},
		{"R-58 a reseller that is not active", func(f *transfer.OpenFacts) {
			f.PartnerOnRecord = &programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Inactive, false)}
		}, func(f *transfer.OpenFacts, _ transfer.OpenFacts) {
			signed := *f.PartnerOnRecord
			signed.Programs = programme.Enrolled(programme.IndirectReseller, programme.Inactive, true)
			f.PartnerOnRecord = &signed
		}},
	}
}

// A dry run must not become a way to ask about customers and partners: behind a gate that is shut, no fact makes any
// difference to the answer.
func TestDryRunTellsNothingBehindAGate(t *testing.T) {
	for _, g := range gates() {
		rule(t, g.name+" hides what is behind", func(t *testing.T) {
			lengths := map[int]bool{}
			for seed := range uint64(1000) {
				dice := rand.New(rand.NewPCG(seed, 23))
				r, f := anyFacts(dice)
				r.PartnerOnRecord = "4711001"
				g.shut(&f)
				told := policy.OpenRefusals(normal(r), f)
				_, other := anyFacts(dice)
				g.veil(&f, other)
				require.Equal(t, told, policy.OpenRefusals(normal(r), f), "seed %d", seed)
				lengths[len(told)] = true
			}
			assert.NotContains(t, lengths, 0)
		})
	}
}

func TestDryRunListsEverything(t *testing.T) {
	rule(t, "R-52 what the target has to sign and what the customer has to do are told together", func(t *testing.T) {
		r, f := request(), facts()
		f.Source.Programs[0].Program, f.Target.Programs[0].Agreement.Given, f.Relationship, f.Agreement = programme.IndirectReseller, false, false, false
		assert.Equal(t, []kernel.Cause{programme.PartnerNotEnabled, programme.MPAMissing, programme.RelationshipMissing}, causes(policy.OpenRefusals(normal(r), f)))
		f.Relationship, f.Source.Programs[0].Program, f.Customer.Market, f.AzureAtTarget = true, programme.DirectBill, "JP", nil
		r.TargetProductTypes, r.PartnerOnRecord = types("AzureSubscription"), "4711009"
		assert.Equal(t, []kernel.Cause{
			programme.MPAMissing, programme.AgreementMissing, programme.MarketMismatch, programme.MarketMismatch, transfer.ResellerUnknown, transfer.AzurePlanMissing,
		}, causes(policy.OpenRefusals(normal(r), f)))
	})
}
