package world

import (
	"slices"
	"strings"

	"handover/internal/programme"
	"handover/internal/subscription"
)

// checkReferences notes what only the whole file tells: things given twice, and references to what is not in the file.
// A field that could not be read is empty and was noted already, so it is passed over here.
func (f *file) checkReferences(found *problems) {
	partnerID := func(p programme.Partner) string { return p.TenantID }
	customerID := func(c programme.Customer) string { return c.TenantID }

	doubles(found, f.partners, "tenantId", partnerID)
	doubles(found, f.partners, "mpnId", func(p programme.Partner) string { return p.MPNID })
	doubles(found, f.customers, "tenantId", customerID)
	doubles(found, f.subscriptions, "id", func(s subscription.Subscription) string { return s.ID })
	doubles(found, f.agreements, "customer", func(a programme.Agreement) string { return pair(a.PartnerTenantID, a.CustomerTenantID) })
	doubles(found, f.partnerships, "reseller", func(p programme.Partnership) string { return pair(p.ProviderTenantID, p.ResellerTenantID) })

	partners, customers := index(f.partners, partnerID), index(f.customers, customerID)
	f.fillKinds(partners)
	doubles(found, f.relationships, "customer", related)
	dangling(found, f.relationships, "partner", partners, func(r programme.Relationship) string { return r.PartnerTenantID })
	dangling(found, f.relationships, "customer", customers, func(r programme.Relationship) string { return r.CustomerTenantID })
	dangling(found, f.agreements, "partner", partners, func(a programme.Agreement) string { return a.PartnerTenantID })
	dangling(found, f.agreements, "customer", customers, func(a programme.Agreement) string { return a.CustomerTenantID })
	dangling(found, f.subscriptions, "partner", partners, func(s subscription.Subscription) string { return s.PartnerTenantID })
	dangling(found, f.subscriptions, "customer", customers, func(s subscription.Subscription) string { return s.CustomerTenantID })

	f.checkRelationships(found, partners)
	f.checkPartnerships(found, partners)
	f.checkOwners(found, partners)
	f.checkParents(found)
	f.checkCredited(found, partners)
	f.checkSandboxes(found, partners)
	f.checkEnvironments(found, partners, customers)
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

// fillKinds gives the relationships that are of no kind yet the one that follows from the partner's programmes.
func (f *file) fillKinds(partners map[string]programme.Partner) {
	for i := range f.relationships {
		if r := &f.relationships[i].value; r.Kind == "" {
			r.Kind = partners[r.PartnerTenantID].Kind()
		}
	}
}

// checkRelationships notes a kind that is no programme of the partner, a counterpart that cannot be one, and a local reseller of
// record that is no reseller.
func (f *file) checkRelationships(found *problems, partners map[string]programme.Partner) {
	counterparts := map[programme.RelationshipKind]programme.Program{
		programme.ProviderCustomer: programme.IndirectReseller, programme.ResellerCustomer: programme.IndirectProvider,
	}
	for _, e := range f.relationships {
		r := e.value
		if p, known := partners[r.PartnerTenantID]; known && !p.May(r.Kind) && toldWell(p) {
			found.at(e.from.at("kind"), "%s cannot have a customer of kind %s; it is in %s.", p.Name, r.Kind, inWhich(p))
		}
		other, known := partners[r.Counterpart]
		in, has := counterparts[r.Kind]
		switch {
		case r.Counterpart == "":
		case !known:
			found.at(e.from.at("counterpart"), "There is no partner %s in this file. Add it under partners or correct the id.", r.Counterpart)
		case !has && r.Kind != "":
			found.at(e.from.at("counterpart"), "A direct relationship has no counterpart. Leave it out, or correct kind.")
		case has && !other.In(in) && toldWell(other):
			found.at(e.from.at("counterpart"), "counterpart must name a partner in the programme %s; %s is in %s.", in, other.Name, inWhich(other))
		}
		if r.LocalReseller && r.Kind != programme.ResellerCustomer {
			found.at(e.from.at("localResellerOfRecord"), "Only a relationship of kind reseller has a local reseller of record. Leave it out, or correct kind.")
		}
	}
}

// index finds the values by their key. Of doubles, which are noted elsewhere, the first one counts.
func index[T any](entries []entry[T], key func(T) string) map[string]T {
	byKey := make(map[string]T, len(entries))
	for _, e := range entries {
		if _, seen := byKey[key(e.value)]; !seen {
			byKey[key(e.value)] = e.value
		}
	}
	return byKey
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

// dangling notes every entry that refers to something the file does not have.
func dangling[T, U any](found *problems, entries []entry[T], field string, known map[string]U, ref func(T) string) {
	for _, e := range entries {
		id := ref(e.value)
		if _, ok := known[id]; id != "" && !ok {
			found.at(e.from.at(field), "There is no %s %s in this file. Add it under %ss or correct the id.", field, id, field)
		}
	}
}

// checkPartnerships notes partnerships that are not between an indirect provider and an indirect reseller.
func (f *file) checkPartnerships(found *problems, partners map[string]programme.Partner) {
	for _, e := range f.partnerships {
		for _, side := range []struct {
			field, id string
			in        programme.Program
		}{
			{"provider", e.value.ProviderTenantID, programme.IndirectProvider},
			{"reseller", e.value.ResellerTenantID, programme.IndirectReseller},
		} {
			switch p, known := partners[side.id]; {
			case side.id == "":
			case !known:
				found.at(e.from.at(side.field), "There is no partner %s in this file. Add it under partners or correct the id.", side.id)
			case !p.In(side.in) && toldWell(p):
				found.at(e.from.at(side.field), "%s must name a partner in the programme %s; %s is in %s.", side.field, side.in, p.Name, inWhich(p))
			}
		}
	}
}

// toldWell tells whether the programmes of the partner could be read; whatever is wrong with them is noted already.
func toldWell(p programme.Partner) bool {
	unread := func(e programme.Enrolment) bool { return e.Program == "" || e.Status == "" }
	return len(p.Programs) > 0 && !slices.ContainsFunc(p.Programs, unread)
}

// inWhich names the programmes of a partner, each with the partner's standing.
func inWhich(p programme.Partner) string {
	names := make([]string, len(p.Programs))
	for i, e := range p.Programs {
		names[i] = string(e.Program) + " (" + string(e.Status) + ")"
	}
	return strings.Join(names, " and ")
}

// checkOwners notes subscriptions of partners that bill nothing themselves, as indirect resellers.
func (f *file) checkOwners(found *problems, partners map[string]programme.Partner) {
	for _, e := range f.subscriptions {
		if p, known := partners[e.value.PartnerTenantID]; known && !p.Bills() && toldWell(p) {
			found.at(e.from.at("partner"), "An indirect reseller bills nothing itself, nor does who left direct-bill. Name its provider here and the reseller as partnerOnRecord.")
		}
	}
}

// checkParents notes add-ons and scoped reservations whose parent is not at the same customer and partner, or has a parent
// itself.
func (f *file) checkParents(found *problems) {
	byID := index(f.subscriptions, func(s subscription.Subscription) string { return s.ID })
	for _, e := range f.subscriptions {
		if e.value.ParentID == "" {
			continue
		}
		at := e.from.at("parentId")
		switch parent, ok := byID[e.value.ParentID]; {
		case !ok:
			found.at(at, "There is no subscription %s in this file. Add it or correct parentId.", e.value.ParentID)
		case parent.CustomerTenantID != e.value.CustomerTenantID || parent.PartnerTenantID != e.value.PartnerTenantID:
			found.at(at, "parentId must name a subscription of the same customer at the same partner.")
		case parent.ParentID != "":
			found.at(at, "parentId must name a subscription that has no parentId itself.")
		}
	}
}

// checkCredited notes a partnerOnRecord that is not the MPN id of an indirect reseller in the file, in the environment of who
// bills.
func (f *file) checkCredited(found *problems, partners map[string]programme.Partner) {
	everyone := values(f.partners)
	for _, e := range f.subscriptions {
		mpnID := e.value.PartnerOnRecord
		if mpnID == "" {
			continue
		}
		credited := programme.Credited(everyone, mpnID, partners[e.value.PartnerTenantID].Environment)
		if credited == nil || !credited.In(programme.IndirectReseller) && toldWell(*credited) {
			found.at(e.from.at("partnerOnRecord"), "No indirect reseller in this file has the mpnId %s. Correct partnerOnRecord or add the reseller.", mpnID)
		}
	}
}
