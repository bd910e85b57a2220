package transferstore

// Line items on the move: what the mover has to know of them, and what became of them, a window at a time. Windows of one
// transfer commit side by side: each locks its own line items and, for add-ons, their bases, in ordinal order, then the
// subscriptions it moves, and never the transfer.

import (
	"context"
	"errors"
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
	readAt time.Time
}

// The statements about a window also name its bounds, $3 and $4: a planner that takes every transfer for a small one
// would otherwise read all ten thousand items of a large one for each window.

var selectMoveFacts = store.OverRows(`SELECT `+lineItems.Columns.Of("i")+`, `+subscriptionstore.Table.Columns.Of("s")+`,
		COALESCE((SELECT b.status FROM line_items b WHERE b.transfer_id = i.transfer_id AND b.ordinal = i.base_ordinal), ''), {clock}
	FROM line_items i JOIN subscriptions s ON s.id = i.subscription_id
	WHERE i.transfer_id = $2 AND i.ordinal BETWEEN $3 AND $4 AND i.ordinal IN (SELECT r.ordinal FROM {rows})
	ORDER BY i.ordinal`, ordinalColumn)

// MoveFacts loads what the mover has to know of the line items with these ordinals, in ordinal order, in two queries. The
// transfer comes without the counts of its line items.
//
// Refusals: NotFound; ItemNotFound when the transfer has no such line item.
func (l *Store) MoveFacts(ctx context.Context, id string, ordinals []int) (transfer.Transfer, []MoveFact, error) {
	var of transfer.Transfer
	facts, err := read(ctx, l, "load line items", func(s session) ([]MoveFact, error) {
		t, err := s.header(ctx, id)
		of = t.Transfer
		if err != nil || len(ordinals) == 0 {
			return nil, err
		}
		rows, err := store.All(ctx, s, selectMoveFacts, func(m *moveRow) []any {
			return append(append(lineItems.Fields(&m.item), subscriptionstore.Table.Fields(&m.old)...), &m.base, (*store.Stamp)(&m.readAt))
		}, ordinalRows(ordinals), t.ID, slices.Min(ordinals), slices.Max(ordinals))
		if err != nil {
			return nil, err
		}
		facts, found := make([]MoveFact, len(rows)), map[int]bool{}
		for i, m := range rows {
			facts[i] = MoveFact{Item: m.LineItem, Old: m.old, BaseStatus: m.base, ReadAt: l.db.TimeRead(m.readAt)}
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

// RecordItems writes what one attempt made of a window of line items, all of it in one transaction with a constant number
// of statements, and returns the items as they stand then, in ordinal order. Items that have ended stay as they are (I-2,
// A subscription that can no longer move, though it could when it was submitted, makes its item Failed; one that
// a billing system was asked to move begins to end, and the run that has to see to it is told.
//
// Refusals: NotFound; ItemNotFound when the transfer has no such line item.
func (l *Store) RecordItems(ctx context.Context, id string, results []ItemResult) ([]transfer.LineItem, error) {
	return l.recordItems(ctx, id, results, false)
}

func (l *Store) recordItems(ctx context.Context, id string, results []ItemResult, unasked bool) ([]transfer.LineItem, error) {
	if len(results) == 0 {
		return nil, nil
	}
	return write(ctx, l, "record line items", func(s session) ([]transfer.LineItem, error) {
		w, err := l.lockWindow(ctx, s, id, results)
		if err != nil {
			return nil, err
		}
		for i := range w.items {
			if err := w.settle(&w.items[i]); err != nil {
				return nil, err
			}
		}
		if err := w.save(ctx, s); err != nil {
			return nil, err
		}
		return bare(w.items), w.tellRuns(ctx, s, unasked)
	})
}

// leave gives line items leave to go to a billing system, unless they ended or are to end.
var leave = store.OverRows(`UPDATE line_items SET sent_at = COALESCE(sent_at, {now $3}), attempted_at = {now $3}
	WHERE transfer_id = $2 AND status = 'InProgress' AND ending = '' AND ordinal IN (SELECT r.ordinal FROM {rows}) RETURNING ordinal`, ordinalColumn)

// Leave gives line items leave for one call of a billing system that is not the ledger, and returns those that got it: not
// those that have ended or that an operator wants ended. It is committed before the call, so that whoever ends an item
// afterwards knows that the billing system may have been asked.
func (l *Store) Leave(ctx context.Context, id string, ordinals []int) (map[int]bool, error) {
	store.Lower(&id)
	granted := map[int]bool{}
	_, err := write(ctx, l, "give leave to move", func(s session) (bool, error) {
		found, err := store.All(ctx, s, leave, store.Value[int], ordinalRows(ordinals), id, l.db.Given())
		clear(granted)
		for _, n := range found {
			granted[n] = true
		}
		return true, err
	})
	return granted, err
}

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
	bases      []int // ordinals of the bases that moved
	strays     []int // of items that moved of which base or add-ons may have moved by an operator's word
	ending     []int // of items that the billing system has to be kept from
}

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
func (s session) lockItems(ctx context.Context, transferID string, ordinals ...int) ([]item, error) {
	return store.All(ctx, s, lockItems, lineItems.Fields, ordinalRows(ordinals), transferID, slices.Min(ordinals), slices.Max(ordinals))
}

// windowRow is a transfer with what is to be known of all of its line items.
type windowRow struct {
	record
	hasAddons bool
}

var selectWindowHeader = store.Both(`SELECT ` + transfers.Columns.Of("t") + `, {clock},
	EXISTS (SELECT 1 FROM line_items a WHERE a.transfer_id = t.id AND a.base_ordinal IS NOT NULL) FROM transfers t WHERE t.id = $1`)

// windowHeader reads a transfer without counting its line items.
func (s session) windowHeader(ctx context.Context, id string) (windowRow, error) {
	store.Lower(&id)
	t, err := store.Known(ctx, s, transfer.NoSuchTransfer(), selectWindowHeader, func(r *windowRow) []any {
		return append(transfers.Fields(&r.record), (*store.Stamp)(&r.readAt), &r.hasAddons)
	}, id)
	t.record = t.whole()
	return t, err
}

// lockWindow loads and locks everything the results are about.
func (l *Store) lockWindow(ctx context.Context, s session, id string, results []ItemResult) (*window, error) {
	t, err := s.windowHeader(ctx, id)
	if err != nil {
		return nil, err
	}
	w := &window{
		now: l.db.TimeRead(t.readAt), of: t.Transfer, hasAddons: t.hasAddons, results: map[int]ItemResult{}, byOrdinal: map[int]transfer.LineItem{}, known: map[string]subscription.Subscription{},
	}
	if w.policy, err = l.rulesOf(ctx, s, t.record); err != nil {
		return nil, err
	}
	var ordinals []int
	for _, r := range results {
		store.Lower(&r.TargetSubscriptionID)
		w.results[r.Ordinal] = r
		ordinals = append(ordinals, r.Ordinal)
	}
	if err := w.lockItems(ctx, s, ordinals); err != nil {
		return nil, err
	}
	return w, w.lockMoving(ctx, s)
}

func (w *window) lockItems(ctx context.Context, s session, ordinals []int) error {
	locked, err := s.lockItems(ctx, w.of.ID, ordinals...)
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

// decide asks the domain about one line item. The counts it goes by are those of the window, which is locked; counting a
// whole transfer of ten thousand for every window would cost more than moving them.
func (w *window) decide(c transfer.Command) (err error) {
	w.of.State, _, err = w.policy.Decide(w.of.State, c, kernel.Platform(), w.now)
	return err
}

// lockMoving loads the subscriptions that are about to move, any that bears a new id already, and the partners.
func (w *window) lockMoving(ctx context.Context, s session) error {
	var ids []string
	for _, it := range w.items {
		if r := w.results[it.Ordinal]; it.Status == transfer.ItemInProgress && r.moved() {
			ids = append(ids, it.SubscriptionID, r.TargetSubscriptionID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return w.lockSubscriptions(ctx, s, ids...)
}

func (w *window) lockSubscriptions(ctx context.Context, s session, ids ...string) error {
	found, err := subscriptionstore.Lock(ctx, s.Tx, ids...)
	if err != nil {
		return err
	}
	for _, sub := range found {
		w.known[sub.ID] = sub
	}
	if slices.ContainsFunc(found, subscription.Subscription.IsCommitment) { // nothing else is decided by who takes part
		w.source, w.target, err = s.parties(ctx, w.of)
	}
	return err
}

// moved tells whether the attempt succeeded.
func (r ItemResult) moved() bool { return r.Refusal == nil && r.Failure == "" && r.Fence == Unfenced }

// settle applies the result of one line item.
func (w *window) settle(it *item) error {
	if it.Status != transfer.ItemInProgress {
		return nil
	}
	r := w.results[it.Ordinal]
	w.accept(it, r)
	var err error
	switch {
	case r.Refusal != nil && (r.Refusal.Cause != transfer.ProviderRefused || r.Uncertain) && !it.SentAt.IsZero():
		w.askToEnd(it, r.Refusal)
	case r.Refusal != nil:
		err = w.refuse(it, r.Refusal)
	case r.Failure != "":
		it.LastError = store.Clean(r.Failure)
	case r.Fence != Unfenced:
		err = w.endFenced(it, r.Fence)
	default:
		err = w.move(it, r.TargetSubscriptionID)
	}
	it.AttemptedAt = w.now // somebody goes on with it, which is what the watch looks for
	if !r.Uncounted {
		it.Attempts++
	}
	w.out.items = append(w.out.items, *it)
	w.byOrdinal[it.Ordinal] = it.LineItem
	return err
}

// accept notes whether the billing system is at work on the item.
func (w *window) accept(it *item, r ItemResult) {
	switch r.Acceptance {
	case Accepted:
		if it.AcceptedAt.IsZero() {
			it.AcceptedAt = w.now
		}
		if r.Where != "" {
			it.AcceptedWhere = r.Where
		}
	case Forgotten:
		it.AcceptedAt, it.AcceptedWhere = time.Time{}, ""
	default: // as it was
	}
}

// askToEnd begins the end of an item that is refused, by this platform or not for certain, although a billing system was asked for
// it: what became of it there is to be known first.
func (w *window) askToEnd(it *item, r *kernel.Refusal) {
	it.LastError = store.Clean(r.Message)
	if it.Ending == transfer.NotEnding {
		it.Ending, it.EndingReason, it.EndingSince = transfer.EndingRefused, store.Clean(r.Message), w.now
		w.out.ending = append(w.out.ending, it.Ordinal)
	}
}

// refuse ends the item as Failed.
func (w *window) refuse(it *item, r *kernel.Refusal) error {
	if err := w.decide(transfer.ItemRefused{Item: it.Status}); err != nil {
		return err
	}
	it.Status, it.TransferError = transfer.ItemFailed, store.Clean(r.Message)
	if it.TransferError == "" {
		it.TransferError = string(r.Cause)
	}
	it.LastError, it.Ending = it.TransferError, transfer.NotEnding
	return nil
}

// endFenced ends the item as Failed with the operator's reason. Without a promise of the billing system the item is held: its
// subscription stays locked until somebody knows whether it moved.
func (w *window) endFenced(it *item, f Fence) error {
	if err := w.decide(transfer.ItemRefused{Item: it.Status}); err != nil {
		return err
	}
	it.Status, it.TransferError, it.Ending, it.Held = transfer.ItemFailed, it.EndingReason, transfer.NotEnding, f == FenceUnanswered
	return nil
}

// move ends the item as Complete: the old subscription is deleted and the target gets its successor.
func (w *window) move(it *item, newID string) error {
	if newID == "" {
		return errors.New("a line item that moved needs the id of its new subscription")
	}
	if _, used := w.known[newID]; used {
		it.LastError = "The billing system answered with subscription " + newID + ", which exists already."
		return nil
	}
	old := w.known[it.SubscriptionID]
	var refusal *kernel.Refusal
	if errors.As(transfer.CheckMovable(w.of, old), &refusal) {
		if !it.SentAt.IsZero() { // a billing system moved it all the same
			it.Held, it.LateID = true, newID
		}
		return w.refuse(it, refusal)
	}
	if err := w.decide(transfer.ItemDone{Item: it.Status}); err != nil {
		return err
	}
	w.hand(it.LineItem, old, newID)
	if it.BaseOrdinal == transfer.NoBase {
		w.out.bases = append(w.out.bases, it.Ordinal)
	} else if w.byOrdinal[it.BaseOrdinal].Status == transfer.ItemFailed {
		w.out.strays = append(w.out.strays, it.Ordinal)
	}
	it.Status, it.TargetSubscriptionID, it.Ending = transfer.ItemComplete, newID, transfer.NotEnding
	return nil
}

// hand ends the old subscription and gives the target its successor.
func (w *window) hand(it transfer.LineItem, old subscription.Subscription, newID string) {
	successor := transfer.Successor(w.of, it, old, w.source, w.target, newID, w.now)
	if it.BaseOrdinal != transfer.NoBase {
		successor.ParentID = w.byOrdinal[it.BaseOrdinal].TargetSubscriptionID // empty until the base moved
	}
	w.known[newID] = successor
	w.out.deleted = append(w.out.deleted, old.ID)
	w.out.successors = append(w.out.successors, successor)
}

var (
	// adoptAddons gives add-ons that moved before their base did their new parent.
	adoptAddons = store.OverRows(`UPDATE subscriptions SET parent_id = b.target_subscription_id
		FROM line_items a JOIN line_items b ON b.transfer_id = a.transfer_id AND b.ordinal = a.base_ordinal
		WHERE a.transfer_id = $2 AND a.base_ordinal BETWEEN $3 AND $4
		AND b.transfer_id = $2 AND b.ordinal BETWEEN $3 AND $4 AND b.ordinal IN (SELECT r.ordinal FROM {rows})
		AND subscriptions.id = a.target_subscription_id AND subscriptions.parent_id IS NULL`, ordinalColumn)
	// joinStrays does so where add-on or base moved by an operator's word: such a line item does not say under which id, but
	// the new subscription is what the target has in the lineage.
	joinStrays = store.OverRows(`UPDATE subscriptions SET parent_id = parent.id
		FROM line_items a JOIN line_items b ON b.transfer_id = a.transfer_id AND b.ordinal = a.base_ordinal
		JOIN transfers t ON t.id = a.transfer_id
		JOIN subscriptions addon ON addon.id = a.subscription_id JOIN subscriptions base ON base.id = b.subscription_id
		JOIN subscriptions parent ON parent.lineage_id = base.lineage_id
		WHERE a.transfer_id = $2 AND (a.ordinal IN (SELECT r.ordinal FROM {rows}) OR b.ordinal IN (SELECT r.ordinal FROM {rows}))
		AND parent.partner_tenant_id = t.target_tenant_id AND parent.status <> 'deleted'
		AND subscriptions.lineage_id = addon.lineage_id AND subscriptions.partner_tenant_id = t.target_tenant_id
		AND subscriptions.status <> 'deleted' AND subscriptions.parent_id IS NULL`, ordinalColumn)
)

// save writes the outcome. The old subscriptions end before the new ones begin, so that a lineage never has two (I-1).
func (w *window) save(ctx context.Context, s session) error {
	if len(w.out.items) == 0 {
		return nil
	}
	if len(w.out.successors) > 0 {
		if err := subscriptionstore.End(ctx, s.Tx, w.out.deleted...); err != nil {
			return err
		}
		if err := subscriptionstore.Insert(ctx, s.Tx, w.out.successors); err != nil {
			return err
		}
	}
	if err := s.saveItems(ctx, w.out.items...); err != nil {
		return err
	}
	return w.joinFamilies(ctx, s)
}

// joinFamilies gives add-ons at the target their base where the two did not move at once.
func (w *window) joinFamilies(ctx context.Context, s session) error {
	if len(w.out.strays) > 0 {
		if _, err := s.Exec(ctx, joinStrays, ordinalRows(w.out.strays), w.of.ID); err != nil {
			return err
		}
	}
	if len(w.out.bases) == 0 || !w.hasAddons {
		return nil
	}
	_, err := s.Exec(ctx, adoptAddons, ordinalRows(w.out.bases), w.of.ID, slices.Min(w.out.bases), slices.Max(w.out.bases))
	return err
}

// ItemResult is what one attempt made of a line item.
type ItemResult struct {
	Ordinal              int
	TargetSubscriptionID string          // the item moved, to this subscription
	Refusal              *kernel.Refusal // the item can never move
	Uncertain            bool            // the refusal may not be about all that the billing system was asked before
	Failure              string          // the attempt failed, another may succeed
	Uncounted            bool            // it was no attempt to move: its base is not moved yet, or it was asked about or to be left
	Acceptance           Acceptance      // what the billing system says of a move that it does later
	Where                string          // where it wants to be asked about an accepted move; empty for where it said before
	Fence                Fence           // the item was given up, and this is what the billing system says to it
}

// Acceptance is what a billing system says of a move that it was asked for before.
type Acceptance string

// The words.
const (
	NothingNew Acceptance = ""
	Accepted   Acceptance = "accepted" // it is at work on it
	Forgotten  Acceptance = "unknown"  // it does not know of it, and is to be asked for it again
)

// Fence is what a billing system says when it is asked never to move a line item that it was asked to move before.
type Fence string

// The answers. That it has moved the item already is told as a move.
const (
	Unfenced        Fence = ""
	FencePromised   Fence = "promised"   // it never will
	FenceUnanswered Fence = "unanswered" // it cannot or did not say
)

// MoveFact is what the mover has to know of one line item.
type MoveFact struct {
	Item       transfer.LineItem
	Old        subscription.Subscription // as the source has it now
	BaseStatus transfer.ItemStatus       // of the add-on's base; NoItem when the item is not an add-on
	ReadAt     time.Time                 // by the ledger's clock
}
