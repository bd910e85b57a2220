package transferstore

// What would be refused, found out without doing it. The rules are those of the real thing (transfer.Policy.CheckOpen and
// Select); the facts are read at one committed instant, without locks, and nothing is written.

import (
	"context"
	"errors"

	"handover/internal/kernel"
	"handover/internal/store"
	subscriptionstore "handover/internal/subscription/store"
	"handover/internal/transfer"
)

// PreviewOpen is what OpenTransfer would refuse the request for, the first being the one that it would answer with; none
// when it would open the transfer. A request that is not well-formed, or whose id opened a transfer before, is refused for
// that alone.
func (s *Store) PreviewOpen(ctx context.Context, r transfer.Request) ([]*kernel.Refusal, error) {
	opening, err := s.policy.Normalize(r)
	if err != nil {
		return alone(err)
	}
	return snapshot(ctx, s, "preview a transfer", func(tx session) ([]*kernel.Refusal, error) {
		if err := tx.checkUnused(ctx, opening); err != nil {
			return alone(err)
		}
		facts, read, err := tx.openFacts(ctx, opening.Request())
		if err != nil {
			return nil, err
		}
		if err := tx.addAsked(ctx, &facts, opening.Request(), s.policy.Asking, s.db.TimeRead(read)); err != nil {
			return nil, err
		}
		if refusals := s.policy.OpenRefusals(opening, facts); len(refusals) > 0 {
			return refusals, nil
		}
		_, _, err = s.policy.Decide(transfer.NewTransfer(opening, facts).State, transfer.Open{}, r.Actor, s.db.Now())
		return alone(err)
	})
}

// alone makes a refusal the only one of a list. Any other error stays an error.
func alone(err error) ([]*kernel.Refusal, error) {
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return []*kernel.Refusal{refusal}, nil
	}
	return nil, err
}

// SurveyHoldings says of everything that the source bills the customer for whether a submit of the transfer could pick
// it, as transfer.Policy.Survey does. Without a transfer (an empty id) the answer is about any target. The number of
// statements does not grow with the holdings.
//
// Refusals: NotFound for a transfer that is not of this customer and this source; those of transfer.Policy.Decide when it
// cannot be submitted any more.
func (s *Store) SurveyHoldings(ctx context.Context, customer, source, forTransfer string) ([]transfer.Eligibility, error) {
	store.Lower(&customer, &source)
	return snapshot(ctx, s, "survey subscriptions", func(tx session) ([]transfer.Eligibility, error) {
		t := transfer.Transfer{State: transfer.State{CustomerTenantID: customer, SourceTenantID: source}}
		var f transfer.SelectionFacts
		rules := s.policy
		var err error
		if forTransfer != "" {
			if t, rules, err = s.submittable(ctx, tx, forTransfer, customer, source); err != nil {
				return nil, err
			}
			if f.Open, _, err = tx.openFacts(ctx, t.Request); err != nil {
				return nil, err
			}
		}
		if f.Subscriptions, err = subscriptionstore.Holdings(ctx, tx.Tx, customer, source, nil); err != nil {
			return nil, err
		}
		if f.OpenIn, err = tx.openIn(ctx, customer, source); err != nil {
			return nil, err
		}
		return rules.Survey(t, f), nil
	})
}

// submittable is the transfer with its rules, if this source may submit it now.
func (s *Store) submittable(ctx context.Context, tx session, id, customer, source string) (transfer.Transfer, transfer.Policy, error) {
	t, err := tx.header(ctx, id)
	if err != nil {
		return t.Transfer, transfer.Policy{}, err
	}
	if t.State.CustomerTenantID != customer || t.SourceTenantID != source {
		return t.Transfer, transfer.Policy{}, transfer.NoSuchTransfer()
	}
	rules, err := s.rulesOf(ctx, tx, t)
	if err != nil {
		return t.Transfer, rules, err
	}
	now, err := s.db.Time(ctx, tx)
	if err != nil {
		return t.Transfer, rules, err
	}
	_, _, err = rules.Decide(t.State, transfer.Submit{Items: 1}, kernel.Actor{PartnerTenantID: source}, now)
	return t.Transfer, rules, err
}
