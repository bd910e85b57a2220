package transferstore

// A run of line items whose results are being recorded: what is loaded and locked for them, and how their outcome is written. Windows
// of one transfer commit side by side: each locks its own line items and, for add-ons, their bases, in ordinal order, then the
// subscriptions it moves, and never the transfer.

import (
	"context"
	"slices"
	"time"

	commercestore "handover/internal/commerce/store"
	"handover/internal/programme"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
)

// window is a run of line items whose results are being recorded.
type window struct {
	policy    transfer.Policy
	now       time.Time
	of        transfer.Transfer
	hasAddons bool // some line item of the transfer waits for another
	source    programme.Partner
	target    programme.Partner
	results   map[int]ItemResult
	items     []item                               // of the window, in ordinal order
	byOrdinal map[int]transfer.LineItem            // those and the bases of the add-ons among them, as they stand now
	known     map[string]subscription.Subscription // by id: those that move, and any that has a new id already
	out       outcome
}

// outcome is what a window has to write.
type outcome struct {
	items      []item
	deleted    []string // ids of the old subscriptions
	successors []subscription.Subscription
	moves      []commercestore.Move // what became what
	bases      []int                // ordinals of the bases that moved
	strays     []int                // of items that moved of which base or add-ons may have moved by an operator's word
	ending     []int                // of items that the billing system has to be kept from
}

// The statements about a window also name its bounds, $3 and $4: a planner that takes every transfer for a small one
// would otherwise read all ten thousand items of a large one for each window.

// lockItems reads line items with the bases of those that are add-ons, and keeps them from changing. Which base an add-on
// has never changes, so the inner query needs no lock.
var lockItems = store.OverRows(`SELECT `+lineItems.Columns.Of("i")+` FROM line_items i
	WHERE i.transfer_id = $2
	AND i.ordinal BETWEEN COALESCE((SELECT MIN(a.base_ordinal) FROM line_items a
		WHERE a.transfer_id = $2 AND a.ordinal BETWEEN $3 AND $4 AND a.base_ordinal < $3), $3) AND $4
	AND i.ordinal IN (SELECT r.ordinal FROM {rows}
		UNION SELECT a.base_ordinal FROM line_items a WHERE a.transfer_id = $2 AND a.ordinal BETWEEN $3 AND $4
			AND a.base_ordinal IS NOT NULL AND a.ordinal IN (SELECT r.ordinal FROM {rows}))
	ORDER BY i.ordinal FOR UPDATE`, ordinalColumn)

// lockItems locks the line items with these ordinals, and their bases, and returns both in ordinal order.
func (tx session) lockItems(ctx context.Context, transferID string, ordinals ...int) ([]item, error) {
	return store.All(ctx, tx, lockItems, lineItems.Fields, ordinalRows(ordinals), transferID, slices.Min(ordinals), slices.Max(ordinals))
}

// windowRow is a transfer with what is to be known of all of its line items.
type windowRow struct {
	record
	hasAddons bool
}

var selectWindowHeader = store.Both(`SELECT ` + transfers.Columns.Of("t") + `, {clock},
	EXISTS (SELECT 1 FROM line_items a WHERE a.transfer_id = t.id AND a.base_ordinal IS NOT NULL) FROM transfers t WHERE t.id = $1`)

// windowHeader reads a transfer without counting its line items.
func (tx session) windowHeader(ctx context.Context, id string) (windowRow, error) {
	store.Lower(&id)
	t, err := store.Known(ctx, tx, transfer.NoSuchTransfer(), selectWindowHeader, func(r *windowRow) []any {
		return append(transfers.Fields(&r.record), (*store.Stamp)(&r.readAt), &r.hasAddons)
	}, id)
	t.record = t.whole()
	return t, err
}

// lockWindow loads and locks everything the results are about.
func (s *Store) lockWindow(ctx context.Context, tx session, id string, results []ItemResult) (*window, error) {
	t, err := tx.windowHeader(ctx, id)
	if err != nil {
		return nil, err
	}
	w := &window{
		now: s.db.TimeRead(t.readAt), of: t.Transfer, hasAddons: t.hasAddons, results: map[int]ItemResult{}, byOrdinal: map[int]transfer.LineItem{}, known: map[string]subscription.Subscription{},
	}
	if w.policy, err = s.rulesOf(ctx, tx, t.record); err != nil {
		return nil, err
	}
	var ordinals []int
	for _, r := range results {
		store.Lower(&r.TargetSubscriptionID)
		w.results[r.Ordinal] = r
		ordinals = append(ordinals, r.Ordinal)
	}
	if err := w.lockItems(ctx, tx, ordinals); err != nil {
		return nil, err
	}
	return w, w.lockMoving(ctx, tx)
}

func (w *window) lockItems(ctx context.Context, tx session, ordinals []int) error {
	locked, err := tx.lockItems(ctx, w.of.ID, ordinals...)
	if err != nil {
		return err
	}
	found := map[int]bool{}
	for _, it := range locked {
		found[it.Ordinal] = true
		w.byOrdinal[it.Ordinal] = it.LineItem
		if _, meant := w.results[it.Ordinal]; meant {
			w.items = append(w.items, it)
			if it.Status == transfer.ItemInProgress {
				w.of.Items.InProgress++
			}
		}
	}
	return checkFound(ordinals, found)
}

// lockMoving loads the subscriptions that are about to move, any that bears a new id already, and the partners.
func (w *window) lockMoving(ctx context.Context, tx session) error {
	var ids []string
	for _, it := range w.items {
		if r := w.results[it.Ordinal]; it.Status == transfer.ItemInProgress && r.moved() {
			ids = append(ids, it.SubscriptionID, r.TargetSubscriptionID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return w.lockSubscriptions(ctx, tx, ids...)
}

func (w *window) lockSubscriptions(ctx context.Context, tx session, ids ...string) error {
	found, err := subscriptionstore.Lock(ctx, tx.Tx, ids...)
	if err != nil {
		return err
	}
	for _, sub := range found {
		w.known[sub.ID] = sub
	}
	w.source, w.target, err = tx.parties(ctx, w.of)
	return err
}

// save writes the outcome. The old subscriptions end before the new ones begin, so that a lineage never has two (I-1).
func (w *window) save(ctx context.Context, tx session) error {
	if len(w.out.items) == 0 {
		return nil
	}
	if len(w.out.successors) > 0 {
		if err := subscriptionstore.EndMoved(ctx, tx.Tx, w.out.deleted...); err != nil {
			return err
		}
		if err := subscriptionstore.Insert(ctx, tx.Tx, w.out.successors); err != nil {
			return err
		}
		if err := commercestore.Moved(ctx, tx.Tx, w.of.ID, w.of.SubmittedTime, w.now, w.out.moves); err != nil {
			return err
		}
		if err := runs.Want(ctx, tx.Tx, subscriptionstore.CancellationRuns(runs.CauseOpened, w.out.successors...)...); err != nil {
			return err
		}
	}
	if err := tx.saveItems(ctx, w.out.items...); err != nil {
		return err
	}
	return w.joinFamilies(ctx, tx)
}
