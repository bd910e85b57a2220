package administrationstore

import (
	"handover/internal/administration"
	"handover/internal/programme"
)

// set collects what has to be asked for, each once and nothing that is empty.
type set[T comparable] struct {
	list []T
	seen map[T]bool
}

func (s *set[T]) add(all ...T) {
	var nothing T
	for _, one := range all {
		if one == nothing || s.seen[one] {
			continue
		}
		if s.seen == nil {
			s.seen = map[T]bool{}
		}
		s.seen[one] = true
		s.list = append(s.list, one)
	}
}

// named is everything that changes name.
type named struct {
	partners, customers, subscriptions set[string]         // partners by tenant id or MPN id
	ties, partnerships                 set[programme.Pair] // of partner and customer; of provider and reseller
	crediting                          map[string][]string // by MPN id, the partners whose subscriptions credit it
}

func namesIn(c administration.Changes) named {
	n := named{crediting: map[string][]string{}}
	for _, p := range c.Partners {
		n.partners.add(p.TenantID, p.MPNID, p.SandboxOf)
	}
	for _, one := range c.Customers {
		n.customers.add(one.TenantID)
	}
	for _, r := range c.Relationships {
		n.partners.add(r.Counterpart)
		n.tie(r.Pair())
	}
	for _, r := range c.EndedRelationships {
		n.tie(r.Pair())
	}
	for _, a := range c.Agreements {
		n.tie(a.Pair())
	}
	for _, p := range c.Partnerships {
		n.together(p.Pair())
	}
	for _, p := range c.EndedPartnerships {
		n.together(p.Pair())
	}
	n.holdings(c)
	return n
}

func (n *named) tie(p programme.Pair) {
	n.partners.add(p.PartnerTenantID)
	n.customers.add(p.OtherID)
	n.ties.add(p)
}

func (n *named) together(p programme.Pair) {
	n.partners.add(p.PartnerTenantID, p.OtherID)
	n.partnerships.add(p)
}

func (n *named) holdings(c administration.Changes) {
	var crediting set[programme.Pair]
	for _, s := range c.Subscriptions {
		n.partners.add(s.PartnerTenantID, s.PartnerOnRecord)
		n.customers.add(s.CustomerTenantID)
		n.subscriptions.add(s.ID, s.ParentID)
		if s.PartnerOnRecord != "" {
			crediting.add(programme.Pair{PartnerTenantID: s.PartnerTenantID, OtherID: s.PartnerOnRecord})
		}
	}
	for _, p := range crediting.list {
		n.crediting[p.OtherID] = append(n.crediting[p.OtherID], p.PartnerTenantID)
	}
}

// pairsOf are the partnerships that are named, and those by which a subscription may credit whom it names.
func (n *named) pairsOf(partners []programme.Partner) []programme.Pair {
	var pairs set[programme.Pair]
	pairs.add(n.partnerships.list...)
	for _, reseller := range partners {
		for _, owner := range n.crediting[reseller.MPNID] {
			pairs.add(programme.Pair{PartnerTenantID: owner, OtherID: reseller.TenantID})
		}
	}
	return pairs.list
}
