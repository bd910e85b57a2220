package transfer_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules of section 3.2: what must have been accepted, signed and bought before a transfer is opened, and that the
// answers tell nobody what is not theirs to know.

func TestRulesOfThePrerequisites(t *testing.T) {
	checkOpenings(t, []opening{
		{"R-50 no reseller relationship", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Relationship = false }, programme.RelationshipMissing},
		{"R-51 no customer agreement with the target", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Agreement = false }, programme.AgreementMissing},
		{"R-52 no partner agreement", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Target.Programs[0].Agreement.Given = false }, programme.MPAMissing},
		{"R-52 the source need not sign anything", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Source.Programs[0].Agreement.Given = false }, ""},
		{"R-54 a user who is no admin agent", func(r *transfer.Request, _ *transfer.OpenFacts) { r.Actor.UserID = strangerID }, kernel.NotAdminAgent},
		{"R-54 an admin agent of the source", func(_ *transfer.Request, f *transfer.OpenFacts) { f.Target.Users = nil }, kernel.NotAdminAgent},
		{"R-54 an admin agent in another spelling", func(r *transfer.Request, _ *transfer.OpenFacts) { r.Actor.UserID = upper(agentID) }, ""},
		{"R-54 an application without a user", func(r *transfer.Request, _ *transfer.OpenFacts) { r.Actor.UserID = "" }, ""},
	})
}

func TestRulesOfTheCarryOver(t *testing.T) {
	agreed := func(target programme.Program, with, direct, relationship bool) func(*transfer.Request, *transfer.OpenFacts) {
		return func(_ *transfer.Request, f *transfer.OpenFacts) {
			f.Target.Programs[0].Program, f.Agreement, f.DirectAgreement, f.Relationship = target, with, direct, relationship
		}
	}
	checkOpenings(t, []opening{
		{"R-56 a direct acceptance carries over to a provider", agreed(programme.IndirectProvider, false, true, true), ""},
		{"R-56 an attestation with another partner does not", agreed(programme.IndirectProvider, false, false, true), programme.AgreementMissing},
		{"R-56 nothing carries over to a direct-bill partner", agreed(programme.DirectBill, false, true, true), programme.AgreementMissing},
		{"R-56 it carries over only with a relationship", agreed(programme.IndirectProvider, false, true, false), programme.RelationshipMissing},
		{"R-56 an acceptance with the target is enough", agreed(programme.DirectBill, true, false, true), ""},
	})
}

func TestRulesOfTheAzurePlan(t *testing.T) {
	azure := func(held ...subscription.Subscription) func(*transfer.Request, *transfer.OpenFacts) {
		return func(r *transfer.Request, f *transfer.OpenFacts) {
			r.TargetProductTypes, f.AzureAtTarget = types("OnlineServicesNCE", "AzureReservation"), held
		}
	}
	plan := func(s subscription.Status) subscription.Subscription {
		return subscription.Subscription{ProductType: subscription.AzurePlan, OfferID: subscription.AzurePlanOffer, Status: s}
	}
	legacy := subscription.Subscription{ProductType: subscription.AzureSubscription, OfferID: subscription.LegacyAzureOffer, Status: subscription.Active}
	ended := legacy
	ended.Status = subscription.Deleted
	checkOpenings(t, []opening{
		{"R-55 an active plan", azure(plan(subscription.Active)), ""},
		{"R-55 an active plan beside a suspended one and legacy Azure", azure(legacy, plan(subscription.Suspended), plan(subscription.Active)), ""},
		{"R-55 no plan", azure(), transfer.AzurePlanMissing},
		{"R-55 a deleted plan", azure(plan(subscription.Deleted)), transfer.AzurePlanMissing},
		{"R-55 a suspended plan", azure(plan(subscription.Suspended)), transfer.AzurePlanInactive},
		{"R-55 a plan still pending", azure(plan(subscription.Pending)), transfer.AzurePlanInactive},
		{"R-55 legacy Azure only", azure(legacy), transfer.LegacyAzureAtTarget},
		{"R-55 legacy Azure that was given up", azure(ended), transfer.AzurePlanMissing},
		{"R-55 something else from the target", azure(sample("0001")), transfer.AzurePlanMissing},
		{"R-55 no plan, and no Azure asked for", func(r *transfer.Request, f *transfer.OpenFacts) {
			r.TargetProductTypes, f.AzureAtTarget = types("OnlineServicesNCE"), nil
		}, ""},
		{"R-55 no plan, and every type asked for: decided at submit", func(r *transfer.Request, f *transfer.OpenFacts) {
			r.TargetProductTypes, f.AzureAtTarget = nil, nil
		}, ""},
	})
	rule(t, "R-55 no plan, and the target may not buy one", func(t *testing.T) {
		f := facts()
		f.AzureAtTarget, f.Target.Programs[0].Status = nil, programme.Restricted
		refused(t, transfer.CheckAzurePlan(f), transfer.AzurePlanUnpurchasable)
	})
}

