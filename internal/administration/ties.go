package administration

import (
	"maps"

	"handover/internal/programme"
)

func (d *decision) relationships() {
	for _, r := range d.Relationships {
		written(d, &d.plan.Relationships, Relationships, r, d.there.Relationships[r.Pair()], r, true)
	}
	for i, r := range d.EndedRelationships {
		switch err := programme.CheckEndOfRelationship(r, d.there.Use.BillingPair[r.Pair()], d.there.Use.OpenPair[r.Pair()]); {
		case !d.there.Relationships[r.Pair()]:
			d.plan.Applied.note(Relationships, Same)
		case !d.inTheWay(Relationships, i, err):
			d.plan.Relationships = append(d.plan.Relationships, Step[programme.Relationship]{Ended, r, r})
			d.plan.Applied.note(Relationships, Ended)
		}
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
	for i, p := range d.EndedPartnerships {
		switch err := programme.CheckEndOfPartnership(p, d.there.Use.CreditedBy[p.Pair()]); {
		case !d.there.Partnerships[p.Pair()]:
			d.plan.Applied.note(Partnerships, Same)
		case !d.inTheWay(Partnerships, i, err):
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
