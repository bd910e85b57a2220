package administration

import (
	"slices"
	"strings"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// World is everything a ledger can be given.
type World struct {
	Partners      []programme.Partner
	Customers     []programme.Customer
	Relationships []programme.Relationship
	Agreements    []programme.Agreement
	Partnerships  []programme.Partnership
	Subscriptions []subscription.Subscription
}

// Changes are what an operator wants: that this is so, and that this is over. Nothing is deleted.
type Changes struct {
	World
	EndedRelationships []programme.Relationship
	EndedPartnerships  []programme.Partnership
}

// MostRecords is how much one command may change at once, so that it is short.
const MostRecords = 50_000

// CheckSize refuses more than MostRecords: TooMany.
func (c Changes) CheckSize() error {
	n := len(c.Partners) + len(c.Customers) + len(c.Relationships) + len(c.Agreements) + len(c.Partnerships) + len(c.Subscriptions) +
		len(c.EndedRelationships) + len(c.EndedPartnerships)
	if n > MostRecords {
		return kernel.Refuse(TooMany, "One command may change %d records; this one has %d. Split it.", MostRecords, n)
	}
	return nil
}

// Normal is the world as it is stored: ids in lower case, and a subscription without a lineage starts its own. The caller's stays as
// it is.
func (w World) Normal() World {
	return World{
		Partners: normal(w.Partners, func(p *programme.Partner) {
			p.Users = normal(p.Users, func(u *programme.User) { lower(&u.UserID) })
			lower(&p.TenantID, &p.SandboxOf)
		}),
		Customers:     normal(w.Customers, func(c *programme.Customer) { lower(&c.TenantID) }),
		Relationships: normal(w.Relationships, lowerRelationship),
		Agreements:    normal(w.Agreements, func(a *programme.Agreement) { lower(&a.PartnerTenantID, &a.CustomerTenantID) }),
		Partnerships:  normal(w.Partnerships, lowerPartnership),
		Subscriptions: normal(w.Subscriptions, func(s *subscription.Subscription) {
			lower(&s.ID, &s.LineageID, &s.CustomerTenantID, &s.PartnerTenantID, &s.ParentID)
			if s.LineageID == "" {
				s.LineageID = s.ID
			}
			s.Billed, s.Listed = !subscription.Gone(*s), true
		}),
	}
}

// Normal is the same of changes.
func (c Changes) Normal() Changes {
	return Changes{
		World:              c.World.Normal(),
		EndedRelationships: normal(c.EndedRelationships, lowerRelationship),
		EndedPartnerships:  normal(c.EndedPartnerships, lowerPartnership),
	}
}

func lowerRelationship(r *programme.Relationship) {
	lower(&r.PartnerTenantID, &r.CustomerTenantID, &r.Counterpart)
}

func lowerPartnership(p *programme.Partnership) { lower(&p.ProviderTenantID, &p.ResellerTenantID) }

func normal[T any](of []T, change func(*T)) []T {
	all := slices.Clone(of)
	for i := range all {
		change(&all[i])
	}
	return all
}

// lower gives ids the form they are stored in.
func lower(ids ...*string) {
	for _, id := range ids {
		*id = strings.ToLower(*id)
	}
}
