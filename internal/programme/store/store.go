// Package programmestore keeps partners, customers, and what ties them: relationships, partnerships and agreements.
//
//	store.go          partners and customers, as they are kept
//	customers.go      whom a partner deals with
//	partnerships.go   which partners work together
//	agreements.go     what customers agreed to, and who attests it
//	planting.go       what a ledger begins with
package programmestore

import (
	"context"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
)

// Store is the partners and customers in a database, and what ties them.
type Store struct{ db *store.DB }

// New is those in the database.
func New(db *store.DB) *Store { return &Store{db: db} }

var partners = store.Table[programme.Partner]{
	Name: "partners",
	Columns: `tenant_id text, name text, type text, status text, mpa_signed boolean, mpn_id text, market text,
		currency text, locale text`,
	Fields: func(p *programme.Partner) []any {
		return []any{&p.TenantID, &p.Name, &p.Type, &p.Status, &p.MPASigned, &p.MPNID, &p.Market, &p.Currency, &p.Locale}
	},
}

// agentOf is one admin agent's row.
type agentOf struct {
	partner  string
	position int
	programme.AdminAgent
}

var adminAgents = store.Table[agentOf]{
	Name:    "admin_agents",
	Columns: `partner_tenant_id text, position integer, user_id text, email text`,
	Fields: func(a *agentOf) []any {
		return []any{&a.partner, &a.position, &a.UserID, &a.Email}
	},
}

// Customers are the columns of every customer, for whoever joins them.
var Customers = store.Table[programme.Customer]{
	Name:    "customers",
	Columns: `tenant_id text, name text, domain text, email text, market text, locale text`,
	Fields: func(c *programme.Customer) []any {
		return []any{&c.TenantID, &c.Name, &c.Domain, &c.Email, &c.Market, &c.Locale}
	},
}

var relationships = store.Table[programme.Relationship]{
	Name:    "relationships",
	Columns: `customer_tenant_id text, partner_tenant_id text`,
	Fields: func(r *programme.Relationship) []any {
		return []any{&r.CustomerTenantID, &r.PartnerTenantID}
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

// partnerRow is a partner beside one of its admin agents, or beside nobody.
type partnerRow struct {
	programme.Partner
	agent programme.AdminAgent
}

var selectPartners = store.OverRows(`SELECT `+partners.Columns.Of("p")+`, COALESCE(a.user_id, ''), COALESCE(a.email, '')
	FROM partners p LEFT JOIN admin_agents a ON a.partner_tenant_id = p.tenant_id
	WHERE p.tenant_id IN (SELECT r.id FROM {rows}) OR (p.mpn_id = $2 AND p.mpn_id <> '')
	ORDER BY p.tenant_id, a.position`, store.IDColumn)

// Partners loads partners with their admin agents: those with the ids and, unless it is empty, those with the MPN id.
func Partners(ctx context.Context, tx store.Tx, mpnID string, ids ...string) ([]programme.Partner, error) {
	rows, err := store.All(ctx, tx, selectPartners, func(r *partnerRow) []any {
		return append(partners.Fields(&r.Partner), &r.agent.UserID, &r.agent.Email)
	}, store.IDRows(ids...), mpnID)
	if err != nil {
		return nil, err
	}
	var found []programme.Partner
	for _, row := range rows {
		if len(found) == 0 || found[len(found)-1].TenantID != row.TenantID {
			found = append(found, row.Partner)
		}
		if row.agent != (programme.AdminAgent{}) {
			last := &found[len(found)-1]
			last.AdminAgents = append(last.AdminAgents, row.agent)
		}
	}
	return found, nil
}

var selectCustomer = store.Both(`SELECT ` + Customers.Columns.Of("c") + ` FROM customers c WHERE c.tenant_id = $1`)

// Partner reads one partner with its admin agents. Refusal: PartnerUnknown.
func (s *Store) Partner(ctx context.Context, id string) (programme.Partner, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read partner", func(tx store.Tx) (programme.Partner, error) {
		found, err := Partners(ctx, tx, "", id)
		switch {
		case err != nil:
			return programme.Partner{}, err
		case len(found) == 0:
			return programme.Partner{}, kernel.Refuse(programme.PartnerUnknown, "Partner %s is not known here. Check its Microsoft ID.", id).About(id)
		}
		return found[0], nil
	})
}

// Customer reads one customer. Refusal: CustomerUnknown.
func (s *Store) Customer(ctx context.Context, id string) (programme.Customer, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read customer", func(tx store.Tx) (programme.Customer, error) {
		return store.Known(ctx, tx, programme.NoSuchCustomer(id), selectCustomer, Customers.Fields, id)
	})
}

var selectTenantOf = store.Both(`SELECT tenant_id FROM customers WHERE domain = $1
	UNION SELECT partner_tenant_id FROM admin_agents WHERE LOWER(email) LIKE $2 ESCAPE '\'`)

// TenantOf is the tenant that has the domain: the customer of that domain, or the partner whose people have their addresses
// in it. It is empty when there is none, or more than one.
func (s *Store) TenantOf(ctx context.Context, domain string) (string, error) {
	store.Lower(&domain)
	return store.Read(ctx, s.db, "find the tenant of a domain", func(tx store.Tx) (string, error) {
		found, err := store.All(ctx, tx, selectTenantOf, store.Value[string], domain, store.EndsWith("@"+domain))
		if err != nil || len(found) != 1 {
			return "", err
		}
		return found[0], nil
	})
}

// PartnerByMPN reads the partner with the MPN id; where several share it, a reseller is meant. Refusal:
// PartnerUnknown.
func (s *Store) PartnerByMPN(ctx context.Context, mpnID string) (programme.Partner, error) {
	return store.Read(ctx, s.db, "read partner", func(tx store.Tx) (programme.Partner, error) {
		found, err := Partners(ctx, tx, mpnID)
		if err != nil {
			return programme.Partner{}, err
		}
		if p := programme.Credited(found, mpnID); p != nil {
			return *p, nil
		}
		return programme.Partner{}, kernel.Refuse(programme.PartnerUnknown, "No partner has the PartnerID %s. Correct it.", mpnID).About(mpnID)
	})
}
