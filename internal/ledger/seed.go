package ledger

// A ledger begins with a world and may be extended by more of it.

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
)

// ErrNotEmpty is the answer to seeding a ledger that is in use.
var ErrNotEmpty = errors.New("the ledger holds partners already; only an empty ledger can be seeded")

// Seed fills an empty ledger, all or nothing. Ids are stored in lower case; a subscription without a lineage starts its
// own. Errors: ErrNotEmpty; a world that contradicts itself, such as a subscription of an unknown customer.
func (l *Ledger) Seed(ctx context.Context, w World) error {
	w = w.normal()
	_, err := store.Write(ctx, l.DB, "seed the ledger", func(tx store.Tx) (bool, error) {
		empty, err := programmestore.LockEmpty(ctx, tx)
		if err != nil {
			return false, err
		}
		if !empty {
			return false, ErrNotEmpty
		}
		return true, w.plant(ctx, tx)
	})
	return err
}

// Extend adds to a ledger that is in use, all or nothing: customers and what they hold, partners too. Refusals: those of
// programme.CheckSandbox, for sandboxes. Errors: whatever contradicts what is there, such as an id that is taken.
func (l *Ledger) Extend(ctx context.Context, w World) error {
	w = w.normal()
	_, err := store.Write(ctx, l.DB, "extend the ledger", func(tx store.Tx) (bool, error) {
		if err := w.plant(ctx, tx); err != nil {
			return false, err
		}
		return true, programmestore.CheckNewSandboxes(ctx, tx, w.Partners)
	})
	return err
}

func (w World) plant(ctx context.Context, tx store.Tx) error {
	ties := programmestore.Planting{
		Partners: w.Partners, Customers: w.Customers, Relationships: w.Relationships, Agreements: w.Agreements, Partnerships: w.Partnerships,
	}
	if err := ties.Plant(ctx, tx); err != nil {
		return err
	}
	return subscriptionstore.Insert(ctx, tx, w.Subscriptions)
}

// normal is the world as it is stored; the caller's stays as it is.
func (w World) normal() World {
	w.Partners = slices.Clone(w.Partners)
	for i := range w.Partners {
		store.Lower(&w.Partners[i].TenantID, &w.Partners[i].SandboxOf)
	}
	slices.SortStableFunc(w.Partners, func(a, b programme.Partner) int { return cmp.Compare(a.Environment, b.Environment) }) // owners first
	w.Customers = slices.Clone(w.Customers)
	for i := range w.Customers {
		store.Lower(&w.Customers[i].TenantID)
	}
	w.Relationships = slices.Clone(w.Relationships)
	for i := range w.Relationships {
		store.Lower(&w.Relationships[i].PartnerTenantID, &w.Relationships[i].CustomerTenantID)
	}
	w.Agreements = slices.Clone(w.Agreements)
	for i := range w.Agreements {
		store.Lower(&w.Agreements[i].PartnerTenantID, &w.Agreements[i].CustomerTenantID)
	}
	w.Partnerships = slices.Clone(w.Partnerships)
	for i := range w.Partnerships {
		store.Lower(&w.Partnerships[i].ProviderTenantID, &w.Partnerships[i].ResellerTenantID)
	}
	w.Subscriptions = slices.Clone(w.Subscriptions)
	for i := range w.Subscriptions {
		sub := &w.Subscriptions[i]
		store.Lower(&sub.ID, &sub.LineageID, &sub.CustomerTenantID, &sub.PartnerTenantID, &sub.ParentID)
		if sub.LineageID == "" {
			sub.LineageID = sub.ID
		}
		sub.Billed, sub.Listed = !subscription.Gone(*sub), true
	}
	return w
}

// World is everything a ledger can be seeded with.
type World struct {
	Partners      []programme.Partner
	Customers     []programme.Customer
	Relationships []programme.Relationship
	Agreements    []programme.Agreement
	Partnerships  []programme.Partnership
	Subscriptions []subscription.Subscription
}
