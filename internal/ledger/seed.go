package ledger

// A ledger begins with a world and may be extended by more of it.

import (
	"context"
	"errors"

	"handover/internal/administration"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	subscriptionstore "handover/internal/subscription/store"
)

// ErrNotEmpty is the answer to seeding a ledger that is in use.
var ErrNotEmpty = errors.New("the ledger holds partners already; only an empty ledger can be seeded")

// Seed fills an empty ledger, all or nothing. Ids are stored in lower case; a subscription without a lineage starts its
// own. Errors: ErrNotEmpty; a world that contradicts itself, such as a subscription of an unknown customer.
func (l *Ledger) Seed(ctx context.Context, w World) error {
	w = w.Normal()
	_, err := store.Write(ctx, l.DB, "seed the ledger", func(tx store.Tx) (bool, error) {
		empty, err := programmestore.LockEmpty(ctx, tx)
		if err != nil {
			return false, err
		}
		if !empty {
			return false, ErrNotEmpty
		}
		return true, plant(ctx, tx, w)
	})
	return err
}

// Extend adds to a ledger that is in use, all or nothing: customers and what they hold, partners too. Refusals: those of
// programme.CheckSandbox, for sandboxes. Errors: whatever contradicts what is there, such as an id that is taken.
func (l *Ledger) Extend(ctx context.Context, w World) error {
	w = w.Normal()
	_, err := store.Write(ctx, l.DB, "extend the ledger", func(tx store.Tx) (bool, error) {
		if err := plant(ctx, tx, w); err != nil {
			return false, err
		}
		return true, programmestore.CheckNewSandboxes(ctx, tx, w.Partners)
	})
	return err
}

func plant(ctx context.Context, tx store.Tx, w World) error {
	ties := programmestore.Planting{
		Partners: w.Partners, Customers: w.Customers, Relationships: w.Relationships, Agreements: w.Agreements, Partnerships: w.Partnerships,
	}
	if err := ties.Plant(ctx, tx); err != nil {
		return err
	}
	return subscriptionstore.Insert(ctx, tx, w.Subscriptions)
}

// World is everything a ledger can be seeded with.
type World = administration.World
