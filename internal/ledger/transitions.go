package ledger

// The transitions of a transfer as a whole. Each is one transaction that locks the transfer, asks the domain, and writes
// the state with everything that belongs to it.

import (
	"context"
	"errors"
	"fmt"

	"handover/internal/transfer"
)

// OpenTransfer writes the transfer that the target asks for as Pending (T1), with the target's labels. The same request
// again returns the stored transfer, whatever became of the facts and the labels meanwhile. Either is without labels.
//
// Refusals: those of transfer.Policy.Normalize, CheckOpen and Decide; RequestIDReused when the target used the request id
// for another request.
func (l *Ledger) OpenTransfer(ctx context.Context, r transfer.Request) (transfer.Transfer, error) {
	r, err := l.policy.Normalize(r)
	if err != nil {
		return transfer.Transfer{}, err
	}
	return write(ctx, l, "open transfer", func(s session) (transfer.Transfer, error) {
		sum, err := digest(r)
		if err != nil {
			return transfer.Transfer{}, err
		}
		stored, err := s.reopened(ctx, r, sum)
		if !errors.Is(err, transfer.NotFound) {
			return stored, err
		}
		return l.open(ctx, s, r, sum)
	})
}

// reopened is the transfer that the request opened before, or NotFound.
func (s session) reopened(ctx context.Context, r transfer.Request, sum string) (transfer.Transfer, error) {
	id := transfer.NewID(r)
	t, err := known(ctx, s, transfer.NoSuchTransfer(), selectTransfer, countedFields, id)
	if err == nil && t.requestDigest != sum {
		err = reused(r.RequestID)
	}
	return t.whole().Transfer, err
}

func reused(requestID string) error {
	return transfer.Refuse(transfer.RequestIDReused,
		"The request id was used for another request already; use a new one for every request.").About(requestID)
}

func (l *Ledger) open(ctx context.Context, s session, r transfer.Request, sum string) (transfer.Transfer, error) {
	facts, err := s.openFacts(ctx, r)
	if err != nil {
		return transfer.Transfer{}, err
	}
	if err := l.policy.CheckOpen(r, facts); err != nil {
		return transfer.Transfer{}, err
	}
	now := l.now()
	t := record{Transfer: transfer.NewTransfer(r, facts), requestDigest: sum}
	t.Labels = transfer.Labels{} // they are the target's; a transfer belongs to both parties
	next, effects, err := l.policy.Decide(t.State, transfer.Open{}, r.Actor, now)
	if err != nil {
		return transfer.Transfer{}, err
	}
	t.State = next
	inserted, err := s.exec(ctx, insertTransfer, transfers.rows([]record{t}))
	if err != nil {
		return transfer.Transfer{}, err
	}
	if inserted == 0 { // the same request won in another transaction
		return s.reopened(ctx, r, sum)
	}
	own := labelRow{transferID: t.ID, partner: t.TargetTenantID, created: t.CreatedTime, Labels: r.Labels}
	if err := s.labelNew(ctx, own); err != nil {
		return transfer.Transfer{}, err
	}
	return t.Transfer, s.tell(ctx, happening{of: t, effects: effects, actor: r.Actor, at: now, detail: detail{RequestID: r.RequestID}})
}

// Cancel withdraws the request (T3). The request id that cancelled it before returns the stored transfer.
//
// Refusals: those of transfer.Policy.Decide, NotAdminAgent, RequestIDReused.
func (l *Ledger) Cancel(ctx context.Context, id string, d Decision) (transfer.Transfer, error) {
	return l.conclude(ctx, id, "cancel", transfer.Cancel{}, d)
}

// Decline records the source's no with its reason (T7, R-15). The request id that declined it before returns the stored
// transfer.
//
// Refusals: those of transfer.Policy.Decide, NotAdminAgent, RequestIDReused.
func (l *Ledger) Decline(ctx context.Context, id string, d Decision) (transfer.Transfer, error) {
	return l.conclude(ctx, id, "decline", transfer.Decline{Reason: d.Reason}, d)
}

