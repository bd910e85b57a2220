package administrationstore

import (
	"context"

	"handover/internal/administration"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
)

// facts loads what decides the changes, in as many statements whatever their number. The subscriptions are locked before it is asked
// who is moving them, so no transfer can take one meanwhile.
func (s *Store) facts(ctx context.Context, tx store.Tx, c administration.Changes) (administration.Facts, error) {
	n := namesIn(c)
	var f administration.Facts
	for _, load := range []func() error{
		func() (err error) { f.Now, err = tx.Now(ctx); return err },
		func() error { return loadParties(ctx, tx, n, &f) },
		func() error { return loadTies(ctx, tx, n, &f) },
		func() error { return loadSubscriptions(ctx, tx, n, &f) },
		func() error { return s.loadUse(ctx, tx, c, &f) },
		func() error { return s.loadEndings(ctx, tx, c, &f) },
	} {
		if err := load(); err != nil {
			return f, err
		}
	}
	return f, nil
}

func loadParties(ctx context.Context, tx store.Tx, n named, f *administration.Facts) error {
	partners, err := programmestore.Named(ctx, tx, n.partners.list...)
	if err != nil {
		return err
	}
	customers, err := programmestore.CustomersOf(ctx, tx, n.customers.list...)
	if err != nil {
		return err
	}
	f.Partners = keyed(partners, func(p programme.Partner) string { return p.TenantID })
	f.Customers = keyed(customers, func(c programme.Customer) string { return c.TenantID })
	f.Partnerships, err = programmestore.Together(ctx, tx, n.pairsOf(partners)...)
	return err
}

func loadTies(ctx context.Context, tx store.Tx, n named, f *administration.Facts) (err error) {
	if len(n.ties.list) == 0 {
		return nil
	}
	related, err := programmestore.Lasting(ctx, tx, n.ties.list...)
	if err != nil {
		return err
	}
	f.Relationships = keyed(related, programme.Relationship.Key)
	agreed, err := programmestore.Agreed(ctx, tx, n.ties.list...)
	f.Agreements = keyed(agreed, administration.KeyOf)
	return err
}

func loadSubscriptions(ctx context.Context, tx store.Tx, n named, f *administration.Facts) error {
	if len(n.subscriptions.list) == 0 {
		return nil
	}
	found, err := subscriptionstore.LockedHoldings(ctx, tx, "", "", n.subscriptions.list)
	f.Subscriptions = keyed(found, func(s subscription.Subscription) string { return s.ID })
	return err
}

func keyed[K comparable, T any](all []T, key func(T) K) map[K]T {
	by := make(map[K]T, len(all))
	for _, one := range all {
		by[key(one)] = one
	}
	return by
}

// loadUse asks what hangs on what would change, and about nothing else: most of a world that is applied again says what it said.
func (s *Store) loadUse(ctx context.Context, tx store.Tx, c administration.Changes, f *administration.Facts) error {
	var tenants, partners, credited, moving set[string]
	for _, p := range c.Partners {
		if was, known := f.Partners[p.TenantID]; known && !programme.SamePartner(was, p.Over(was)) {
			tenants.add(p.TenantID)
			partners.add(p.TenantID)
			credited.add(was.MPNID)
		}
	}
	for _, one := range c.Customers {
		if was, known := f.Customers[one.TenantID]; known && was != one {
			tenants.add(one.TenantID)
		}
	}
	for _, sub := range c.Subscriptions {
		for _, id := range []string{sub.ID, sub.ParentID} {
			if _, known := f.Subscriptions[id]; known {
				moving.add(id)
			}
		}
	}
	for _, ask := range []func() error{
		func() (err error) {
			f.Use.Billing, err = subscriptionstore.Billing(ctx, tx, tenants.list...)
			return err
		},
		func() (err error) { f.Use.Open, err = s.transfers.Open(ctx, tx, tenants.list...); return err },
		func() (err error) {
			f.Use.Credited, err = subscriptionstore.Credited(ctx, tx, credited.list...)
			return err
		},
		func() (err error) {
			f.Use.Provides, f.Use.Resells, err = programmestore.Working(ctx, tx, partners.list...)
			return err
		},
		func() (err error) { f.Use.Moving, err = s.transfers.Moving(ctx, tx, moving.list...); return err },
	} {
		if err := ask(); err != nil {
			return err
		}
	}
	return nil
}

// loadEndings asks what keeps those from parting who would.
func (s *Store) loadEndings(ctx context.Context, tx store.Tx, c administration.Changes, f *administration.Facts) (err error) {
	var parting, leaving set[programme.Pair]
	for _, r := range c.EndedRelationships {
		parting.add(r.Pair())
	}
	for _, p := range c.EndedPartnerships {
		leaving.add(p.Pair())
	}
	if f.Use.BillingPair, err = subscriptionstore.BillingPairs(ctx, tx, parting.list...); err != nil {
		return err
	}
	if f.Use.OpenPair, err = s.transfers.Between(ctx, tx, parting.list...); err != nil {
		return err
	}
	f.Use.CreditedBy, err = subscriptionstore.Crediting(ctx, tx, leaving.list...)
	return err
}
