package transferstore

// What a billing system says of a line item that has ended already. Its word settles a held item, and may prove the end of
// another one wrong; how line item and transfer ended stays as it is all the same (I-2, I-5).

import (
	"context"
	"errors"
	"strings"

	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
)

// LateAnswer is what a billing system says of a move.
type LateAnswer struct {
	Ordinal int
	MovedTo string // id of the target's new subscription; empty when it never moves
}

// saidLater is the reason of a resolution that nobody had to give.
const saidLater = "The billing system said so after the line item had ended."

// selectOthers are the line items of other transfers that have a subscription now, or had it and moved it.
var selectOthers = store.Both(`SELECT i.ordinal FROM line_items i WHERE i.subscription_id = $1 AND i.transfer_id <> $2 AND (i.status = 'InProgress' OR i.held)
	UNION ALL SELECT i.ordinal FROM line_items i WHERE i.subscription_id = $1 AND i.transfer_id <> $2 AND i.status = 'Complete' AND i.sent_at IS NOT NULL
	LIMIT 1`)

// Late is what a late answer made of a line item.
type Late string

// The outcomes.
const (
	LateNothing      Late = ""
	LateResolved     Late = "resolved"     // it was held, and is not any more
	LateContradicted Late = "contradicted" // it had ended otherwise (I-8)
)

// AnsweredLate takes the billing system's word about a line item that has ended. A held one is resolved by it, with a record for
// both parties. One that had been freed because the billing system promised never to move it, or refused, and that it moved all
// the same, is held again where nobody else has taken its subscription; another transfer that is moving it is kept from that. One
// that it moved to two subscriptions, and every other contradiction, stands out until an operator resolves it (I-8).
// Everything else was known.
//
// Refusals: NotFound; ItemNotFound.
func (s *Store) AnsweredLate(ctx context.Context, id string, a LateAnswer) (Late, error) {
	store.Lower(&id, &a.MovedTo)
	return write(ctx, s, "take a late answer", func(tx session) (Late, error) {
		st, err := s.begin(ctx, tx, id, kernel.Platform(), kernel.Origin{})
		if err != nil {
			return LateNothing, err
		}
		w, err := st.windowOn(ctx, tx, a.Ordinal)
		if err != nil {
			return LateNothing, err
		}
		it := &w.items[0]
		switch {
		case it.Status == transfer.ItemInProgress:
			return LateNothing, nil
		case it.Held && it.LateID == "":
			return st.settleHeld(ctx, tx, w, a)
		case a.MovedTo != "":
			return s.contradict(ctx, tx, &st, w, a.MovedTo)
		}
		return LateNothing, nil
	})
}

// Contradiction is a line item that the billing system moved although it had ended otherwise.
type Contradiction struct {
	TransferID           string
	Ordinal              int
	TargetSubscriptionID string
}

// TakeLate takes those of the results to whose line items it was too late when they were recorded, and returns what contradicts the
// ledger. The error may come after a part of them: they can be taken again.
func (s *Store) TakeLate(ctx context.Context, id string, results []ItemResult, recorded []transfer.LineItem) ([]Contradiction, error) {
	now := map[int]transfer.LineItem{}
	for _, item := range recorded {
		now[item.Ordinal] = item
	}
	var found []Contradiction
	for _, r := range results {
		item, moved := now[r.Ordinal], strings.ToLower(r.TargetSubscriptionID)
		refused := r.Refusal != nil && r.Refusal.Cause == transfer.ProviderRefused
		late := LateNothing
		switch {
		case item.Status == transfer.ItemInProgress, item.Status == transfer.NoItem, moved != "" && moved == item.TargetSubscriptionID:
			continue
		case moved != "" && moved == item.LateID: // it was taken with the result itself
			late = LateContradicted
		case moved != "", refused && item.Held:
			var err error
			if late, err = s.AnsweredLate(ctx, id, LateAnswer{Ordinal: r.Ordinal, MovedTo: moved}); err != nil {
				return found, err
			}
		}
		if late == LateContradicted {
			found = append(found, Contradiction{id, r.Ordinal, moved})
		}
	}
	return found, nil
}

