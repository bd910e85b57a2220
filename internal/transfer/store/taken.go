package transferstore

// Which of a source's holdings some transfer has taken.

import (
	"context"

	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/store"
)

// taken says which transfer is moving a subscription, or is open for a tenant.
type taken struct{ subscription, transfer string }

// selectTaken finds the subscriptions of the customer at the source that some transfer is moving. What was picked
// elsewhere is refused for being elsewhere.
var selectTaken = store.Both(`SELECT i.subscription_id, i.transfer_id FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE (i.status = 'InProgress' OR i.held) AND s.customer_tenant_id = $1 AND s.partner_tenant_id = $2
	UNION ALL SELECT i.subscription_id, i.transfer_id FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE i.late_subscription_id IS NOT NULL AND s.customer_tenant_id = $1 AND s.partner_tenant_id = $2`)

// openIn says which of the customer's subscriptions at the source are being moved, and by which transfer.
func (tx session) openIn(ctx context.Context, customer, source string) (map[string]string, error) {
	moving, err := store.All(ctx, tx, selectTaken, func(t *taken) []any { return []any{&t.subscription, &t.transfer} }, customer, source)
	by := make(map[string]string, len(moving))
	for _, m := range moving {
		by[m.subscription] = m.transfer
	}
	return by, err
}

// selectMover finds the transfer that is moving a subscription.
var selectMover = store.Both(`SELECT transfer_id FROM line_items WHERE subscription_id = $1 AND (status = 'InProgress' OR held)
	UNION ALL SELECT transfer_id FROM line_items WHERE subscription_id = $1 AND late_subscription_id IS NOT NULL`)

// MovedBy is the id of the transfer that is moving the subscription, for who would change it; empty when none is.
func MovedBy(ctx context.Context, tx store.Tx, subscriptionID string) (string, error) {
	id, _, err := store.One(ctx, tx, selectMover, store.Value[string], subscriptionID)
	return id, err
}

var (
	selectMovers = store.OverRows(`SELECT i.subscription_id, i.transfer_id FROM line_items i
			WHERE i.subscription_id IN (SELECT r.id FROM {rows}) AND (i.status = 'InProgress' OR i.held)
		UNION ALL SELECT i.subscription_id, i.transfer_id FROM line_items i
			WHERE i.subscription_id IN (SELECT r.id FROM {rows}) AND i.late_subscription_id IS NOT NULL`, store.IDColumn)
	selectOpenOf = store.OverRows(`SELECT t.source_tenant_id, MIN(t.id) FROM transfers t
			WHERE t.source_tenant_id IN (SELECT r.id FROM {rows}) AND t.status IN ('Pending', 'InProgress') GROUP BY 1
		UNION ALL SELECT t.target_tenant_id, MIN(t.id) FROM transfers t
			WHERE t.target_tenant_id IN (SELECT r.id FROM {rows}) AND t.status IN ('Pending', 'InProgress') GROUP BY 1
		UNION ALL SELECT t.customer_tenant_id, MIN(t.id) FROM transfers t
			WHERE t.customer_tenant_id IN (SELECT r.id FROM {rows}) AND t.status IN ('Pending', 'InProgress') GROUP BY 1`, store.IDColumn)
	selectOpenBetween = store.OverRows(`SELECT r.partner, r.other, t.id FROM {rows} JOIN transfers t
			ON t.source_tenant_id = r.partner AND t.customer_tenant_id = r.other AND t.status IN ('Pending', 'InProgress')
		UNION ALL SELECT r.partner, r.other, t.id FROM {rows} JOIN transfers t
			ON t.target_tenant_id = r.partner AND t.customer_tenant_id = r.other AND t.status IN ('Pending', 'InProgress')`, programmestore.PairColumns)
)

// Movers are the transfers that are moving any of the subscriptions, by subscription, as MovedBy says it.
func Movers(ctx context.Context, tx store.Tx, subscriptionIDs ...string) (map[string]string, error) {
	return transfersBy(ctx, tx, selectMovers, subscriptionIDs)
}

// OpenOf is one transfer that is not over for each of the tenants, customers or partners, that has any.
func OpenOf(ctx context.Context, tx store.Tx, tenantIDs ...string) (map[string]string, error) {
	return transfersBy(ctx, tx, selectOpenOf, tenantIDs)
}

func transfersBy(ctx context.Context, tx store.Tx, which store.Statement, ids []string) (map[string]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := store.All(ctx, tx, which, func(t *taken) []any { return []any{&t.subscription, &t.transfer} }, store.IDRows(ids...))
	by := make(map[string]string, len(found))
	for _, f := range found {
		by[f.subscription] = f.transfer
	}
	return by, err
}

// OpenBetween is one transfer that is not over for each pair of partner and customer that has any.
func OpenBetween(ctx context.Context, tx store.Tx, pairs ...programme.Pair) (map[programme.Pair]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	type open struct {
		of programme.Pair
		id string
	}
	found, err := store.All(ctx, tx, selectOpenBetween, func(o *open) []any {
		return []any{&o.of.PartnerTenantID, &o.of.OtherID, &o.id}
	}, programmestore.PairRows(pairs...))
	by := make(map[programme.Pair]string, len(found))
	for _, f := range found {
		by[f.of] = f.id
	}
	return by, err
}
