package ledger

import (
	"context"
	"errors"
	"slices"

	"handover/internal/store"
)

var (
	// lockSeeding makes two programs that seed one PostgreSQL take turns; SQLite has one writer anyway.
	lockSeeding = store.Both(`LOCK TABLE partners IN SHARE ROW EXCLUSIVE MODE`)
	// selectAnyPartner finds whether the ledger is in use.
	selectAnyPartner = store.Both(`SELECT tenant_id FROM partners LIMIT 1`)

	insertPartners      = partners.Insert("")
	insertAgents        = adminAgents.Insert("")
	insertCustomers     = newCustomers.Insert("")
	insertRelationships = relationships.Insert("")
	insertAgreements    = agreements.Insert("")
	insertPartnerships  = partnerships.Insert("")
)

// ErrNotEmpty is the answer to seeding a ledger that is in use.
var ErrNotEmpty = errors.New("the ledger holds partners already; only an empty ledger can be seeded")

// Empty tells whether the ledger holds no partners yet.
func (l *Ledger) Empty(ctx context.Context) (bool, error) {
	return read(ctx, l, "look for partners", func(s session) (bool, error) { return s.empty(ctx) })
}

func (s session) empty(ctx context.Context) (bool, error) {
	_, used, err := store.One(ctx, s, selectAnyPartner, store.Value[string])
	return !used, err
}

// Seed fills an empty ledger, all or nothing. Ids are stored in lower case; a subscription without a lineage starts its
// own. Errors: ErrNotEmpty; a world that contradicts itself, such as a subscription of an unknown customer.
func (l *Ledger) Seed(ctx context.Context, w World) error {
	w = w.normal()
	_, err := write(ctx, l, "seed the ledger", func(s session) (bool, error) {
		if s.Dialect() == store.Postgres {
			if _, err := s.Exec(ctx, lockSeeding); err != nil {
				return false, err
			}
		}
		empty, err := s.empty(ctx)
		if err != nil {
			return false, err
		}
		if !empty {
			return false, ErrNotEmpty
		}
		return true, s.plant(ctx, w)
	})
	return err
}

func (s session) plant(ctx context.Context, w World) error {
	var agents []agentOf
	for _, p := range w.Partners {
		for i, a := range p.AdminAgents {
			agents = append(agents, agentOf{partner: p.TenantID, position: i, AdminAgent: a})
		}
	}
	known := make([]newCustomer, len(w.Customers))
	for i, c := range w.Customers {
		known[i] = newCustomer{Customer: c, key: nameKey(c.Name)}
	}
	for _, planted := range []func() error{
		func() error { return store.Insert(ctx, s, partners, insertPartners, w.Partners) },
		func() error { return store.Insert(ctx, s, adminAgents, insertAgents, agents) },
		func() error { return store.Insert(ctx, s, newCustomers, insertCustomers, known) },
		func() error { return store.Insert(ctx, s, relationships, insertRelationships, w.Relationships) },
		func() error { return store.Insert(ctx, s, agreements, insertAgreements, w.Agreements) },
		func() error { return store.Insert(ctx, s, partnerships, insertPartnerships, w.Partnerships) },
		func() error { return store.Insert(ctx, s, subscriptions, insertSubscriptions, w.Subscriptions) },
	} {
		if err := planted(); err != nil {
			return err
		}
	}
	return nil
}

// normal is the world as it is stored; the caller's stays as it is.
func (w World) normal() World {
	w.Partners = slices.Clone(w.Partners)
	for i := range w.Partners {
		lower(&w.Partners[i].TenantID)
	}
	w.Customers = slices.Clone(w.Customers)
	for i := range w.Customers {
		lower(&w.Customers[i].TenantID)
	}
	w.Relationships = slices.Clone(w.Relationships)
	for i := range w.Relationships {
		lower(&w.Relationships[i].PartnerTenantID, &w.Relationships[i].CustomerTenantID)
	}
	w.Agreements = slices.Clone(w.Agreements)
	for i := range w.Agreements {
		lower(&w.Agreements[i].PartnerTenantID, &w.Agreements[i].CustomerTenantID)
	}
	w.Partnerships = slices.Clone(w.Partnerships)
	for i := range w.Partnerships {
		lower(&w.Partnerships[i].ProviderTenantID, &w.Partnerships[i].ResellerTenantID)
	}
	w.Subscriptions = slices.Clone(w.Subscriptions)
	for i := range w.Subscriptions {
		sub := &w.Subscriptions[i]
		lower(&sub.ID, &sub.LineageID, &sub.CustomerTenantID, &sub.PartnerTenantID, &sub.ParentID)
		if sub.LineageID == "" {
			sub.LineageID = sub.ID
		}
	}
	return w
}
