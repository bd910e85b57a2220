package programmestore

// Whom a partner deals with: the customers that accepted it, as whatever, or that it bills, and what it bills them for.
// About anybody else it hears the same, whether they exist or not.

import (
	"context"
	"strings"

	"handover/internal/programme"
	"handover/internal/store"
)

// Client is a customer as one of its partners sees it.
type Client struct {
	programme.Customer
	Relationship bool // the customer accepted the partner, as whatever; otherwise the partner only bills it
}

// CustomerSearch asks for customers of one partner. Empty fields do not narrow; neither looks at upper and lower case.
type CustomerSearch struct {
	PartnerTenantID string // never empty
	NamePrefix      string
	DomainPrefix    string
	ResellerPrefix  string // tenant id of an indirect reseller under the partner whom the customer accepted too
	Limit           int    // items in the page, at least 1
	After           string // tenant id of the last customer of the page before; empty for the first page
}

const (
	sharedWith = `EXISTS (SELECT 1 FROM relationships x JOIN partnerships p ON p.reseller_tenant_id = x.partner_tenant_id
		WHERE p.provider_tenant_id = $1 AND x.customer_tenant_id = c.tenant_id AND x.kind = 'reseller' AND x.ended_at IS NULL
			AND COALESCE(x.counterpart_tenant_id, $1) = $1 AND x.partner_tenant_id LIKE %s ESCAPE '\')`
	// accepted tells whether the customer accepted the partner, as whatever.
	accepted = `EXISTS (SELECT 1 FROM relationships r WHERE r.partner_tenant_id = $1 AND r.customer_tenant_id = c.tenant_id AND r.ended_at IS NULL)`
	// clientele are the customers of a partner. One whose subscriptions have all ended stays: what was billed stays readable.
	clientele = `(SELECT customer_tenant_id FROM relationships WHERE partner_tenant_id = $1 AND ended_at IS NULL
		UNION SELECT customer_tenant_id FROM subscriptions WHERE partner_tenant_id = $1) AS m
		JOIN customers c ON c.tenant_id = m.customer_tenant_id`
)

func clientFields(c *Client) []any { return append(Customers.Fields(&c.Customer), &c.Relationship) }

// Customers finds a page of the partner's customers, by name.
func (s *Store) Customers(ctx context.Context, q CustomerSearch) (store.Page[Client], error) {
	store.Lower(&q.PartnerTenantID, &q.After)
	w := store.Where{Args: []any{q.PartnerTenantID}}
	w.And(store.StartsWith(programme.NameKey(q.NamePrefix)), `c.name_key LIKE %s ESCAPE '\'`)
	w.And(store.StartsWith(strings.ToLower(q.DomainPrefix)), `c.domain LIKE %s ESCAPE '\'`)
	w.And(store.StartsWith(strings.ToLower(q.ResellerPrefix)), sharedWith)
	count := store.Listing{Text: "SELECT COUNT(*) FROM " + clientele + w.Clause(), Args: w.Args}
	w.And(q.After, "(c.name_key, c.tenant_id) > (SELECT a.name_key, a.tenant_id FROM customers a WHERE a.tenant_id = %s)")
	rows := store.Listing{
		Text: "SELECT " + Customers.Columns.Of("c") + ", " + accepted + " FROM " + clientele + w.Clause() + " ORDER BY c.name_key, c.tenant_id",
		Args: w.Args,
	}
	return store.Read(ctx, s.db, "list customers", func(tx store.Tx) (store.Page[Client], error) {
		return store.PageOf(ctx, tx, count, rows, clientFields, q.Limit)
	})
}

var selectClient = store.Both(`SELECT ` + Customers.Columns.Of("c") + `, ` + accepted + ` FROM customers c WHERE c.tenant_id = $2 AND (` + accepted + `
	OR EXISTS (SELECT 1 FROM subscriptions s WHERE s.partner_tenant_id = $1 AND s.customer_tenant_id = c.tenant_id))`)

// CustomerOf reads a customer of the partner. Refusal: CustomerUnknown, for a customer of others too.
func (s *Store) CustomerOf(ctx context.Context, partnerTenantID, customerTenantID string) (Client, error) {
	store.Lower(&partnerTenantID, &customerTenantID)
	return store.Read(ctx, s.db, "read customer", func(tx store.Tx) (Client, error) { return ClientOf(ctx, tx, partnerTenantID, customerTenantID) })
}

// ClientOf is the same within a transaction.
func ClientOf(ctx context.Context, tx store.Tx, partner, customer string) (Client, error) {
	return store.Known(ctx, tx, programme.NoSuchCustomer(customer), selectClient, clientFields, partner, customer)
}
