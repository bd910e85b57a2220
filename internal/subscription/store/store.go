// Package subscriptionstore keeps subscriptions.
//
//	store.go         what a partner bills its customers for
//	table.go         as rows, and in which order they are locked
//	change.go        changes by the partner who bills them
//	cancellation.go  ends that were scheduled
//	use.go           what hangs on partners and customers; what operators have a ledger say
package subscriptionstore

import (
	"context"
	"time"

	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
)

// Store is the subscriptions in a database.
type Store struct {
	db      *store.DB
	rules   subscription.Rules
	movedBy func(ctx context.Context, tx store.Tx, id string) (string, error)
	bill    func(ctx context.Context, tx store.Tx, old, next subscription.Subscription, at time.Time) error
}

// New is the subscriptions in the database. They change by the rules, and not while movedBy, which is asked under the lock of
// the subscription, names what is moving them. What a change costs or gives back, bill writes in its transaction.
func New(db *store.DB, rules subscription.Rules, movedBy func(ctx context.Context, tx store.Tx, id string) (string, error),
	bill func(ctx context.Context, tx store.Tx, old, next subscription.Subscription, at time.Time) error,
) *Store {
	return &Store{db: db, rules: rules, movedBy: movedBy, bill: bill}
}

// Over is the same over another view of the database.
func (s *Store) Over(db *store.DB) *Store {
	return New(db, s.rules, s.movedBy, s.bill)
}

// Search asks for what a partner bills a customer for. Empty fields do not narrow.
type Search struct {
	PartnerTenantID  string // never empty
	CustomerTenantID string // never empty
	PartnerOnRecord  string // MPN id of the credited reseller
	ParentID         string
	OrderID          string // of what an order brought
	Limit            int    // items in the page, at least 1
	After            string // id of the last one of the page before
}

// SubscriptionsOf lists a page of what the partner bills the customer for, ended ones included, moved Azure not, by
// id. Refusal: CustomerUnknown, as programmestore.Store.CustomerOf says it.
func (s *Store) SubscriptionsOf(ctx context.Context, q Search) (store.Page[subscription.Subscription], error) {
	store.Lower(&q.PartnerTenantID, &q.CustomerTenantID, &q.ParentID, &q.OrderID, &q.After)
	var w store.Where
	w.And(q.PartnerTenantID, "s.partner_tenant_id = %s")
	w.And(q.CustomerTenantID, "s.customer_tenant_id = %s")
	w.And(q.PartnerOnRecord, "s.partner_on_record = %s")
	w.And(q.ParentID, "s.parent_id = %s")
	w.And(q.OrderID, "s.id IN (SELECT l.subscription_id FROM order_lines l WHERE l.order_id = %s)")
	w.Conditions = append(w.Conditions, "s.listed")
	count := store.Listing{Text: "SELECT COUNT(*) FROM subscriptions s" + w.Clause(), Args: w.Args}
	w.And(q.After, "s.id > %s")
	rows := store.Listing{Text: "SELECT " + Table.Columns.Of("s") + " FROM subscriptions s" + w.Clause() + " ORDER BY s.id", Args: w.Args}
	return store.Read(ctx, s.db, "list subscriptions", func(tx store.Tx) (store.Page[subscription.Subscription], error) {
		if _, err := programmestore.ClientOf(ctx, tx, q.PartnerTenantID, q.CustomerTenantID); err != nil {
			return store.Page[subscription.Subscription]{}, err
		}
		return store.PageOf(ctx, tx, count, rows, Table.Fields, q.Limit)
	})
}

var selectSubscriptionOf = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s
	WHERE s.id = $3 AND s.partner_tenant_id = $1 AND s.customer_tenant_id = $2`)

// SubscriptionOf reads a subscription that the partner bills the customer for. Refusal: SubscriptionUnknown, for one of
// another partner or customer too.
func (s *Store) SubscriptionOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (subscription.Subscription, error) {
	store.Lower(&partnerTenantID, &customerTenantID, &id)
	return store.Read(ctx, s.db, "read subscription", func(tx store.Tx) (subscription.Subscription, error) {
		return store.Known(ctx, tx, subscription.NoSuch(id), selectSubscriptionOf, Table.Fields, partnerTenantID, customerTenantID, id)
	})
}

// Subscriptions lists what the partner bills the customer for, ended ones included, by id. An empty customer or partner
// does not narrow.
func (s *Store) Subscriptions(ctx context.Context, customer, partner string) ([]subscription.Subscription, error) {
	store.Lower(&customer, &partner)
	var w store.Where
	w.And(customer, "s.customer_tenant_id = %s")
	w.And(partner, "s.partner_tenant_id = %s")
	list := store.Both("SELECT " + Table.Columns.Of("s") + " FROM subscriptions s" + w.Clause() + " ORDER BY s.id")
	return store.Read(ctx, s.db, "list subscriptions", func(tx store.Tx) ([]subscription.Subscription, error) {
		return store.All(ctx, tx, list, Table.Fields, w.Args...)
	})
}

var selectSubscription = store.Both(`SELECT ` + Table.Columns.Of("s") + ` FROM subscriptions s WHERE s.id = $1`)

// Subscription reads one subscription. Refusal: SubscriptionUnknown.
func (s *Store) Subscription(ctx context.Context, id string) (subscription.Subscription, error) {
	store.Lower(&id)
	return store.Read(ctx, s.db, "read subscription", func(tx store.Tx) (subscription.Subscription, error) {
		return store.Known(ctx, tx, subscription.NoSuch(id), selectSubscription, Table.Fields, id)
	})
}
