package world

import (
	"handover/internal/administration"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// checkDoubles notes things given twice. A field that could not be read is empty and was noted already, so it is passed over here.
func (f *file) checkDoubles(found *problems) {
	partnerID := func(p programme.Partner) string { return p.TenantID }
	customerID := func(c programme.Customer) string { return c.TenantID }

	doubles(found, f.partners, "tenantId", partnerID)
	doubles(found, f.partners, "mpnId", func(p programme.Partner) string { return p.MPNID })
	doubles(found, f.partners, "sandboxOf", func(p programme.Partner) string { return p.SandboxOf })
	doubles(found, f.customers, "tenantId", customerID)
	doubles(found, f.subscriptions, "id", func(s subscription.Subscription) string { return s.ID })
	f.fillKinds()
	doubles(found, f.relationships, "customer", related)
	doubles(found, f.agreements, "customer", func(a programme.Agreement) string { return pair(a.PartnerTenantID, a.CustomerTenantID) })
	doubles(found, f.partnerships, "reseller", func(p programme.Partnership) string { return pair(p.ProviderTenantID, p.ResellerTenantID) })
}

// checkReferences notes references to what is not in the file, and to what may not be referred to so.
func (f *file) checkReferences(found *problems) {
	for _, problem := range administration.Contradictions(f.world(), administration.Facts{}, administration.InFile) {
		found.at(f.record(problem).at(problem.Field), "%s", problem.Says)
	}
}

// record is the one that the problem is about.
func (f *file) record(p administration.Problem) *record {
	switch p.Kind {
	case administration.Relationships:
		return f.relationships[p.Index].from
	case administration.Agreements:
		return f.agreements[p.Index].from
	case administration.Partnerships:
		return f.partnerships[p.Index].from
	case administration.Subscriptions:
		return f.subscriptions[p.Index].from
	case administration.Customers:
		return f.customers[p.Index].from
	default:
		return f.partners[p.Index].from
	}
}

// pair is the key of what exists once for each partner and the other one; empty when one of them could not be read.
func pair(partner, other string) string {
	if partner == "" || other == "" {
		return ""
	}
	return other + " of partner " + partner
}

// related is the key of a relationship, which exists once for each kind.
func related(r programme.Relationship) string {
	key := pair(r.PartnerTenantID, r.CustomerTenantID)
	if key != "" && r.Kind != "" {
		key += " (" + string(r.Kind) + ")"
	}
	return key
}

// fillKinds gives the relationships that are of no kind yet the one that follows from the programmes of a partner in the file.
func (f *file) fillKinds() {
	partners := map[string]programme.Partner{}
	for _, e := range f.partners {
		partners[e.value.TenantID] = e.value
	}
	for i := range f.relationships {
		if r := &f.relationships[i].value; r.Kind == "" {
			r.Kind = partners[r.PartnerTenantID].Kind()
		}
	}
}

// doubles notes every entry that has the key of an earlier one.
func doubles[T any](found *problems, entries []entry[T], field string, key func(T) string) {
	lines := make(map[string]int, len(entries))
	for _, e := range entries {
		k, at := key(e.value), e.from.at(field)
		switch line, seen := lines[k]; {
		case k == "":
		case seen:
			found.at(at, "The %s %s of this %s is given already in line %d. Remove or change one of the two.", field, k, e.from.kind, line)
		default:
			lines[k] = at.Line
		}
	}
}
