package transferstore

// What became of line items on the move, a window at a time: the result of an attempt is told here, and decides what an item becomes.

import (
	"context"
	"errors"
	"time"

	commercestore "handover/internal/commerce/store"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

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

// moved tells whether the attempt succeeded.
func (r ItemResult) moved() bool { return r.Refusal == nil && r.Failure == "" && r.Fence == Unfenced }

// RecordItems writes what one attempt made of a window of line items, all of it in one transaction with a constant number
// of statements, and returns the items as they stand then, in ordinal order. Items that have ended stay as they are (I-2,
// A subscription that can no longer move, though it could when it was submitted, makes its item Failed; one that
// a billing system was asked to move begins to end, and the run that has to see to it is told.
//
// Refusals: NotFound; ItemNotFound when the transfer has no such line item.
func (s *Store) RecordItems(ctx context.Context, id string, results []ItemResult) ([]transfer.LineItem, error) {
	return s.recordItems(ctx, id, results, false)
}

func (s *Store) recordItems(ctx context.Context, id string, results []ItemResult, unasked bool) ([]transfer.LineItem, error) {
	if len(results) == 0 {
		return nil, nil
	}
	return write(ctx, s, "record line items", func(tx session) ([]transfer.LineItem, error) {
		w, err := s.lockWindow(ctx, tx, id, results)
		if err != nil {
			return nil, err
		}
		for i := range w.items {
			if err := w.settle(&w.items[i]); err != nil {
				return nil, err
			}
		}
		if err := w.save(ctx, tx); err != nil {
			return nil, err
		}
		return bare(w.items), w.tellRuns(ctx, tx, unasked)
	})
}

// decide asks the domain about one line item. The counts it goes by are those of the window, which is locked; counting a
// whole transfer of ten thousand for every window would cost more than moving them.
func (w *window) decide(c transfer.Command) (err error) {
	w.of.State, _, err = w.policy.Decide(w.of.State, c, kernel.Platform(), w.now)
	return err
}

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
	w.out.moves = append(w.out.moves, commercestore.Move{Old: old, New: successor})
}
