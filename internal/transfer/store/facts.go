package transferstore

// What the mover has to know of line items, and the leave it needs for a call of a billing system.

import (
	"context"
	"slices"
	"time"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
)

// moveRow is a line item beside its subscription and the state of its base.
type moveRow struct {
	item
	old    subscription.Subscription
	base   transfer.ItemStatus
	in     string // environment
	readAt time.Time
}

var selectMoveFacts = store.OverRows(`SELECT `+lineItems.Columns.Of("i")+`, `+subscriptionstore.Table.Columns.Of("s")+`,
		COALESCE((SELECT b.status FROM line_items b WHERE b.transfer_id = i.transfer_id AND b.ordinal = i.base_ordinal), ''),
		(SELECT c.environment FROM customers c WHERE c.tenant_id = s.customer_tenant_id), {clock}
	FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE i.transfer_id = $2 AND i.ordinal BETWEEN $3 AND $4 AND i.ordinal IN (SELECT r.ordinal FROM {rows})
	ORDER BY i.ordinal`, ordinalColumn)

// MoveFacts loads what the mover has to know of the line items with these ordinals, in ordinal order, in two queries. The
// transfer comes without the counts of its line items.
//
// Refusals: NotFound; ItemNotFound when the transfer has no such line item.
func (s *Store) MoveFacts(ctx context.Context, id string, ordinals []int) (transfer.Transfer, []MoveFact, error) {
	var of transfer.Transfer
	facts, err := read(ctx, s, "load line items", func(tx session) ([]MoveFact, error) {
		t, err := tx.header(ctx, id)
		of = t.Transfer
		if err != nil || len(ordinals) == 0 {
			return nil, err
		}
		rows, err := store.All(ctx, tx, selectMoveFacts, func(m *moveRow) []any {
			return append(append(lineItems.Fields(&m.item), subscriptionstore.Table.Fields(&m.old)...), &m.base, &m.in, (*store.Stamp)(&m.readAt))
		}, ordinalRows(ordinals), t.ID, slices.Min(ordinals), slices.Max(ordinals))
		if err != nil {
			return nil, err
		}
		facts, found := make([]MoveFact, len(rows)), map[int]bool{}
		for i, m := range rows {
			facts[i] = MoveFact{Item: m.LineItem, Old: m.old, BaseStatus: m.base, Sandbox: m.in == programme.Sandbox.String(), ReadAt: s.db.TimeRead(m.readAt)}
			found[m.Ordinal] = true
		}
		return facts, checkFound(ordinals, found)
	})
	return of, facts, err
}

// checkFound refuses ordinals that the transfer does not have.
func checkFound(ordinals []int, found map[int]bool) error {
	for _, n := range ordinals {
		if !found[n] {
			return kernel.Refuse(transfer.ItemNotFound, "The transfer has no line item %d.", n)
		}
	}
	return nil
}

// leave gives line items leave to go to a billing system, unless they ended or are to end.
var leave = store.OverRows(`UPDATE line_items SET sent_at = COALESCE(sent_at, {now $3}), attempted_at = {now $3}
	WHERE transfer_id = $2 AND status = 'InProgress' AND ending = '' AND ordinal IN (SELECT r.ordinal FROM {rows}) RETURNING ordinal`, ordinalColumn)

// Leave gives line items leave for one call of a billing system that is not the ledger, and returns those that got it: not
// those that have ended or that an operator wants ended. It is committed before the call, so that whoever ends an item
// afterwards knows that the billing system may have been asked.
func (s *Store) Leave(ctx context.Context, id string, ordinals []int) (map[int]bool, error) {
	store.Lower(&id)
	granted := map[int]bool{}
	_, err := write(ctx, s, "give leave to move", func(tx session) (bool, error) {
		found, err := store.All(ctx, tx, leave, store.Value[int], ordinalRows(ordinals), id, s.db.Given())
		clear(granted)
		for _, n := range found {
			granted[n] = true
		}
		return true, err
	})
	return granted, err
}

// MoveFact is what the mover has to know of one line item.
type MoveFact struct {
	Item       transfer.LineItem
	Old        subscription.Subscription // as the source has it now
	BaseStatus transfer.ItemStatus       // of the add-on's base; NoItem when the item is not an add-on
	Sandbox    bool                      // of sandbox tenants: nothing about it is real
	ReadAt     time.Time                 // by the ledger's clock
}
