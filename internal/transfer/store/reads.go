package transferstore

// Everything that only asks. Reads never wait for writers and never start a transaction.

import (
	"context"
	"fmt"
	"math"

	"handover/internal/store"
	"handover/internal/transfer"
)

// Transfer reads one transfer with the counts of its line items. Refusal: NotFound.
func (s *Store) Transfer(ctx context.Context, id string) (transfer.Transfer, error) {
	store.Lower(&id)
	return read(ctx, s, "read transfer", func(tx session) (transfer.Transfer, error) {
		t, err := store.Known(ctx, tx, transfer.NoSuchTransfer(), selectTransfer, countedFields, id)
		return t.whole().Transfer, err
	})
}

// Transfers lists transfers with the counts of their line items, the newest first.
func (s *Store) Transfers(ctx context.Context, f Filter) ([]transfer.Transfer, error) {
	store.Lower(&f.CustomerTenantID, &f.PartnerTenantID)
	var w store.Where
	w.And(f.CustomerTenantID, "t.customer_tenant_id = %s")
	w.And(f.PartnerTenantID, "(t.source_tenant_id = %[1]s OR t.target_tenant_id = %[1]s)")
	w.And(string(f.Status), "t.status = %s")
	limit := math.MaxInt32
	if f.Limit > 0 {
		limit = f.Limit
	}
	list := store.Both(fmt.Sprintf("SELECT %s, %s FROM transfers t%s ORDER BY t.created_time DESC, t.id LIMIT %d",
		transfers.Columns.Of("t"), counted, w.Clause(), limit))
	return read(ctx, s, "list transfers", func(tx session) ([]transfer.Transfer, error) {
		records, err := store.All(ctx, tx, list, countedFields, w.Args...)
		found := make([]transfer.Transfer, len(records))
		for i, r := range records {
			found[i] = r.whole().Transfer
		}
		return found, err
	})
}

var selectItems = store.Both(`SELECT ` + lineItems.Columns.Of("i") + ` FROM line_items i
	WHERE i.transfer_id = $1 AND i.ordinal >= $2 AND i.ordinal < $3 ORDER BY i.ordinal`)

// Items reads the line items with ordinals from (included) to (excluded), in ordinal order; to < 0 means all that follow.
// Refusal: NotFound.
func (s *Store) Items(ctx context.Context, id string, from, to int) ([]transfer.LineItem, error) {
	store.Lower(&id)
	if to < 0 {
		to = math.MaxInt32
	}
	return read(ctx, s, "read line items", func(tx session) ([]transfer.LineItem, error) {
		items, err := store.All(ctx, tx, selectItems, lineItems.Fields, id, from, to)
		if err == nil && len(items) == 0 {
			_, err = tx.header(ctx, id)
		}
		return bare(items), err
	})
}

var countOpenItems = store.Both(`SELECT COUNT(*) FROM line_items WHERE status = 'InProgress'`)

// OpenItems counts the line items that are not over, of all transfers.
func (s *Store) OpenItems(ctx context.Context) (int, error) {
	return read(ctx, s, "count open line items", func(tx session) (int, error) {
		n, _, err := store.One(ctx, tx, countOpenItems, store.Value[int])
		return n, err
	})
}

// Filter narrows a list of transfers; empty fields do not narrow.
type Filter struct {
	CustomerTenantID string
	PartnerTenantID  string // as source or target
	Status           transfer.Status
	Limit            int // 0 for all
}
