package administration

import (
	"errors"

	"handover/internal/kernel"
	"handover/internal/programme"
)

// sandboxes belong to a direct-bill partner in production. It may be restricted: it had its sandbox before.
func (r *references) sandboxes() {
	for i, one := range r.Partners {
		if one.SandboxOf == "" {
			continue
		}
		owner, known := r.all.Partners[one.SandboxOf]
		if !known {
			r.at(Partners, i, "sandboxOf", "There is no partner %s in %s. "+r.in.add+" or correct the id.", one.SandboxOf, r.in.is, "partner")
			continue
		}
		var no *kernel.Refusal
		if errors.As(programme.CheckSandboxOwner(owner), &no) && (no.Cause == programme.WrongEnvironment || toldWell(owner)) {
			r.at(Partners, i, "sandboxOf", "%s", no.Message)
		}
	}
}

// environments never mix: nothing ties a tenant in production to one in a sandbox.
func (r *references) environments() {
	for i, one := range r.Relationships {
		r.apart(Relationships, i, one.PartnerTenantID, "customer", r.customerIn(one.CustomerTenantID))
	}
	for i, one := range r.Agreements {
		r.apart(Agreements, i, one.PartnerTenantID, "customer", r.customerIn(one.CustomerTenantID))
	}
	for i, one := range r.Subscriptions {
		r.apart(Subscriptions, i, one.PartnerTenantID, "customer", r.customerIn(one.CustomerTenantID))
	}
	for i, one := range r.Partnerships {
		r.apart(Partnerships, i, one.ProviderTenantID, "reseller", r.partnerIn(one.ResellerTenantID))
	}
}

// whereabouts are the environment of a tenant, nil when it is not known.
type whereabouts *programme.Environment

func (r *references) customerIn(id string) whereabouts {
	if c, known := r.all.Customers[id]; known {
		return &c.Environment
	}
	return nil
}

func (r *references) partnerIn(id string) whereabouts {
	if p, known := r.all.Partners[id]; known {
		return &p.Environment
	}
	return nil
}

// apart notes a tie whose other side is in another environment than the partner. Who is not known is noted already.
func (r *references) apart(kind Kind, index int, partnerID, other string, where whereabouts) {
	partner, known := r.all.Partners[partnerID]
	if known && where != nil && partner.Environment != *where {
		r.at(kind, index, other, "The %s is in %s and partner %s is in %s, and these never mix. Correct one of them.", other, *where, partner.Name, partner.Environment)
	}
}
