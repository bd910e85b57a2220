package transferstore

// Which of a source's holdings some transfer has taken.

import (
	"context"

	"handover/internal/store"
)

// taken says which transfer is moving a subscription.
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