func TestRulesOfThePartnerOfRecord(t *testing.T) {
	record := func(change func(*programme.Partner)) func(*transfer.Request, *transfer.OpenFacts) {
		return func(r *transfer.Request, f *transfer.OpenFacts) {
			r.PartnerOnRecord = "4711001"
			f.PartnerOnRecord = &programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true), MPNID: "4711001"}
			f.Partnership = true
			change(f.PartnerOnRecord)
		}
	}
	checkOpenings(t, []opening{
		{"R-57 a provider need not name a reseller", func(*transfer.Request, *transfer.OpenFacts) {}, ""},
		{"R-57 a provider may name a reseller", record(func(*programme.Partner) {}), ""},
		{"R-57 a direct-bill target may not", func(r *transfer.Request, f *transfer.OpenFacts) {
			r.PartnerOnRecord, f.Target.Programs[0].Program = "4711001", programme.DirectBill
		}, transfer.NotForDirectBill},
		{"R-58 nobody has that PartnerID", func(r *transfer.Request, _ *transfer.OpenFacts) { r.PartnerOnRecord = "4711009" }, transfer.ResellerUnknown},
		{"R-58 it is a provider's", record(func(p *programme.Partner) { p.Programs[0].Program = programme.IndirectProvider }), transfer.NotAReseller},
		{"R-58 the reseller is inactive", record(func(p *programme.Partner) { p.Programs[0].Status = programme.Inactive }), transfer.ResellerInactive},
		{"R-410 it is direct-bill too, whatever its standing there", record(func(p *programme.Partner) {
			p.Programs = append(programme.Enrolled(programme.DirectBill, programme.Restricted, false), p.Programs...)
		}), ""},
		{"R-410 it is only approved as reseller", record(func(p *programme.Partner) { p.Programs[0].Status = programme.Approved }), transfer.NotAReseller},
		{"R-58 D6: the reseller works under another provider", func(r *transfer.Request, f *transfer.OpenFacts) {
			record(func(*programme.Partner) {})(r, f)
			f.Partnership = false
		}, transfer.ResellerNotPartner},
		{"R-58 the reseller has not signed", record(func(p *programme.Partner) { p.Programs[0].Agreement.Given = false }), transfer.ResellerMPAMissing},
	})
}

// What a create may reveal: R-44, OQ-23.
func TestCreateRevealsNothing(t *testing.T) {
	rule(t, "R-44 what the source holds makes no difference to create", func(t *testing.T) {
		var held []string
		for _, fact := range reflect.VisibleFields(reflect.TypeFor[transfer.OpenFacts]()) {
			if fact.Type == reflect.TypeFor[[]subscription.Subscription]() {
				held = append(held, fact.Name)
			}
		}
		assert.Equal(t, []string{"AzureAtTarget"}, held, "the subscriptions that decide a create are the target's own")
	})
	rule(t, "R-44 without a relationship nothing is told about the customer", func(t *testing.T) {
		f := facts()
		f.Relationship, f.Agreement, f.Customer.Market = false, false, "JP"
		r := refused(t, policy.CheckOpen(normal(request()), f), programme.RelationshipMissing)
		assert.NotContains(t, r.Message, "JP")
	})
	rule(t, "R-44 a caller who may not create hears nothing about source and customer", func(t *testing.T) {
		f := facts()
		f.Source, f.Customer = nil, nil
		r := request()
		r.Actor.UserID = strangerID
		refused(t, policy.CheckOpen(normal(r), f), kernel.NotAdminAgent)
	})
}

// production and sandbox know nothing of each other, neither when a transfer is opened nor when it is submitted.
func TestTheOtherEnvironmentIsUnknown(t *testing.T) {
	elsewhere := map[string]func(*transfer.OpenFacts){
		"source":   func(f *transfer.OpenFacts) { f.Source.Environment = programme.Sandbox },
		"customer": func(f *transfer.OpenFacts) { f.Customer.Environment = programme.Sandbox },
	}
	unknown := map[string]func(*transfer.OpenFacts){
		"source":   func(f *transfer.OpenFacts) { f.Source = nil },
		"customer": func(f *transfer.OpenFacts) { f.Customer = nil },
	}
	for who, there := range elsewhere {
		rule(t, "R-271 a "+who+" in another environment is as unknown as one that does not exist", func(t *testing.T) {
			f, none := facts(), facts()
			there(&f)
			unknown[who](&none)
			want := policy.CheckOpen(normal(request()), none)
			require.Error(t, want)
			require.Equal(t, want, policy.CheckOpen(normal(request()), f))
			_, err := policy.Select(opened(), transfer.Selection{AllEligible: true}, transfer.SelectionFacts{Open: f})
			require.Equal(t, want, err)
			f.Target.Environment, f.Source.Environment, f.Customer.Environment = programme.Sandbox, programme.Sandbox, programme.Sandbox
			require.NoError(t, policy.CheckOpen(normal(request()), f), "all in one sandbox")
		})
	}
	rule(t, "R-271 so is a reseller", func(t *testing.T) {
		f, r := facts(), request()
		r.PartnerOnRecord, f.Partnership = "4000009", true
		f.PartnerOnRecord = &programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true), Environment: programme.Sandbox}
		refused(t, policy.CheckOpen(normal(r), f), transfer.ResellerUnknown)
	})
}

func types(names ...subscription.ProductType) []subscription.ProductType { return names }

func upper(id string) string { return strings.ToUpper(id) }
