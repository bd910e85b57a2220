package ledger

// What a billing system says of a line item that has ended already. Its word settles a held item, and may prove the end of
// another one wrong; how line item and transfer ended stays as it is all the same (I-2, I-5).

import (
	"context"
	"errors"

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
var selectOthers = both(`SELECT i.ordinal FROM line_items i WHERE i.subscription_id = $1 AND i.transfer_id <> $2
	AND (i.status IN ('InProgress', 'Complete') OR i.held) LIMIT 1`)

// AnsweredLate takes the billing system's word about a line item that ended as Failed, and tells whether that changed
// anything. A held one is resolved by it, with a record for both parties. One that had been freed because the billing system
// promised never to move it, or refused, and that it moved all the same, is held again where nobody else has taken its subscription,
// and stands out in any case until an operator resolves it (I-8). Everything else was known.
//
// Refusals: NotFound; ItemNotFound.
func (l *Ledger) AnsweredLate(ctx context.Context, id string, a LateAnswer) (changed bool, err error) {
	lower(&id, &a.MovedTo)
	return write(ctx, l, "take a late answer", func(s session) (bool, error) {
		st, err := l.begin(ctx, s, id, transfer.Platform(), transfer.Origin{})
		if err != nil {
			return false, err
		}
		w, err := st.windowOn(ctx, s, a.Ordinal)
		if err != nil {
			return false, err
		}
		it := &w.items[0]
		switch {
		case it.Status != transfer.ItemFailed:
			return false, nil
		case it.Held && it.LateID == "":
			return st.settleHeld(ctx, s, w, a)
		case a.MovedTo != "":
			return st.contradict(ctx, s, w, a.MovedTo)
		}
		return false, nil
	})
}

// settleHeld resolves a held line item by the billing system's word. What the rules do not let the platform hand over, because
// the subscription is the source's no longer or the new id is in use, stays held for an operator.
func (st *step) settleHeld(ctx context.Context, s session, w *window, a LateAnswer) (bool, error) {
	st.effects = transfer.ResolvedByAnswer()
	known := Resolution{Actor: st.actor, Ordinal: a.Ordinal, MovedTo: a.MovedTo, Reason: saidLater}
	_, err := st.resolve(ctx, s, known, false)
	var refusal *transfer.Refusal
	if !errors.As(err, &refusal) {
		return err == nil, err
	}
	it := &w.items[0]
	if it.LateID == a.MovedTo {
		return false, nil
	}
	it.LateID, it.LastError = a.MovedTo, clean(refusal.Message)
	return true, s.saveItems(ctx, *it)
}

// contradict notes that the billing system moved what had ended as Failed, unless that is known.
func (st *step) contradict(ctx context.Context, s session, w *window, movedTo string) (bool, error) {
	it := &w.items[0]
	if err := w.lockSubscriptions(ctx, s, it.SubscriptionID, movedTo); err != nil {
		return false, err
	}
	old := w.known[it.SubscriptionID]
	if successor, known := w.known[movedTo]; it.LateID == movedTo || known && successor.LineageID == old.LineageID {
		return false, nil
	}
	_, taken, err := one(ctx, s, selectOthers, value[int], it.SubscriptionID, st.of.ID)
	if err != nil {
		return false, err
	}
	it.LateID, it.Held = movedTo, !taken && transfer.CheckMovable(w.of, old) == nil
	if err := s.saveItems(ctx, *it); err != nil {
		return false, err
	}
	st.effects = transfer.MovedAfterEnd()
	key, err := st.nextKey(ctx, s, it.Ordinal)
	if err != nil {
		return false, err
	}
	told := happening{
		of: st.of, effects: st.effects, key: key, actor: st.actor, at: st.at,
		detail: detail{Held: &transfer.HeldItem{Ordinal: it.Ordinal, SubscriptionID: it.SubscriptionID}},
	}
	_, err = s.tell(ctx, &told)
	return true, err
}
