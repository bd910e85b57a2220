package transferstore

// What became known of a line item that ended although its billing system could not say whether it moved: an operator found
// out, or the billing system itself says so in the end (late.go).

import (
	"context"
	"fmt"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Resolution is an operator's word about what became of a held line item.
type Resolution struct {
	RequestID string       `json:"requestId"`
	Actor     kernel.Actor `json:"actor"`
	Ordinal   int          `json:"ordinal"`
	MovedTo   string       `json:"movedTo,omitempty"` // id of the target's new subscription; empty when it did not move
	Reason    string       `json:"reason"`
}

// ResolveHeld ends the hold on a line item's subscription and returns the item. A subscription that did not move is free for
// another transfer; of one that moved the old one ends and the target gets its successor under the id that it has at the billing
// system. How line item and transfer ended stays as it is (I-2, I-5).
//
// Refusals: those of transfer.State.Resolve; ItemNotFound; ItemNotHeld; InvalidInput for a new id that is no GUID or in use;
// those of transfer.CheckMovable. Errors: those of command.Execute.
func (s *Store) ResolveHeld(ctx context.Context, id string, r Resolution, terms command.Terms[transfer.LineItem]) (transfer.LineItem, error) {
	return carryOut(ctx, s, "resolve a held line item", terms, func(tx session) (transfer.LineItem, error) {
		st, err := s.begin(ctx, tx, id, r.Actor, terms.Origin)
		if err != nil {
			return transfer.LineItem{}, err
		}
		if st.effects, err = st.of.Resolve(r.Reason, r.Actor); err != nil {
			return transfer.LineItem{}, err
		}
		return st.resolve(ctx, tx, r, terms.ByRun)
	})
}

// resolve does what was permitted.
func (st *step) resolve(ctx context.Context, tx session, r Resolution, byRun bool) (transfer.LineItem, error) {
	w, err := st.windowOn(ctx, tx, r.Ordinal)
	if err != nil {
		return transfer.LineItem{}, err
	}
	it := &w.items[0]
	if err := it.CheckHeld(); err != nil {
		return transfer.LineItem{}, err
	}
	if r.MovedTo != "" {
		if r.MovedTo, err = kernel.ParseID("movedTo", r.MovedTo); err != nil {
			return transfer.LineItem{}, err
		}
		if err := w.handHeld(ctx, tx, it.LineItem, r.MovedTo); err != nil {
			return transfer.LineItem{}, err
		}
	}
	if it.LateID != "" && r.MovedTo == "" { // what was wrong was undone there, and it stays where it had moved before
		if r.MovedTo, err = st.movedBefore(ctx, tx, it.LineItem); err != nil {
			return transfer.LineItem{}, err
		}
	}
	it.Held, it.LateID = false, ""
	w.out.items = w.items
	if err := w.save(ctx, tx); err != nil {
		return transfer.LineItem{}, err
	}
	return it.LineItem, st.tellResolved(ctx, tx, it.LineItem, r, byRun)
}

// windowOn is a window of the one line item, locked. Refusal: ItemNotFound.
func (st *step) windowOn(ctx context.Context, tx session, ordinal int) (*window, error) {
	w := &window{
		policy: st.rules, now: st.at, of: st.of.Transfer, results: map[int]ItemResult{ordinal: {Ordinal: ordinal}},
		byOrdinal: map[int]transfer.LineItem{}, known: map[string]subscription.Subscription{},
	}
	return w, w.lockItems(ctx, tx, []int{ordinal})
}

// handHeld hands a held subscription over under the id that the billing system gave it.
func (w *window) handHeld(ctx context.Context, tx session, it transfer.LineItem, newID string) error {
	if err := w.lockSubscriptions(ctx, tx, it.SubscriptionID, newID); err != nil {
		return err
	}
	if _, used := w.known[newID]; used {
		return kernel.Refuse(kernel.InvalidInput, "Subscription %s exists already. Name the one that the target got for this line item.", newID).About(newID)
	}
	old := w.known[it.SubscriptionID]
	if err := transfer.CheckMovable(w.of, old); err != nil {
		return err
	}
	w.hand(it, old, newID)
	w.out.strays = append(w.out.strays, it.Ordinal)
	return nil
}

// tellResolved writes a record for either participant, and makes a run that still shows the line item as held look again. It
// is no change of the transfer, which keeps its change_id.
func (st *step) tellResolved(ctx context.Context, tx session, it transfer.LineItem, r Resolution, byRun bool) error {
	key, err := st.nextKey(ctx, tx, it.Ordinal)
	if err != nil {
		return err
	}
	told := happening{
		of: st.of, effects: st.effects, key: key, actor: r.Actor, origin: st.origin, at: st.at,
		detail: detail{RequestID: r.RequestID, Resolved: &transfer.ResolvedItem{
			Ordinal: it.Ordinal, SubscriptionID: it.SubscriptionID, Moved: r.MovedTo != "", TargetSubscriptionID: r.MovedTo, Reason: store.Clean(r.Reason),
		}},
	}
	if _, err := tx.tell(ctx, &told); err != nil || st.of.Status.Final() {
		return err
	}
	return st.follow(ctx, tx, runs.CauseResumed, byRun)
}

// selectWord is the newest record that the target has of how a line item was resolved.
var selectWord = store.Both(`SELECT a.new_value FROM activity_log a WHERE a.resource_id = $1 AND a.partner_tenant_id = $2
	AND (a.event_key = $3 OR a.event_key LIKE $3 || ':%') ORDER BY a.recorded_at DESC LIMIT 1`)

// movedBefore is where a line item had moved to, by itself or by the word of an operator; empty when it had not.
func (st *step) movedBefore(ctx context.Context, tx session, it transfer.LineItem) (string, error) {
	if it.Status == transfer.ItemComplete {
		return it.TargetSubscriptionID, nil
	}
	text, known, err := store.One(ctx, tx, selectWord, store.Value[string], st.of.ID, st.of.TargetTenantID, fmt.Sprintf("%s:%d", transfer.EventResolved, it.Ordinal))
	if err != nil || !known {
		return "", err
	}
	ended, err := endedRow{resolution: text}.ended()
	return ended.MovedTo, err
}

var countEvents = store.Both(`SELECT COUNT(*) FROM activity_log WHERE resource_id = $1 AND partner_tenant_id = $2 AND (event_key = $3 OR event_key LIKE $3 || ':%')`)

// nextKey is the key of an event of one line item that may happen more than once: the billing system may contradict what was resolved.
func (st *step) nextKey(ctx context.Context, tx session, ordinal int) (string, error) {
	key := fmt.Sprintf("%s:%d", st.effects.Event, ordinal)
	before, _, err := store.One(ctx, tx, countEvents, store.Value[int], st.of.ID, st.of.SourceTenantID, key)
	if before > 0 {
		key = fmt.Sprintf("%s:%d", key, before+1)
	}
	return key, err
}
