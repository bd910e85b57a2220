package administration

import (
	"fmt"
	"slices"

	"handover/internal/programme"
	"handover/internal/subscription"
)

// Kind is one of the lists that a world has, by its name in world files.
type Kind string

// The kinds of record.
const (
	Partners      Kind = "partners"
	Customers     Kind = "customers"
	Relationships Kind = "relationships"
	Agreements    Kind = "agreements"
	Partnerships  Kind = "partnerships"
	Subscriptions Kind = "subscriptions"
)

// Kinds lists them in the order of a world file.
func Kinds() []Kind {
	return []Kind{Partners, Customers, Relationships, Agreements, Partnerships, Subscriptions}
}

// Problem is what is wrong with a field of one record of a world.
type Problem struct {
	Kind  Kind
	Index int // in its list
	Field string
	Says  string
}

// Place is where a reference may lead to, for sentences.
type Place struct {
	is  string
	add string // what to do about a reference that leads nowhere
}

// The places.
var (
	InFile         = Place{is: "this file", add: "Add it under %ss"}
	InFileOrLedger = Place{is: "this file or the ledger", add: "Add it under %ss"}
	InLedger       = Place{is: "the ledger", add: "Add the %s first"}
)

// Contradictions are the references of the world that lead to nothing that there is or that it brings, and those to what may not be
// referred to so. An empty reference is passed over: it could not be read and was told already.
func Contradictions(w World, there Facts, in Place) []Problem {
	r := references{World: w, all: there.with(w), in: in}
	for i, one := range w.Relationships {
		r.partner(Relationships, i, one.PartnerTenantID)
		r.customer(Relationships, i, one.CustomerTenantID)
	}
	for i, one := range w.Agreements {
		r.partner(Agreements, i, one.PartnerTenantID)
		r.customer(Agreements, i, one.CustomerTenantID)
	}
	for i, one := range w.Subscriptions {
		r.partner(Subscriptions, i, one.PartnerTenantID)
		r.customer(Subscriptions, i, one.CustomerTenantID)
	}
	r.relationships()
	r.partnerships()
	r.subscriptions()
	r.sandboxes()
	r.environments()
	return r.found
}

// references collects what is wrong with those of a world.
type references struct {
	World
	all   Facts // what is there and what the world brings
	in    Place
	found []Problem
}

func (r *references) at(kind Kind, index int, field, format string, args ...any) {
	r.found = append(r.found, Problem{Kind: kind, Index: index, Field: field, Says: fmt.Sprintf(format, args...)})
}

func (r *references) partner(kind Kind, index int, id string) {
	_, known := r.all.Partners[id]
	r.must(known, kind, index, "partner", id)
}

func (r *references) customer(kind Kind, index int, id string) {
	_, known := r.all.Customers[id]
	r.must(known, kind, index, "customer", id)
}

func (r *references) must(known bool, kind Kind, index int, field, id string) {
	if id != "" && !known {
		r.at(kind, index, field, "There is no %s %s in %s. "+r.in.add+" or correct the id.", field, id, r.in.is, field)
	}
}

// counterparts are the programmes of whom a relationship may have on its other side.
var counterparts = map[programme.RelationshipKind]programme.Program{
	programme.ProviderCustomer: programme.IndirectReseller, programme.ResellerCustomer: programme.IndirectProvider,
}

// relationships are of a kind that is a programme of the partner; a counterpart can be one, and a local reseller of record is a reseller
//
func (r *references) relationships() {
	for i, one := range r.Relationships {
		p, known := r.all.Partners[one.PartnerTenantID]
		one = one.Whole(p)
		if known && !p.May(one.Kind) && toldWell(p) {
			r.at(Relationships, i, "kind", "%s cannot have a customer of kind %s; it is in %s.", p.Name, one.Kind, p.Standings())
		}
		r.counterpart(i, one)
		if one.LocalReseller && one.Kind != programme.ResellerCustomer && one.Kind != "" {
			r.at(Relationships, i, "localResellerOfRecord", "Only a relationship of kind reseller has a local reseller of record. Leave it out, or correct kind.")
		}
	}
}

