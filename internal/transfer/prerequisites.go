package transfer

import (
	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// OpenFacts is what the ledger knows that decides whether a transfer may be opened. A nil pointer means unknown.
type OpenFacts struct {
	Customer        *programme.Customer
	Source          *programme.Partner
	Target          *programme.Partner
	Relationship    bool                        // the customer accepted the target as the one who bills it
	Agreement       bool                        // the customer accepted the agreement with the target
	DirectAgreement bool                        // the customer accepted it directly, with any partner
	AzureAtTarget   []subscription.Subscription // Azure plans and legacy Azure subscriptions of the customer at the target
	PartnerOnRecord *programme.Partner          // the partner with the MPN id of the request
	Partnership     bool                        // that partner is a reseller under the target
	Asked           Asked                       // what the target asked for before, where that is bounded
}

// CheckOpen checks everything that must be true before a transfer is opened: it is the first of OpenRefusals.
//
// Refusals: PartnerUnknown and CustomerUnknown, PartnerNotEnabled, NotAdminAgent,
// ProgramNotActive (R-46, of the target only: R-401), MPAMissing, RelationshipMissing, AgreementMissing, MarketMismatch
// the six of partnerOnRecord and, when Azure types are asked for by name, the four of the Azure
// plan; AddressNotCustomers, TooManyOfCustomer and TooManyInADay by what the deployment lets a target ask for (Asking).
func (p Policy) CheckOpen(o Opening, f OpenFacts) error { return first(p.OpenRefusals(o, f)) }

// OpenRefusals are all reasons to refuse a request, in the order of prerequisites; none when the transfer may
// be opened. It tells nothing that CheckOpen keeps to itself: what comes after a gate that is shut is not in the list,
// and of one source or reseller no more than its first shortcoming.
func (p Policy) OpenRefusals(o Opening, f OpenFacts) []*kernel.Refusal {
	asked := append(prerequisites(), prerequisite{check: p.Asking.checkAddress}, prerequisite{check: checkAzureAsked},
		prerequisite{check: p.Asking.checkPerCustomer}, prerequisite{check: p.Asking.checkPerDay})
	return refusals(asked, o.request, f)
}

// prerequisite is one thing that must be true before a transfer is opened.
type prerequisite struct {
	check func(Request, OpenFacts) *kernel.Refusal
	gate  bool // while it is not met, the caller has no right to hear what comes after it
}

// prerequisites are what must be true of the parties when a transfer is opened and still when it is submitted, whatever is
// selected then (OQ-24): who asks, who takes part, what they signed, where they are, what they ask for. Four are gates:
// who may not take over hears nothing of others; where source or customer is not known there is nothing more to tell; and
// before its relationship with the target is shown, nothing is told about a customer but that it is known here. The
// target's own signature is no gate: it can sign at any time. What the source holds is asked by none (R-44, OQ-23).
func prerequisites() []prerequisite {
	return []prerequisite{
		{check: checkTarget, gate: true},
		{check: checkSourceKnown, gate: true},
		{check: checkSourceStanding},
		{check: checkCustomerKnown, gate: true},
		{check: checkPartnerAgreement},
		{check: checkRelationship, gate: true},
		{check: checkCustomerAgreement},
		{check: checkSourceMarket},
		{check: checkTargetMarket},
		{check: checkPartnerOnRecord},
	}
}

func partyRefusals(r Request, f OpenFacts) []*kernel.Refusal { return refusals(prerequisites(), r, f) }

// asTargetSees leaves out whom there is in another environment than the target's: production and sandbox know nothing of each other (R-110,
//
func (f OpenFacts) asTargetSees() OpenFacts {
	if f.Target == nil {
		return f
	}
	here := f.Target.Environment
	if f.Source != nil && f.Source.Environment != here {
		f.Source = nil
	}
	if f.Customer != nil && f.Customer.Environment != here {
		f.Customer = nil
	}
	if f.PartnerOnRecord != nil && f.PartnerOnRecord.Environment != here {
		f.PartnerOnRecord = nil
	}
	return f
}

// refusals are those of the prerequisites that are not met, up to and including a gate.
func refusals(asked []prerequisite, r Request, f OpenFacts) []*kernel.Refusal {
	f = f.asTargetSees()
	var all []*kernel.Refusal
	for _, one := range asked {
		refusal := one.check(r, f)
		if refusal == nil {
			continue
		}
		all = append(all, refusal)
		if one.gate {
			break
		}
	}
	return all
}

// first is the first of the refusals as an error, nil when there is none.
func first(refusals []*kernel.Refusal) error {
	if len(refusals) == 0 {
		return nil
	}
	return refusals[0]
}

func checkTarget(r Request, f OpenFacts) *kernel.Refusal {
	switch {
	case f.Target == nil:
		return kernel.Refuse(programme.PartnerUnknown, "The target partner is not known here. Check its Microsoft ID.").About(r.TargetPartnerTenantID)
	case !f.Target.Bills():
		return kernel.Refuse(programme.PartnerNotEnabled, "An indirect reseller cannot take over billing; its indirect provider must create the transfer.")
	case !f.Target.Admits(r.Actor.UserID):
		return kernel.Refuse(kernel.NotAdminAgent, "The user is not an admin agent of the target. Ask one of its admin agents to create the transfer.")
	case !f.Target.TakesOn():
		return kernel.Refuse(programme.ProgramNotActive, "The target's programme status is %s; only an active partner can take over billing.", f.Target.Standing())
	}
	return nil
}

func checkSourceKnown(r Request, f OpenFacts) *kernel.Refusal {
	if f.Source == nil {
		return kernel.Refuse(programme.PartnerUnknown, "The source partner is not known here. Check its Microsoft ID.").About(r.SourcePartnerTenantID)
	}
	return nil
}

// checkSourceStanding asks only whether the source bills at all. In which standing is no matter: a partner that may no longer
// transact is the first reason for a transfer (R-401, in place of what R-46 said of the source).
func checkSourceStanding(_ Request, f OpenFacts) *kernel.Refusal {
	if !f.Source.Bills() {
		return kernel.Refuse(programme.PartnerNotEnabled, "The source bills nothing itself, as an indirect reseller does not; name its indirect provider as the source.")
	}
	return nil
}

func checkCustomerKnown(r Request, f OpenFacts) *kernel.Refusal {
	if f.Customer == nil {
		return kernel.Refuse(programme.CustomerUnknown, "The customer is not known here. Check its Microsoft ID.").About(r.CustomerTenantID)
	}
	return nil
}

func checkPartnerAgreement(_ Request, f OpenFacts) *kernel.Refusal {
	if !f.Target.SignedToTakeOn() {
		return kernel.Refuse(programme.MPAMissing, "The target has not signed the Microsoft Partner Agreement. Sign it, then create the transfer.")
	}
	return nil
}

func checkRelationship(_ Request, f OpenFacts) *kernel.Refusal {
	if !f.Relationship {
		return kernel.Refuse(programme.RelationshipMissing, "The customer has not accepted a reseller relationship with the target. Send the customer a relationship request first.")
	}
	return nil
}

func checkCustomerAgreement(_ Request, f OpenFacts) *kernel.Refusal {
	carriedOver := f.Target.ActiveIn(programme.IndirectProvider) && f.DirectAgreement
	if !f.Agreement && !carriedOver {
		return kernel.Refuse(programme.AgreementMissing, "The customer has not accepted the Microsoft Customer Agreement with the target. Have it attested or signed first.")
	}
	return nil
}

// checkSourceMarket tells the market only of a source that bills, as CheckOpen does.
func checkSourceMarket(r Request, f OpenFacts) *kernel.Refusal {
	if standing := checkSourceStanding(r, f); standing == nil {
		return checkMarket(f.Source, f.Customer)
	}
	return nil
}

func checkTargetMarket(_ Request, f OpenFacts) *kernel.Refusal {
	return checkMarket(f.Target, f.Customer)
}

func checkMarket(p *programme.Partner, c *programme.Customer) *kernel.Refusal {
	if programme.Region(p.Market) != programme.Region(c.Market) {
		return kernel.Refuse(programme.MarketMismatch, "Partner %s sells in %s and the customer is in %s; both partners must be in the customer's region.",
			p.Name, p.Market, c.Market)
	}
	return nil
}

func checkPartnerOnRecord(r Request, f OpenFacts) *kernel.Refusal {
	if r.PartnerOnRecord == "" {
		return nil
	}
	reseller := f.PartnerOnRecord
	switch {
	case !f.Target.ActiveIn(programme.IndirectProvider):
		return kernel.Refuse(NotForDirectBill, "partnerOnRecord is only for an indirect provider as target; leave it out.")
	case reseller == nil:
		return kernel.Refuse(ResellerUnknown, "No partner has the PartnerID given as partnerOnRecord.").About(r.PartnerOnRecord)
	case !reseller.In(programme.IndirectReseller):
		return kernel.Refuse(NotAReseller, "The PartnerID given as partnerOnRecord is not an indirect reseller's.").About(r.PartnerOnRecord)
	case !reseller.ActiveIn(programme.IndirectReseller):
		return kernel.Refuse(ResellerInactive, "The PartnerID given as partnerOnRecord belongs to no active reseller tenant.").About(r.PartnerOnRecord)
	case !f.Partnership:
		return kernel.Refuse(ResellerNotPartner, "The reseller given as partnerOnRecord is not one of the target's. Set up the partnership first.").About(r.PartnerOnRecord)
	case !reseller.SignedIn(programme.IndirectReseller):
		return kernel.Refuse(ResellerMPAMissing, "The reseller given as partnerOnRecord has not signed the Microsoft Partner Agreement.").About(r.PartnerOnRecord)
	}
	return nil
}

// checkAzureAsked asks for the Azure plan when Azure types are asked for by name. Otherwise the selection decides.
func checkAzureAsked(r Request, f OpenFacts) *kernel.Refusal {
	for _, t := range r.TargetProductTypes {
		if t.Azure() {
			return CheckAzurePlan(f)
		}
	}
	return nil
}

// CheckAzurePlan is the reason why Azure items, which need an active Azure plan of the customer with the target, cannot move
// there, or nil.
//
// Reasons: LegacyAzureAtTarget, AzurePlanUnpurchasable, AzurePlanMissing, AzurePlanInactive.
func CheckAzurePlan(f OpenFacts) *kernel.Refusal {
	inactive, legacy := false, false
	for _, s := range f.AzureAtTarget {
		switch {
		case s.ProductType == subscription.AzurePlan && s.Status == subscription.Active:
			return nil
		case s.ProductType == subscription.AzurePlan && s.Status != subscription.Deleted:
			inactive = true
		case s.OfferID == subscription.LegacyAzureOffer && s.Status == subscription.Active:
			legacy = true
		}
	}
	switch {
	case inactive:
		return kernel.Refuse(AzurePlanInactive, "The customer's Azure plan with the target is not active. Reactivate it, or leave the Azure types out.")
	case legacy:
		return kernel.Refuse(LegacyAzureAtTarget, "The customer is on legacy Azure with the target. Move it to an Azure plan first.")
	case f.Target != nil && !f.Target.TakesOn():
		return kernel.Refuse(AzurePlanUnpurchasable, "The target cannot buy an Azure plan for the customer in its programme status.")
	default:
		return kernel.Refuse(AzurePlanMissing, "The customer has no Azure plan with the target. Buy one first, or leave the Azure types out.")
	}
}
