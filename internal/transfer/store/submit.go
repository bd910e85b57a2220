package transferstore

import (
	"context"
	"errors"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
)

// checkedUnlocked is from how many listed line items on a submit is first checked on a snapshot: whoever waits for the
// transfer must not wait for the reading of a list that is refused.
const checkedUnlocked = 100

// Submit approves the transfer and writes its line items, all or nothing (T2, R-153). From then on no other transfer can
// take the subscriptions. The number of statements does not grow with the number of line items, but for one more
// per 5,000.
//
// Refusals: those of transfer.Policy.Decide, CheckSelection and Select, InOtherTransfer among them; NotAdminAgent
// . Errors: those of command.Execute.
func (s *Store) Submit(ctx context.Context, id string, sub transfer.Approval, terms command.Terms[Outcome]) (Outcome, error) {
	refusal, err := s.refusedUnlocked(ctx, id, sub, terms)
	if err != nil {
		return Outcome{}, err
	}
	return carryOut(ctx, s, "submit transfer", terms, func(tx session) (Outcome, error) {
		if refusal != nil {
			return Outcome{}, refusal
		}
		return s.submit(ctx, tx, id, sub, terms)
	})
}

// refusedUnlocked makes the whole decision about a long list on a snapshot, without a lock, and returns its refusal if it is
// one.
func (s *Store) refusedUnlocked(ctx context.Context, id string, sub transfer.Approval, terms command.Terms[Outcome]) (*kernel.Refusal, error) {
	if len(sub.LineItems) <= checkedUnlocked {
		return nil, nil
	}
	_, err := snapshot(ctx, s, "check a selection", func(tx session) (bool, error) {
		t, err := tx.header(ctx, id)
		if err != nil {
			return false, err
		}
		st := step{of: t, actor: sub.Actor}
		if st.at, err = s.db.Time(ctx, tx); err != nil {
			return false, err
		}
		if st.rules, err = s.rulesOf(ctx, tx, t); err != nil {
			return false, err
		}
		if err := st.decide(ctx, tx, transfer.Submit{Items: 1}, terms.Match); err != nil {
			return false, err
		}
		_, err = st.choose(ctx, tx, sub.Selection, subscriptionstore.Holdings)
		return true, err
	})
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return refusal, nil
	}
	return nil, err
}

func (s *Store) submit(ctx context.Context, tx session, id string, sub transfer.Approval, terms command.Terms[Outcome]) (Outcome, error) {
	st, err := s.begin(ctx, tx, id, sub.Actor, terms.Origin)
	if err != nil {
		return Outcome{}, err
	}
	// Whether a submit is possible at all is asked with one item; how many there are is known only later.
	if err := st.decide(ctx, tx, transfer.Submit{Items: 1}, terms.Match); err != nil {
		return Outcome{}, err
	}
	items, err := st.choose(ctx, tx, sub.Selection, subscriptionstore.LockedHoldings)
	if err != nil {
		return Outcome{}, err
	}
	if st.next, st.effects, err = st.rules.Decide(st.of.State, transfer.Submit{Items: len(items)}, sub.Actor, st.at); err != nil {
		return Outcome{}, err
	}
	if _, err := st.finish(ctx, tx, detail{RequestID: sub.RequestID, LineItems: &st.next.Items}); err != nil {
		return Outcome{}, err
	}
	if err := store.Insert(ctx, tx, lineItems, insertItems, items); err != nil {
		return Outcome{}, err
	}
	if err := st.follow(ctx, tx, CauseSubmitted, terms.ByRun); err != nil {
		return Outcome{}, err
	}
	return st.outcome(bare(items)), nil
}

// choose turns the selection into line items, of what the holdings hold. Those of a submit stay locked until the transaction
// ends; the unique index line_items_open is the second guard of R-76.
func (st *step) choose(ctx context.Context, tx session, selection transfer.Selection,
	holdings func(ctx context.Context, tx store.Tx, customer, partner string, ids []string) ([]subscription.Subscription, error),
) ([]item, error) {
	t := st.of.Transfer
	selection, err := st.rules.CheckSelection(selection)
	if err != nil {
		return nil, err
	}
	var facts transfer.SelectionFacts
	if err := st.loadParties(ctx, tx); err != nil {
		return nil, err
	}
	if facts.Open, _, err = tx.openFactsOf(ctx, t.Request, st.parties); err != nil {
		return nil, err
	}
	if facts.Subscriptions, err = holdings(ctx, tx.Tx, t.State.CustomerTenantID, t.SourceTenantID, listed(selection.LineItems)); err != nil {
		return nil, err
	}
	if facts.OpenIn, err = tx.openIn(ctx, t.State.CustomerTenantID, t.SourceTenantID); err != nil {
		return nil, err
	}
	chosen, err := st.rules.Select(t, selection, facts)
	if err != nil {
		return nil, err
	}
	items := make([]item, len(chosen))
	for i, c := range chosen {
		items[i] = item{LineItem: c, transferID: t.ID}
	}
	return items, nil
}

// listed are the ids of what was picked.
func listed(picks []transfer.Pick) []string {
	ids := make([]string, len(picks))
	for i, pick := range picks {
		ids[i] = pick.SubscriptionID
	}
	return ids
}