func (r *references) counterpart(i int, one programme.Relationship) {
	other, known := r.all.Partners[one.Counterpart]
	in, has := counterparts[one.Kind]
	switch {
	case one.Counterpart == "":
	case !known:
		r.at(Relationships, i, "counterpart", "There is no partner %s in %s. "+r.in.add+" or correct the id.", one.Counterpart, r.in.is, "partner")
	case !has && one.Kind != "":
		r.at(Relationships, i, "counterpart", "A direct relationship has no counterpart. Leave it out, or correct kind.")
	case has && !other.In(in) && toldWell(other):
		r.at(Relationships, i, "counterpart", "counterpart must name a partner in the programme %s; %s is in %s.", in, other.Name, other.Standings())
	}
}

// partnerships must be between an indirect provider and an indirect reseller.
func (r *references) partnerships() {
	for i, one := range r.Partnerships {
		for _, side := range []struct {
			field, id string
			program   programme.Program
		}{
			{"provider", one.ProviderTenantID, programme.IndirectProvider},
			{"reseller", one.ResellerTenantID, programme.IndirectReseller},
		} {
			switch p, known := r.all.Partners[side.id]; {
			case side.id == "":
			case !known:
				r.at(Partnerships, i, side.field, "There is no partner %s in %s. "+r.in.add+" or correct the id.", side.id, r.in.is, "partner")
			case !p.In(side.program) && toldWell(p):
				r.at(Partnerships, i, side.field, "%s must name a partner in the programme %s; %s is in %s.", side.field, side.program, p.Name, p.Standings())
			}
		}
	}
}

// toldWell tells whether the programmes of the partner could be read; whatever is wrong with them is noted already.
func toldWell(p programme.Partner) bool {
	unread := func(e programme.Enrolment) bool { return e.Program == "" || e.Status == "" }
	return len(p.Programs) > 0 && !slices.ContainsFunc(p.Programs, unread)
}

// subscriptions are not billed by a partner that bills nothing itself, as indirect resellers. An add-on or scoped reservation
// has its parent at the same customer and partner, and that has none itself. A partnerOnRecord is the MPN id of an
// indirect reseller in the environment of who bills.
func (r *references) subscriptions() {
	type place struct {
		mpnID string
		in    programme.Environment
	}
	credited := map[place]bool{}
	for _, p := range r.all.Partners {
		if p.In(programme.IndirectReseller) || !toldWell(p) {
			credited[place{p.MPNID, p.Environment}] = true
		}
	}
	for i, one := range r.Subscriptions {
		if p, known := r.all.Partners[one.PartnerTenantID]; known && !p.Bills() && toldWell(p) {
			r.at(Subscriptions, i, "partner", "An indirect reseller bills nothing itself, nor does who left direct-bill. Name its provider here and the reseller as partnerOnRecord.")
		}
		r.parent(i, one)
		if one.PartnerOnRecord != "" && !credited[place{one.PartnerOnRecord, r.all.Partners[one.PartnerTenantID].Environment}] {
			r.at(Subscriptions, i, "partnerOnRecord", "No indirect reseller in %s has the mpnId %s. Correct partnerOnRecord or add the reseller.", r.in.is, one.PartnerOnRecord)
		}
	}
}

func (r *references) parent(i int, one subscription.Subscription) {
	if one.ParentID == "" {
		return
	}
	switch parent, ok := r.all.Subscriptions[one.ParentID]; {
	case !ok:
		r.at(Subscriptions, i, "parentId", "There is no subscription %s in %s. Add it or correct parentId.", one.ParentID, r.in.is)
	case parent.CustomerTenantID != one.CustomerTenantID || parent.PartnerTenantID != one.PartnerTenantID:
		r.at(Subscriptions, i, "parentId", "parentId must name a subscription of the same customer at the same partner.")
	case parent.ParentID != "":
		r.at(Subscriptions, i, "parentId", "parentId must name a subscription that has no parentId itself.")
	}
}
