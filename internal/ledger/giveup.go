package ledger

import (
	"context"
	"errors"
	"fmt"

	"handover/internal/transfer"
)

// GiveUp ends the retries of one line item by an operator's word: the item is Failed with the reason as its
// transferError, and its subscription is free for another transfer. The request id that gave it up before returns
// the stored item.
//
// Refusals: those of transfer.Policy.Decide, ItemNotFound, ItemEnded and ReasonMissing among them.
func (l *Ledger) GiveUp(ctx context.Context, id string, ordinal int, reason, requestID string, actor transfer.Actor) (transfer.LineItem, error) {
	return write(ctx, l, "give up line item", func(s session) (transfer.LineItem, error) {
		t, err := s.locked(ctx, id)
		if err != nil {
			return transfer.LineItem{}, err
		}
		it, err := s.lockedItem(ctx, t.ID, ordinal)
		if err != nil {
			return transfer.LineItem{}, err
		}
		now := l.now()
		next, effects, err := l.policy.Decide(t.State, transfer.GiveUp{Item: it.Status, Reason: reason}, actor, now)
		switch {
		case errors.Is(err, transfer.NotFound), errors.Is(err, transfer.WrongParty):
			return transfer.LineItem{}, err
		case requestID != "" && requestID == it.giveUpRequestID:
			return it.LineItem, nil
		case err != nil:
			return transfer.LineItem{}, err
		}
		t.State = next
		it.Status, it.TransferError, it.giveUpRequestID = transfer.ItemFailed, clean(reason), requestID
		if err := s.saveItems(ctx, it); err != nil {
			return transfer.LineItem{}, err
		}
		return it.LineItem, s.tell(ctx, happening{
			of: t, effects: effects, key: fmt.Sprintf("%s:%d", effects.Event, ordinal), actor: actor, at: now,
			detail: detail{RequestID: requestID, GivenUp: &transfer.GivenUpItem{Ordinal: ordinal, SubscriptionID: it.SubscriptionID, Reason: reason}},
		})
	})
}

// lockedItem reads one line item that nobody else changes until the transaction ends. One that does not exist comes back
// with status NoItem, for the domain to refuse.
func (s session) lockedItem(ctx context.Context, transferID string, ordinal int) (item, error) {
	found, err := s.lockItems(ctx, transferID, ordinal)
	for _, it := range found {
		if it.Ordinal == ordinal {
			return it, err
		}
	}
	return item{}, err
}