// settleHeld resolves a held line item by the billing system's word. What the rules do not let the platform hand over, because
// the subscription is the source's no longer or the new id is in use, stays held for an operator.
func (st *step) settleHeld(ctx context.Context, tx session, w *window, a LateAnswer) (Late, error) {
	st.effects = transfer.ResolvedByAnswer()
	known := Resolution{Actor: st.actor, Ordinal: a.Ordinal, MovedTo: a.MovedTo, Reason: saidLater}
	_, err := st.resolve(ctx, tx, known, false)
	var refusal *kernel.Refusal
	if !errors.As(err, &refusal) {
		return LateResolved, err
	}
	it := &w.items[0]
	it.LateID, it.LastError = a.MovedTo, store.Clean(refusal.Message)
	return LateContradicted, tx.saveItems(ctx, *it)
}

// contradict notes that the billing system moved what had ended otherwise, unless that is known, or something else stands out already.
func (s *Store) contradict(ctx context.Context, tx session, st *step, w *window, movedTo string) (Late, error) {
	it := &w.items[0]
	if err := w.lockSubscriptions(ctx, tx, it.SubscriptionID, movedTo); err != nil {
		return LateNothing, err
	}
	old := w.known[it.SubscriptionID]
	if successor, known := w.known[movedTo]; it.LateID != "" || known && successor.LineageID == old.LineageID {
		return LateNothing, nil
	}
	_, taken, err := store.One(ctx, tx, selectOthers, store.Value[int], it.SubscriptionID, st.of.ID)
	if err != nil {
		return LateNothing, err
	}
	it.LateID, it.Held = movedTo, it.Status == transfer.ItemFailed && !taken && transfer.CheckMovable(w.of, old) == nil
	if err := tx.saveItems(ctx, *it); err != nil {
		return LateNothing, err
	}
	if err := s.keepOthersFrom(ctx, tx, st, it.SubscriptionID); err != nil {
		return LateNothing, err
	}
	return LateContradicted, st.tellContradicted(ctx, tx, it.LineItem)
}

// endOthers begins the end of the line items of other transfers that are moving a subscription.
var endOthers = store.Both(`UPDATE line_items SET ending = 'fencing', ending_reason = $3, ending_since = {now $4}
	WHERE subscription_id = $1 AND transfer_id <> $2 AND status = 'InProgress' AND ending = '' RETURNING transfer_id, ordinal`)

const movedElsewhere = "The billing system has moved the subscription in another transfer."

// keepOthersFrom keeps other transfers from moving a subscription once more.
func (s *Store) keepOthersFrom(ctx context.Context, tx session, st *step, subscriptionID string) error {
	others, err := store.All(ctx, tx, endOthers, func(i *item) []any { return []any{&i.transferID, &i.Ordinal} },
		subscriptionID, st.of.ID, movedElsewhere, store.Stamp(st.at))
	if err != nil {
		return err
	}
	for _, other := range others { // one at most, because a subscription is in one open transfer
		t, err := tx.header(ctx, other.transferID)
		if err != nil {
			return err
		}
		rules, err := s.rulesOf(ctx, tx, t)
		if err != nil {
			return err
		}
		if err := tx.tellMovers(ctx, t.Transfer, rules.ForRuns(), []item{other}, nil); err != nil {
			return err
		}
	}
	return nil
}

// tellContradicted writes a record for either participant.
func (st *step) tellContradicted(ctx context.Context, tx session, it transfer.LineItem) error {
	st.effects = transfer.MovedAfterEnd()
	key, err := st.nextKey(ctx, tx, it.Ordinal)
	if err != nil {
		return err
	}
	told := happening{
		of: st.of, effects: st.effects, key: key, actor: st.actor, at: st.at,
		detail: detail{Held: &transfer.HeldItem{Ordinal: it.Ordinal, SubscriptionID: it.SubscriptionID, Locked: it.Held}},
	}
	_, err = tx.tell(ctx, &told)
	return err
}
