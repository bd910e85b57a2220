package subscriptionstore

// What hangs on partners and customers, for who would change them; and what an operator has a ledger say of subscriptions.

import (
	"context"

	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
	"handover/internal/subscription"
)

var (
	selectBilling = store.OverRows(`SELECT r.id FROM {rows} WHERE EXISTS (SELECT 1 FROM subscriptions s WHERE s.partner_tenant_id = r.id AND s.billed)
		OR EXISTS (SELECT 1 FROM subscriptions s WHERE s.customer_tenant_id = r.id AND s.billed)`, store.IDColumn)
	selectBillingPairs = store.OverRows(`SELECT r.partner, r.other FROM {rows} WHERE EXISTS (
		SELECT 1 FROM subscriptions s WHERE s.partner_tenant_id = r.partner AND s.customer_tenant_id = r.other AND s.billed)`, programmestore.PairColumns)
	selectCredited  = store.OverRows(`SELECT r.id FROM {rows} WHERE EXISTS (SELECT 1 FROM subscriptions s WHERE s.partner_on_record = r.id AND s.billed)`, store.IDColumn)
	selectCrediting = store.OverRows(`SELECT r.partner, r.other FROM {rows} JOIN partners p ON p.tenant_id = r.other WHERE EXISTS (
		SELECT 1 FROM subscriptions s WHERE s.partner_tenant_id = r.partner AND s.partner_on_record = p.mpn_id AND s.billed)`, programmestore.PairColumns)

	saveSubscriptions = Table.Insert(`ON CONFLICT (id) DO UPDATE SET friendly_name = excluded.friendly_name, quantity = excluded.quantity,
		unit_price_minor = excluded.unit_price_minor, auto_renew = excluded.auto_renew, status = excluded.status, billed = excluded.billed,
		partner_on_record = excluded.partner_on_record, sandbox_fault = excluded.sandbox_fault`)
)

// Billing are those of the tenants that bill anything, or are billed for it.
func Billing(ctx context.Context, tx store.Tx, tenantIDs ...string) (map[string]bool, error) {
	return programmestore.Among(ctx, tx, selectBilling, tenantIDs...)
}

// Credited are those of the MPN ids that anything billed credits.
func Credited(ctx context.Context, tx store.Tx, mpnIDs ...string) (map[string]bool, error) {
	return programmestore.Among(ctx, tx, selectCredited, mpnIDs...)
}

// BillingPairs are those of the pairs in which the partner bills the customer for anything.
func BillingPairs(ctx context.Context, tx store.Tx, pairs ...programme.Pair) (map[programme.Pair]bool, error) {
	return programmestore.PairsHaving(ctx, tx, selectBillingPairs, pairs...)
}

// Crediting are those of the pairs in which the provider credits the reseller for anything that it bills.
func Crediting(ctx context.Context, tx store.Tx, pairs ...programme.Pair) (map[programme.Pair]bool, error) {
	return programmestore.PairsHaving(ctx, tx, selectCrediting, pairs...)
}

// Save writes what an operator has the ledger say of subscriptions, new ones and such as were locked before.
func Save(ctx context.Context, tx store.Tx, subs []subscription.Subscription) error {
	return store.Insert(ctx, tx, Table, saveSubscriptions, subs)
}

// Logged is what the log says of a subscription.
func Logged(s subscription.Subscription) any { return changeable(s) }
