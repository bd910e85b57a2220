package programmestore

// What a ledger begins with, or is extended by.

import (
	"context"

	"handover/internal/programme"
	"handover/internal/store"
)

// Planting is partners and customers, and what ties them.
type Planting struct {
	Partners      []programme.Partner
	Customers     []programme.Customer
	Relationships []programme.Relationship
	Agreements    []programme.Agreement
	Partnerships  []programme.Partnership
}

var (
	// lockPartners makes those take turns who seed or administer one PostgreSQL; SQLite has one writer anyway.
	lockPartners = store.Both(`LOCK TABLE partners IN SHARE ROW EXCLUSIVE MODE`)
	// selectAnyPartner finds whether the ledger is in use.
	selectAnyPartner = store.Both(`SELECT tenant_id FROM partners LIMIT 1`)

	insertPartners      = partners.Insert("")
	insertEnrolments    = enrolments.Insert("")
	insertUsers         = users.Insert("")
	insertCustomers     = newCustomers.Insert("")
	insertRelationships = relationships.Insert("")
	insertAgreements    = agreements.Insert("")
	insertPartnerships  = partnerships.Insert("")
)

// Empty tells whether the ledger holds no partners yet.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	return store.Read(ctx, s.db, "look for partners", func(tx store.Tx) (bool, error) { return isEmpty(ctx, tx) })
}

func isEmpty(ctx context.Context, tx store.Tx) (bool, error) {
	_, used, err := store.One(ctx, tx, selectAnyPartner, store.Value[string])
	return !used, err
}

// LockEmpty tells whether there are no partners yet, and keeps others from adding any until the transaction ends.
func LockEmpty(ctx context.Context, tx store.Tx) (bool, error) {
	if err := LockAdministration(ctx, tx); err != nil {
		return false, err
	}
	return isEmpty(ctx, tx)
}

// Plant writes all of it. Error: whatever contradicts what is there, such as an id that is taken.
func (w Planting) Plant(ctx context.Context, tx store.Tx) error {
	people, programs := ofPartners(w.Partners)
	var related []programme.Relationship
	for _, planted := range []func() error{
		func() error { return store.Insert(ctx, tx, partners, insertPartners, ownersFirst(w.Partners)) },
		func() error { return store.Insert(ctx, tx, enrolments, insertEnrolments, programs) },
		func() error { return store.Insert(ctx, tx, users, insertUsers, people) },
		func() error { return store.Insert(ctx, tx, newCustomers, insertCustomers, keyed(w.Customers)) },
		func() (err error) { related, err = spelledOut(ctx, tx, w.Relationships); return err },
		func() error { return store.Insert(ctx, tx, relationships, insertRelationships, related) },
		func() error { return store.Insert(ctx, tx, agreements, insertAgreements, w.Agreements) },
		func() error { return store.Insert(ctx, tx, partnerships, insertPartnerships, w.Partnerships) },
	} {
		if err := planted(); err != nil {
			return err
		}
	}
	return nil
}

// keyed are the customers with the keys that lists find them by.
func keyed(all []programme.Customer) []newCustomer {
	known := make([]newCustomer, len(all))
	for i, c := range all {
		known[i] = newCustomer{Customer: c, key: programme.NameKey(c.Name)}
	}
	return known
}
