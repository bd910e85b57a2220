package world

import (
	"handover/internal/programme"
	"handover/internal/subscription"
)

// checkSandboxes notes sandboxes whose owner is none that can have one, or has two. An owner may be restricted: it had its sandbox
// before.
func (f *file) checkSandboxes(found *problems, partners map[string]programme.Partner) {
	doubles(found, f.partners, "sandboxOf", func(p programme.Partner) string { return p.SandboxOf })
	for _, e := range f.partners {
		if e.value.SandboxOf == "" {
			continue
		}
		at := e.from.at("sandboxOf")
		switch owner, known := partners[e.value.SandboxOf]; {
		case !known:
			found.at(at, "There is no partner %s in this file. Add it under partners or correct the id.", e.value.SandboxOf)
		case owner.Environment == programme.Sandbox:
			found.at(at, "sandboxOf must name a partner in production; %s is in a sandbox itself.", owner.Name)
		case !owner.In(programme.DirectBill) && toldWell(owner):
			found.at(at, "sandboxOf must name a partner in the programme direct-bill; %s is in %s.", owner.Name, inWhich(owner))
		}
	}
}

// checkEnvironments notes whatever ties a tenant in production to one in a sandbox.
func (f *file) checkEnvironments(found *problems, partners map[string]programme.Partner, customers map[string]programme.Customer) {
	mixed(found, f.relationships, "customer", partners, func(r programme.Relationship) string { return r.PartnerTenantID },
		customerIn(customers, func(r programme.Relationship) string { return r.CustomerTenantID }))
	mixed(found, f.agreements, "customer", partners, func(a programme.Agreement) string { return a.PartnerTenantID },
		customerIn(customers, func(a programme.Agreement) string { return a.CustomerTenantID }))
	mixed(found, f.subscriptions, "customer", partners, func(s subscription.Subscription) string { return s.PartnerTenantID },
		customerIn(customers, func(s subscription.Subscription) string { return s.CustomerTenantID }))
	mixed(found, f.partnerships, "reseller", partners, func(p programme.Partnership) string { return p.ProviderTenantID },
		func(p programme.Partnership) (programme.Environment, bool) {
			reseller, known := partners[p.ResellerTenantID]
			return reseller.Environment, known
		})
}

func customerIn[T any](customers map[string]programme.Customer, of func(T) string) func(T) (programme.Environment, bool) {
	return func(tie T) (programme.Environment, bool) {
		c, known := customers[of(tie)]
		return c.Environment, known
	}
}

// mixed notes ties whose other side is in another environment than the partner. Who is not in the file is noted already.
func mixed[T any](
	found *problems, ties []entry[T], other string, partners map[string]programme.Partner, of func(T) string, where func(T) (programme.Environment, bool),
) {
	for _, e := range ties {
		partner, known := partners[of(e.value)]
		in, otherKnown := where(e.value)
		if known && otherKnown && partner.Environment != in {
			found.at(e.from.at(other), "The %s is in %s and partner %s is in %s, and these never mix. Correct one of them.", other, in, partner.Name, partner.Environment)
		}
	}
}
