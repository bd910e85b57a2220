package ledger

// Whom a partner deals with: the customers that accepted it as reseller or that it bills, and what it bills them for.
// About anybody else it hears the same, whether they exist or not.

import (
	"context"
	"fmt"
	"strings"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
)

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Total int  // in the whole list
	More  bool // there are items after these
}

// Client is a customer as one of its partners sees it.
type Client struct {
	programme.Customer
	Relationship bool // the customer accepted the partner as reseller; otherwise the partner only bills it
}

// CustomerSearch asks for customers of one partner. Empty fields do not narrow; neither looks at upper and lower case.
type CustomerSearch struct {
	PartnerTenantID string // never empty
	NamePrefix      string
	DomainPrefix    string
	Limit           int    // items in the page, at least 1
	After           string // tenant id of the last customer of the page before; empty for the first page
}

const (
	accepted = `EXISTS (SELECT 1 FROM relationships r WHERE r.partner_tenant_id = $1 AND r.customer_tenant_id = c.tenant_id)`
	// clientele are the customers of a partner. One whose subscriptions have all ended stays: what was billed stays readable.
	clientele = `(SELECT customer_tenant_id FROM relationships WHERE partner_tenant_id = $1
		UNION SELECT customer_tenant_id FROM subscriptions WHERE partner_tenant_id = $1) AS m
		JOIN customers c ON c.tenant_id = m.customer_tenant_id`
)

func clientFields(c *Client) []any { return append(customers.Fields(&c.Customer), &c.Relationship) }

// Customers finds a page of the partner's customers, by name.
func (l *Ledger) Customers(ctx context.Context, q CustomerSearch) (Page[Client], error) {
	lower(&q.PartnerTenantID, &q.After)
	w := where{args: []any{q.PartnerTenantID}}
	w.and(startsWith(nameKey(q.NamePrefix)), `c.name_key LIKE %s ESCAPE '\'`)
	w.and(startsWith(strings.ToLower(q.DomainPrefix)), `c.domain LIKE %s ESCAPE '\'`)
	count := listing{text: "SELECT COUNT(*) FROM " + clientele + w.clause(), args: w.args}
	w.and(q.After, "(c.name_key, c.tenant_id) > (SELECT a.name_key, a.tenant_id FROM customers a WHERE a.tenant_id = %s)")
	rows := listing{
		text: "SELECT " + customers.Columns.Of("c") + ", " + accepted + " FROM " + clientele + w.clause() + " ORDER BY c.name_key, c.tenant_id",
		args: w.args,
	}
	return read(ctx, l, "list customers", func(s session) (Page[Client], error) {
		return pageOf(ctx, s, count, rows, clientFields, q.Limit)
	})
}

var selectClient = store.Both(`SELECT ` + customers.Columns.Of("c") + `, ` + accepted + ` FROM customers c WHERE c.tenant_id = $2 AND (` + accepted + `
	OR EXISTS (SELECT 1 FROM subscriptions s WHERE s.partner_tenant_id = $1 AND s.customer_tenant_id = c.tenant_id))`)

// CustomerOf reads a customer of the partner. Refusal: CustomerUnknown, for a customer of others too.
func (l *Ledger) CustomerOf(ctx context.Context, partnerTenantID, customerTenantID string) (Client, error) {
	lower(&partnerTenantID, &customerTenantID)
	return read(ctx, l, "read customer", func(s session) (Client, error) { return s.client(ctx, partnerTenantID, customerTenantID) })
}

func (s session) client(ctx context.Context, partner, customer string) (Client, error) {
	return store.Known(ctx, s, noSuchCustomer(customer), selectClient, clientFields, partner, customer)
}

// SubscriptionsOf lists a page of what the partner bills the customer for, ended ones included, by id. The limit is the
// number of items, at least 1; after is the id of the last one of the page before. Refusal: CustomerUnknown, as CustomerOf
// says it.
func (l *Ledger) SubscriptionsOf(ctx context.Context, partnerTenantID, customerTenantID string, limit int, after string) (Page[subscription.Subscription], error) {
	lower(&partnerTenantID, &customerTenantID, &after)
	var w where
	w.and(partnerTenantID, "s.partner_tenant_id = %s")
	w.and(customerTenantID, "s.customer_tenant_id = %s")
	count := listing{text: "SELECT COUNT(*) FROM subscriptions s" + w.clause(), args: w.args}
	w.and(after, "s.id > %s")
	rows := listing{text: "SELECT " + subscriptions.Columns.Of("s") + " FROM subscriptions s" + w.clause() + " ORDER BY s.id", args: w.args}
	return read(ctx, l, "list subscriptions", func(s session) (Page[subscription.Subscription], error) {
		if _, err := s.client(ctx, partnerTenantID, customerTenantID); err != nil {
			return Page[subscription.Subscription]{}, err
		}
		return pageOf(ctx, s, count, rows, subscriptions.Fields, limit)
	})
}

var selectSubscriptionOf = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s
	WHERE s.id = $3 AND s.partner_tenant_id = $1 AND s.customer_tenant_id = $2`)

// SubscriptionOf reads a subscription that the partner bills the customer for. Refusal: SubscriptionUnknown, for one of
// another partner or customer too.
func (l *Ledger) SubscriptionOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (subscription.Subscription, error) {
	lower(&partnerTenantID, &customerTenantID, &id)
	return read(ctx, l, "read subscription", func(s session) (subscription.Subscription, error) {
		return store.Known(ctx, s, noSuchSubscription(id), selectSubscriptionOf, subscriptions.Fields, partnerTenantID, customerTenantID, id)
	})
}

// listing is a query with its arguments.
type listing struct {
	text string
	args []any
}

// pageOf runs a query without a limit for one page, and the query that counts the whole list.
func pageOf[T any](ctx context.Context, s session, count, rows listing, fields func(*T) []any, limit int) (Page[T], error) {
	limit = max(limit, 1)
	var page Page[T]
	var err error
	if page.Total, _, err = store.One(ctx, s, store.Both(count.text), store.Value[int], count.args...); err != nil {
		return page, err
	}
	if page.Items, err = store.All(ctx, s, store.Both(fmt.Sprintf("%s LIMIT %d", rows.text, limit+1)), fields, rows.args...); err != nil {
		return page, err
	}
	if page.More = len(page.Items) > limit; page.More {
		page.Items = page.Items[:limit]
	}
	return page, nil
}

func noSuchCustomer(id string) error {
	id = clip(id)
	return kernel.Refuse(programme.CustomerUnknown, "Customer %s is not known here. Check its Microsoft ID.", id).About(id)
}

func noSuchSubscription(id string) error {
	id = clip(id)
	return kernel.Refuse(subscription.Unknown, "Subscription %s does not exist.", id).About(id)
}

// clip keeps what a caller named short enough to be repeated in a message. An id is shorter.
func clip(id string) string {
	const most = 80
	if len(id) <= most {
		return id
	}
	return strings.ToValidUTF8(id[:most], "") + "…"
}

// nameKey is what a customer's name is found by. It is made here and not by the databases, which disagree about letters
// beyond ASCII.
func nameKey(name string) string { return strings.ToLower(name) }

// startsWith and containing are patterns for LIKE with \ as its escape; empty for an empty text.
func startsWith(text string) string {
	if text == "" {
		return ""
	}
	return likeEscapes.Replace(text) + "%"
}

func containing(text string) string {
	if text == "" {
		return ""
	}
	return "%" + likeEscapes.Replace(text) + "%"
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
