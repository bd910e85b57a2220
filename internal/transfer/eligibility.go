package transfer

import (
	"slices"
	"sort"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// Eligibility says of one subscription whether a submit may pick it, and if not, why not.
type Eligibility struct {
	Subscription subscription.Subscription
	Eligible     bool
	Reasons      []*kernel.Refusal // every one, in the order in which a submit meets them; none when eligible
	AddOns       []string          // ids of the add-ons that a submit takes along with it, in order
	Base         string            // of an add-on: id of the subscription it moves with, and never without
}

// Survey says of everything that the source bills the customer for, ended subscriptions included, whether it can move,
// by the rules of Select and in the order of ids. An add-on is eligible when it and its base are; when only the base is
// in its way, the reasons of the base stand in that one's entry and their first in the add-on's.
//
// For a transfer, a submit of an eligible subscription by itself succeeds, and one of an ineligible subscription is
// refused with the first reason. Without a target (only source and customer are set) what depends on the target is left
// out: the types that it asked for, the prerequisites (OQ-24) and its Azure plan.
func (p Policy) Survey(t Transfer, f SelectionFacts) []Eligibility {
	s := survey{holdings: p.holdingsOf(t, f), ofBase: map[string][]*kernel.Refusal{}}
	if t.TargetTenantID != "" {
		if parties := partyRefusals(withoutAgent(t.Request), f.Open); len(parties) > 0 {
			s.party = parties[:1]
		}
		s.plan = CheckAzurePlan(f.Open)
	}
	var all []Eligibility
	for _, sub := range s.sorted {
		if t.bills(sub) {
			all = append(all, s.judge(sub))
		}
	}
	return all
}

// bills tells whether the source bills this customer for the subscription.
func (s State) bills(sub subscription.Subscription) bool {
	return kernel.SameID(sub.CustomerTenantID, s.CustomerTenantID) && kernel.SameID(sub.PartnerTenantID, s.SourceTenantID)
}

// survey is a look at all holdings for one transfer.
type survey struct {
	holdings
	party  []*kernel.Refusal // what keeps everything from moving: at most one
	plan   *kernel.Refusal   // what keeps Azure items from moving
	ofBase map[string][]*kernel.Refusal
}

func (s survey) judge(sub subscription.Subscription) Eligibility {
	e := Eligibility{Subscription: sub}
	if sub.Addon() {
		e.Base, e.Reasons = sub.ParentID, s.againstAddon(sub)
	} else {
		e.Reasons = s.againstBase(sub)
		for _, addon := range s.travellers(sub) {
			e.AddOns = append(e.AddOns, addon.ID)
		}
	}
	e.Eligible = len(e.Reasons) == 0
	return e
}

// againstBase are all reasons why the base cannot move with its add-ons.
func (s survey) againstBase(base subscription.Subscription) []*kernel.Refusal {
	reasons, known := s.ofBase[base.ID]
	if known {
		return reasons
	}
	reasons = slices.Concat(s.party, s.obstacles(base))
	if s.plan != nil && slices.ContainsFunc(append(s.travellers(base), base), needsPlan) {
		reasons = append(reasons, s.plan)
	}
	s.ofBase[base.ID] = reasons
	return reasons
}

func needsPlan(sub subscription.Subscription) bool { return sub.ProductType.Azure() }

func (s survey) againstAddon(addon subscription.Subscription) []*kernel.Refusal {
	reasons := slices.Concat(s.party, s.own(addon))
	base, known := s.byID[addon.ParentID]
	if !known || base.Addon() {
		return append(reasons, addonWithoutBase(addon))
	}
	if len(reasons) == 0 {
		ofBase := s.againstBase(base)
		reasons = append(reasons, ofBase[:min(1, len(ofBase))]...)
	}
	return reasons
}

// holdings are the subscriptions a selection may draw from, indexed.
type holdings struct {
	policy   Policy
	transfer Transfer
	byID     map[string]subscription.Subscription
	addons   map[string][]subscription.Subscription // by base id, in id order
	sorted   []subscription.Subscription            // by id
	openIn   map[string]string
}

func (p Policy) holdingsOf(t Transfer, f SelectionFacts) holdings {
	h := holdings{policy: p, transfer: t, byID: map[string]subscription.Subscription{}, addons: map[string][]subscription.Subscription{}, openIn: f.OpenIn}
	h.sorted = append(h.sorted, f.Subscriptions...)
	sort.Slice(h.sorted, func(i, j int) bool { return h.sorted[i].ID < h.sorted[j].ID })
	for _, s := range h.sorted {
		h.byID[s.ID] = s
		if s.Addon() {
			h.addons[s.ParentID] = append(h.addons[s.ParentID], s)
		}
	}
	return h
}

// travellers are the add-ons that move with the base, in id order. Those that ended already stay behind.
func (h holdings) travellers(base subscription.Subscription) []subscription.Subscription {
	var moving []subscription.Subscription
	for _, addon := range h.addons[base.ID] {
		if !subscription.Gone(addon) {
			moving = append(moving, addon)
		}
	}
	return moving
}

// obstacles are all reasons why a base cannot move: its own, then those of the add-ons that would move with it.
func (h holdings) obstacles(base subscription.Subscription) []*kernel.Refusal {
	reasons := h.own(base)
	for _, addon := range h.travellers(base) {
		reasons = append(reasons, h.own(addon)...)
	}
	return reasons
}

func (h holdings) own(s subscription.Subscription) []*kernel.Refusal {
	return h.policy.ineligibilities(h.transfer, s, h.openIn)
}

// Ineligible is the first reason why a subscription cannot move by this transfer, or nil. openIn maps subscription ids to
// the transfer that is moving them.
//
// Reasons: NotOwnedBySource, ThirdPartyProduct, ProductNotMovable, OutsideTargetTypes,
// NotActive, InOtherTransfer.
func (p Policy) Ineligible(t Transfer, s subscription.Subscription, openIn map[string]string) *kernel.Refusal {
	if reasons := p.ineligibilities(t, s, openIn); len(reasons) > 0 {
		return reasons[0]
	}
	return nil
}

// ineligibilities are all reasons that lie in the subscription itself: whose it is, what it is, how it stands. Of one that
// is somebody else's nothing more is told, and of one that never moves not that the target did not ask for it.
func (p Policy) ineligibilities(t Transfer, s subscription.Subscription, openIn map[string]string) []*kernel.Refusal {
	if !t.bills(s) {
		return []*kernel.Refusal{kernel.Refuse(NotOwnedBySource, "Subscription %s is not one that the source bills this customer for.", s.ID).About(s.ID)}
	}
	var reasons []*kernel.Refusal
	switch {
	case s.ProductType == subscription.SaaS && !p.moves(subscription.SaaS):
		reasons = append(reasons, kernel.Refuse(ThirdPartyProduct, "Subscription %s is a third-party product; those do not move by transfer.", s.ID).About(s.ID))
	case !p.moves(s.ProductType):
		reasons = append(reasons, kernel.Refuse(ProductNotMovable, "Subscription %s is of type %s, which does not move by transfer.", s.ID, s.ProductType).About(s.ID))
	case len(t.TargetProductTypes) > 0 && !slices.Contains(t.TargetProductTypes, s.ProductType):
		reasons = append(reasons, kernel.Refuse(OutsideTargetTypes, "Subscription %s is of type %s; the target asked for %s only.",
			s.ID, s.ProductType, join(t.TargetProductTypes)).About(s.ID))
	}
	if s.Status != subscription.Active {
		reasons = append(reasons, kernel.Refuse(NotActive, "Subscription: %s is in state: %s", s.ID, subscription.Titled(s.Status)).About(s.ID))
	}
	if other := openIn[s.ID]; other != "" {
		reasons = append(reasons, kernel.Refuse(subscription.InOtherTransfer, "subscription is already part of another transfer request id : %s", other).About(s.ID))
	}
	return reasons
}

func addonWithoutBase(addon subscription.Subscription) *kernel.Refusal {
	return kernel.Refuse(AddonWithoutBase, "Subscription %s is an add-on of %s and moves only with it. Select the base.", addon.ID, addon.ParentID).About(addon.ID)
}
