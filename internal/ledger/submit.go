package ledger

import (
	"context"

	"handover/internal/transfer"
)

// Submit approves the transfer and writes its line items, all or nothing (T2, R-153). From then on no other transfer can
// take the subscriptions. The number of statements does not grow with the number of line items, but for one more
// per 5,000. The request id that submitted it before returns the stored transfer.
//
// Refusals: those of transfer.Policy.Decide, CheckSelection and Select, InOtherTransfer among them; NotAdminAgent
// RequestIDReused.
func (l *Ledger) Submit(ctx context.Context, id string, sub Submission) (transfer.Transfer, error) {
	return write(ctx, l, "submit transfer", func(s session) (transfer.Transfer, error) {
		v := verdict{name: "submit", requestID: sub.RequestID, actor: sub.Actor, content: sub.Selection}
		// Whether a submit is possible at all is asked with one item; how many there are is known only later.
		st, err := l.begin(ctx, s, id, transfer.Submit{Items: 1}, v)
		if err != nil || st.repeated {
			return st.of.Transfer, err
		}
		items, err := l.choose(ctx, s, st.of.Transfer, sub.Selection)
		if err != nil {
			return transfer.Transfer{}, err
		}
		st.next, st.effects, err = l.policy.Decide(st.of.State, transfer.Submit{Items: len(items)}, sub.Actor, st.at)
		if err != nil {
			return transfer.Transfer{}, err
		}
		t, err := st.finish(ctx, s, detail{RequestID: sub.RequestID, LineItems: &st.next.Items})
		if err != nil {
			return transfer.Transfer{}, err
		}
		return t, insert(ctx, s, lineItems, insertItems, items)
	})
}

// choose turns the selection into line items. What it read stays locked until the transaction ends; the unique index
// line_items_open is the second guard of R-76.
func (l *Ledger) choose(ctx context.Context, s session, t transfer.Transfer, selection transfer.Selection) ([]item, error) {
	selection, err := l.policy.CheckSelection(selection)
	if err != nil {
		return nil, err
	}
	facts, err := s.selectionFacts(ctx, t, selection.LineItems)
	if err != nil {
		return nil, err
	}
	chosen, err := l.policy.Select(t, selection, facts)
	if err != nil {
		return nil, err
	}
	items := make([]item, len(chosen))
	for i, c := range chosen {
		items[i] = item{LineItem: c, transferID: t.ID}
	}
	return items, nil
}
