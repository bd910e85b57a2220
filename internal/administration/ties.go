package administration

import (
	"maps"

	"handover/internal/kernel"
	"handover/internal/programme"
)

func (d *decision) relationships() {
	all := d.there.with(d.World)
	said := map[programme.RelationshipKey]bool{}
	for i, r := range d.Relationships {
		next := r.Whole(all.Partners[r.PartnerTenantID])
		if said[next.Key()] {
			d.inTheWay(Relationships, i, kernel.Refuse(kernel.InvalidInput, "The relationship of customer %s and partner %s (%s) is given twice. Leave one out.",
				r.CustomerTenantID, r.PartnerTenantID, next.Kind))
			continue
		}
		said[next.Key()] = true
		was, known := d.there.Relationships[next.Key()]
		if known {
			next = next.Over(was)
		}
		written(d, &d.plan.Relationships, Relationships, was, known, next, was == next)
	}
	ended := map[programme.RelationshipKey]bool{}
	for i, r := range d.EndedRelationships {
		d.endOf(i, r, ended)
	}
}

// endOf ends what lasts between the two: all of it, or what is of the kind that is named.
func (d *decision) endOf(index int, r programme.Relationship, ended map[programme.RelationshipKey]bool) {
	lasts := false
	for _, kind := range programme.RelationshipKinds() {
		was, known := d.there.Relationships[programme.RelationshipKey{Pair: r.Pair(), Kind: kind}]
		if !known || ended[was.Key()] || r.Kind != "" && r.Kind != kind {
			continue
		}
		lasts, ended[was.Key()] = true, true
		var err error
		if kind.Bills() {
			err = programme.CheckEndOfRelationship(r, d.there.Use.BillingPair[r.Pair()], d.there.Use.OpenPair[r.Pair()])
		}
		if !d.inTheWay(Relationships, index, err) {
			d.plan.Relationships = append(d.plan.Relationships, Step[programme.Relationship]{Ended, was, was})
			d.plan.Applied.note(Relationships, Ended)
		}
	}
	if !lasts {
		d.plan.Applied.note(Relationships, Same)
	}
}

// agreements keep what was told of them: who accepted, and when, unless another day is told.
func (d *decision) agreements() {
	for i, next := range d.Agreements {
		was, known := d.there.Agreements[KeyOf(next)]
		if err := next.Check(d.there.Now); d.inTheWay(Agreements, i, err) {
			continue
		}
		is := next
		if known {
			is = was
			if !next.DateAgreed.IsZero() {
				is.DateAgreed = next.DateAgreed
			}
		}
		written(d, &d.plan.Agreements, Agreements, was, known, is, is == was)
	}
}

func (d *decision) partnerships() {
	for _, p := range d.Partnerships {
		written(d, &d.plan.Partnerships, Partnerships, p, d.there.Partnerships[p.Pair()], p, true)
	}
	ended := map[programme.Pair]bool{}
	for i, p := range d.EndedPartnerships {
		switch err := programme.CheckEndOfPartnership(p, d.there.Use.CreditedBy[p.Pair()]); {
		case !d.there.Partnerships[p.Pair()] || ended[p.Pair()]:
			d.plan.Applied.note(Partnerships, Same)
		case !d.inTheWay(Partnerships, i, err):
			ended[p.Pair()] = true
			d.plan.Partnerships = append(d.plan.Partnerships, Step[programme.Partnership]{Ended, p, p})
			d.plan.Applied.note(Partnerships, Ended)
		}
	}
}

// together are the partnerships that there are once the changes are made.
func (d *decision) together() map[programme.Pair]bool {
	all := maps.Clone(d.there.Partnerships)
	if all == nil {
		all = map[programme.Pair]bool{}
	}
	for _, p := range d.Partnerships {
		all[p.Pair()] = true
	}
	for _, p := range d.EndedPartnerships {
		delete(all, p.Pair())
	}
	return all
}
