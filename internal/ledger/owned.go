package ledger

// What a partner bills its customers for.

import (
	"context"

	"handover/internal/store"
	"handover/internal/subscription"
)

// subscriptionsStore is the subscriptions in a database.
type subscriptionsStore struct {
	db      *store.DB
	rules   subscription.Rules
	movedBy func(ctx context.Context, tx store.Tx, id string) (string, error)
}

// newSubscriptions are those in the database. They change by the rules, and not while movedBy, which is asked under the lock of
// the subscription, names what is moving them.
func newSubscriptions(db *store.DB, rules subscription.Rules, movedBy func(ctx context.Context, tx store.Tx, id string) (string, error)) *subscriptionsStore {
	return &subscriptionsStore{db: db, rules: rules, movedBy: movedBy}
}

// over is the same over another view of the database.
func (h *subscriptionsStore) over(db *store.DB) *subscriptionsStore {
	return newSubscriptions(db, h.rules, h.movedBy)
}

// SubscriptionsOf lists a page of what the partner bills the customer for, ended ones included, by id. The limit is the
// number of items, at least 1; after is the id of the last one of the page before. Refusal: CustomerUnknown, as CustomerOf
// says it.
func (h *subscriptionsStore) SubscriptionsOf(ctx context.Context, partnerTenantID, customerTenantID string, limit int, after string) (Page[subscription.Subscription], error) {
	lower(&partnerTenantID, &customerTenantID, &after)
	var w where
	w.and(partnerTenantID, "s.partner_tenant_id = %s")
	w.and(customerTenantID, "s.customer_tenant_id = %s")
	count := listing{text: "SELECT COUNT(*) FROM subscriptions s" + w.clause(), args: w.args}
	w.and(after, "s.id > %s")
	rows := listing{text: "SELECT " + subscriptions.Columns.Of("s") + " FROM subscriptions s" + w.clause() + " ORDER BY s.id", args: w.args}
	return store.Read(ctx, h.db, "list subscriptions", func(tx store.Tx) (Page[subscription.Subscription], error) {
		if _, err := clientOf(ctx, tx, partnerTenantID, customerTenantID); err != nil {
			return Page[subscription.Subscription]{}, err
		}
		return pageOf(ctx, tx, count, rows, subscriptions.Fields, limit)
	})
}

var selectSubscriptionOf = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s
	WHERE s.id = $3 AND s.partner_tenant_id = $1 AND s.customer_tenant_id = $2`)

// SubscriptionOf reads a subscription that the partner bills the customer for. Refusal: SubscriptionUnknown, for one of
// another partner or customer too.
func (h *subscriptionsStore) SubscriptionOf(ctx context.Context, partnerTenantID, customerTenantID, id string) (subscription.Subscription, error) {
	lower(&partnerTenantID, &customerTenantID, &id)
	return store.Read(ctx, h.db, "read subscription", func(tx store.Tx) (subscription.Subscription, error) {
		return store.Known(ctx, tx, subscription.NoSuch(id), selectSubscriptionOf, subscriptions.Fields, partnerTenantID, customerTenantID, id)
	})
}

// Subscriptions lists what the partner bills the customer for, ended ones included, by id. An empty customer or partner
// does not narrow.
func (h *subscriptionsStore) Subscriptions(ctx context.Context, customer, partner string) ([]subscription.Subscription, error) {
	lower(&customer, &partner)
	var w where
	w.and(customer, "s.customer_tenant_id = %s")
	w.and(partner, "s.partner_tenant_id = %s")
	list := store.Both("SELECT " + subscriptions.Columns.Of("s") + " FROM subscriptions s" + w.clause() + " ORDER BY s.id")
	return store.Read(ctx, h.db, "list subscriptions", func(tx store.Tx) ([]subscription.Subscription, error) {
		return store.All(ctx, tx, list, subscriptions.Fields, w.args...)
	})
}

var selectSubscription = store.Both(`SELECT ` + subscriptions.Columns.Of("s") + ` FROM subscriptions s WHERE s.id = $1`)

// Subscription reads one subscription. Refusal: SubscriptionUnknown.
func (h *subscriptionsStore) Subscription(ctx context.Context, id string) (subscription.Subscription, error) {
	lower(&id)
	return store.Read(ctx, h.db, "read subscription", func(tx store.Tx) (subscription.Subscription, error) {
		return store.Known(ctx, tx, subscription.NoSuch(id), selectSubscription, subscriptions.Fields, id)
	})
}
