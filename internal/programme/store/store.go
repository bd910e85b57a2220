// Package programmestore keeps partners, customers, and what ties them: relationships, partnerships and agreements.
//
//	store.go          customers, as they are kept
//	partners.go       partners, with the programmes that they take part in
//	users.go          users of partners, with their roles
//	customers.go      whom a partner deals with
//	relationships.go  what it is to them
//	accepted.go       what a partner is told of a customer who accepted it
//	partnerships.go   which partners work together
//	agreements.go     what customers agreed to, and who attests it
//	planting.go       what a ledger begins with
//	environment.go    production and sandbox, as they are kept; relationships that sandboxes make
//	logged.go         how all of that is spelled in the log
//	directory.go      many of them at once, for operators; saving.go what operators have a ledger say
package programmestore

import (
	"context"

	"handover/internal/programme"
	"handover/internal/store"
)

// Store is the partners and customers in a database, and what ties them.
type Store struct{ db *store.DB }

// New is those in the database.
func New(db *store.DB) *Store { return &Store{db: db} }

// Customers are the columns of every customer, for whoever joins them.
var Customers = store.Table[programme.Customer]{
	Name:    "customers",
	Columns: `tenant_id text, name text, domain text, email text, market text, locale text, environment text`,
	Fields: func(c *programme.Customer) []any {
		return []any{&c.TenantID, &c.Name, &c.Domain, &c.Email, &c.Market, &c.Locale, (*environment)(&c.Environment)}
	},
}

// newCustomer is a customer with the key that lists find it by.
type newCustomer struct {
	programme.Customer
	key string
}

var newCustomers = store.Table[newCustomer]{
	Name:    Customers.Name,
	Columns: Customers.Columns + `, name_key text`,
	Fields: func(c *newCustomer) []any {
		return append(Customers.Fields(&c.Customer), &c.key)
	},
}

var selectCustomer = store.Both(`SELECT ` + Customers.Columns.Of("c") + ` FROM customers c WHERE c.tenant_id = $1`)

// Customer reads one customer. Refusal: CustomerUnknown.
func (s *Store) Customer(ctx context.Context, id string) (programme.Customer, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read customer", func(tx store.Tx) (programme.Customer, error) {
		return store.Known(ctx, tx, programme.NoSuchCustomer(id), selectCustomer, Customers.Fields, id)
	})
}

var selectTenantOf = store.Both(`SELECT tenant_id FROM customers WHERE domain = $1 AND environment = $3
	UNION SELECT u.partner_tenant_id FROM partner_users u JOIN partners p ON p.tenant_id = u.partner_tenant_id
		WHERE LOWER(u.email) LIKE $2 ESCAPE '\' AND u.ended_at IS NULL AND p.environment = $3`)

// TenantOf is the tenant that has the domain: the customer of that domain, or the partner whose people have their addresses
// in it; in a sandbox only when nobody in production has it. It is empty when there is none, or more than one.
func (s *Store) TenantOf(ctx context.Context, domain string) (string, error) {
	store.Lower(&domain)
	return store.Read(ctx, s.db, "find the tenant of a domain", func(tx store.Tx) (string, error) {
		for _, in := range []programme.Environment{programme.Production, programme.Sandbox} {
			found, err := store.All(ctx, tx, selectTenantOf, store.Value[string], domain, store.EndsWith("@"+domain), in.String())
			switch {
			case err != nil || len(found) > 1:
				return "", err
			case len(found) == 1:
				return found[0], nil
			}
		}
		return "", nil
	})
}