// conclude ends a Pending transfer by a party's decision.
func (l *Ledger) conclude(ctx context.Context, id, name string, c transfer.Command, d Decision) (transfer.Transfer, error) {
	return write(ctx, l, name+" transfer", func(s session) (transfer.Transfer, error) {
		v := verdict{name: name, requestID: d.RequestID, actor: d.Actor, content: d.Reason}
		st, err := l.begin(ctx, s, id, c, v)
		if err != nil || st.repeated {
			return st.of.Transfer, err
		}
		if _, declined := c.(transfer.Decline); declined {
			st.of.DeclineReason = d.Reason
		}
		return st.finish(ctx, s, detail{RequestID: d.RequestID, Reason: st.of.DeclineReason})
	})
}

// Expire ends a request nobody answered (T4). An expired one is returned as stored.
//
// Refusals: those of transfer.Policy.Decide, NotYetExpired among them.
func (l *Ledger) Expire(ctx context.Context, id string) (transfer.Transfer, error) {
	return l.elapse(ctx, id, "expire transfer", transfer.Expire{}, transfer.Expired)
}

// CloseTransfer ends a transfer none of whose line items is running (T5, T6). A closed one is returned as stored.
//
// Refusals: those of transfer.Policy.Decide, ItemsRunning among them.
func (l *Ledger) CloseTransfer(ctx context.Context, id string) (transfer.Transfer, error) {
	return l.elapse(ctx, id, "close transfer", transfer.Close{}, transfer.Complete, transfer.Failed, transfer.PartiallyComplete)
}

// elapse makes a transition that the platform makes by itself. The results tell when it was made before.
func (l *Ledger) elapse(ctx context.Context, id, what string, c transfer.Command, results ...transfer.Status) (transfer.Transfer, error) {
	return write(ctx, l, what, func(s session) (transfer.Transfer, error) {
		t, err := s.locked(ctx, id)
		if err != nil {
			return transfer.Transfer{}, err
		}
		for _, result := range results {
			if t.Status == result {
				return t.Transfer, nil
			}
		}
		st := step{of: t, actor: transfer.Platform(), at: l.now()}
		if st.next, st.effects, err = l.policy.Decide(t.State, c, st.actor, st.at); err != nil {
			return transfer.Transfer{}, err
		}
		var said detail
		if st.next.Items.Total() > 0 {
			said.LineItems = &st.next.Items
		}
		return st.finish(ctx, s, said)
	})
}

var flagOverdue = both(`UPDATE transfers SET overdue = TRUE WHERE id = $1 AND status = 'InProgress'`)

// FlagOverdue marks a transfer whose items still run 72 hours after submit. It changes nothing about a transfer
// that is not being moved. Refusal: NotFound.
func (l *Ledger) FlagOverdue(ctx context.Context, id string) error {
	_, err := write(ctx, l, "flag transfer as overdue", func(s session) (record, error) {
		t, err := s.locked(ctx, id)
		if err != nil {
			return t, err
		}
		_, err = s.exec(ctx, flagOverdue, t.ID)
		return t, err
	})
	return err
}

// Remind queues the n-th reminder (from 1) to the source's admin agents, once, while the request waits. It does nothing
// about a transfer that waits no longer. Refusal: NotFound.
func (l *Ledger) Remind(ctx context.Context, id string, n int) error {
	_, err := write(ctx, l, "remind the source", func(s session) (record, error) {
		t, err := s.locked(ctx, id)
		if err != nil || t.Status != transfer.Pending {
			return t, err
		}
		event := transfer.Event(fmt.Sprintf("%s-%d", transfer.EventReminder, n))
		return t, s.queueMail(ctx, t.ID, event, []transfer.Audience{transfer.ToSource})
	})
	return err
}
