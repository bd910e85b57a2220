package transferstore

// The transitions of a transfer as a whole. Each is one transaction that locks the transfer, asks the domain, and writes
// the state with everything that belongs to it.

import (
	"cmp"
	"context"
	"errors"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
)

// OpenTransfer writes the transfer that the target asks for as Pending (T1), with the target's labels.
//
// Refusals: those of transfer.Policy.Normalize, CheckOpen and Decide; RequestIDReused when the target used the request id
// before and the answer is not kept any more. Errors: those of command.Execute.
func (s *Store) OpenTransfer(ctx context.Context, r transfer.Request, terms command.Terms[Outcome]) (Outcome, error) {
	opening, err := s.policy.Normalize(r)
	if err != nil {
		return carryOut(ctx, s, "refuse a transfer", terms, func(session) (Outcome, error) { return Outcome{}, err })
	}
	return carryOut(ctx, s, "open transfer", terms, func(tx session) (Outcome, error) {
		opened, err := s.open(ctx, tx, opening, terms)
		var refusal *kernel.Refusal
		if errors.As(err, &refusal) { // a repetition is refused as one, whatever else there is to say against it
			err = cmp.Or(tx.checkUnused(ctx, opening), err)
		}
		return opened, err
	})
}

// checkUnused refuses a request that opened a transfer before.
func (tx session) checkUnused(ctx context.Context, o transfer.Opening) error {
	before, err := tx.header(ctx, transfer.NewID(o.Request()))
	switch {
	case errors.Is(err, transfer.NotFound):
		return nil
	case err != nil:
		return err
	}
	return kernel.Refuse(kernel.RequestIDReused, "The request id opened transfer %s before, which is %s. Use a new one for a new transfer.",
		before.ID, before.Status).About(before.ID)
}

func (s *Store) open(ctx context.Context, tx session, o transfer.Opening, terms command.Terms[Outcome]) (Outcome, error) {
	r := o.Request()
	facts, read, err := tx.openFacts(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	now := s.db.TimeRead(read)
	if err := tx.takeTurn(ctx, r, s.policy.Asking); err != nil {
		return Outcome{}, err
	}
	if err := tx.addAsked(ctx, &facts, r, s.policy.Asking, now); err != nil {
		return Outcome{}, err
	}
	if err := s.policy.CheckOpen(o, facts); err != nil {
		return Outcome{}, err
	}
	st := step{of: record{Transfer: transfer.NewTransfer(o, facts), policy: s.rules.named}, actor: r.Actor, origin: terms.Origin, at: now}
	st.of.Labels = transfer.Labels{} // they are the target's; a transfer belongs to both parties
	if st.of.State, st.effects, err = s.policy.Decide(st.of.State, transfer.Open{}, r.Actor, now); err != nil {
		return Outcome{}, err
	}
	told := happening{
		of: st.of, effects: st.effects, actor: r.Actor, origin: st.origin, at: now, detail: detail{RequestID: r.RequestID},
		reachable: recipientsOf(facts, st.of.Transfer),
	}
	st.of.changeID = told.recordID(st.of.SourceTenantID)
	inserted, err := tx.Exec(ctx, insertTransfer, transfers.Rows([]record{st.of}))
	if err != nil {
		return Outcome{}, err
	}
	if inserted == 0 {
		return Outcome{}, command.Reused(r.RequestID)
	}
	own := labelRow{transferID: st.of.ID, partner: st.of.TargetTenantID, created: st.of.CreatedTime, Labels: r.Labels}
	if err := tx.labelNew(ctx, own); err != nil {
		return Outcome{}, err
	}
	if _, err := tx.tell(ctx, &told); err != nil {
		return Outcome{}, err
	}
	return Outcome{Transfer: st.of.Transfer, Labels: r.Labels}, st.follow(ctx, tx, runs.CauseOpened, terms.ByRun)
}

// Cancel withdraws the request (T3).
//
// Refusals: those of transfer.Policy.Decide, NotAdminAgent. Errors: those of command.Execute.
func (s *Store) Cancel(ctx context.Context, id string, d transfer.Decision, terms command.Terms[Outcome]) (Outcome, error) {
	return s.conclude(ctx, id, transfer.Cancel{}, d, CauseCancelled, terms)
}

// Decline records the source's no with its reason (T7, R-15).
//
// Refusals: those of transfer.Policy.Decide, NotAdminAgent. Errors: those of command.Execute.
func (s *Store) Decline(ctx context.Context, id string, d transfer.Decision, terms command.Terms[Outcome]) (Outcome, error) {
	return s.conclude(ctx, id, transfer.Decline{Reason: d.Reason}, d, CauseDeclined, terms)
}

// conclude ends a Pending transfer by a party's decision.
func (s *Store) conclude(ctx context.Context, id string, c transfer.Command, d transfer.Decision, cause runs.Cause, terms command.Terms[Outcome]) (Outcome, error) {
	return carryOut(ctx, s, "conclude transfer", terms, func(tx session) (Outcome, error) {
		st, err := s.begin(ctx, tx, id, d.Actor, terms.Origin)
		if err != nil {
			return Outcome{}, err
		}
		if err := st.decide(ctx, tx, c, terms.Match); err != nil {
			return Outcome{}, err
		}
		if decline, declined := c.(transfer.Decline); declined {
			st.of.DeclineReason = decline.Reason
		}
		if _, err := st.finish(ctx, tx, detail{RequestID: d.RequestID, Reason: st.of.DeclineReason}); err != nil {
			return Outcome{}, err
		}
		if err := st.follow(ctx, tx, cause, terms.ByRun); err != nil {
			return Outcome{}, err
		}
		return st.outcome(nil), nil
	})
}

// Expire ends a request nobody answered (T4), when its time has come and nobody did. Either way it tells how the transfer
// stands.
func (s *Store) Expire(ctx context.Context, id string) (transfer.Standing, error) {
	return s.elapse(ctx, id, "expire transfer", transfer.Expire{})
}

// CloseTransfer ends a transfer none of whose line items is running (T5, T6), when that is so. Either way it tells how the
// transfer stands.
func (s *Store) CloseTransfer(ctx context.Context, id string) (transfer.Standing, error) {
	return s.elapse(ctx, id, "close transfer", transfer.Close{})
}

// elapse makes a transition that the platform makes by itself, where the rules allow it now. A ledger that is further than
// the run thinks is no error: the run is told, and goes on from there. Refusal: NotFound.
func (s *Store) elapse(ctx context.Context, id, what string, c transfer.Command) (transfer.Standing, error) {
	return write(ctx, s, what, func(tx session) (transfer.Standing, error) {
		st, err := s.begin(ctx, tx, id, kernel.Platform(), kernel.Origin{})
		if err != nil {
			return transfer.Standing{}, err
		}
		var refusal *kernel.Refusal
		st.next, st.effects, err = st.rules.Decide(st.of.State, c, st.actor, st.at)
		if errors.As(err, &refusal) {
			return s.standing(ctx, tx, st, Watched{})
		}
		var said detail
		if st.next.Items.Total() > 0 {
			said.LineItems = &st.next.Items
		}
		handed, err := st.finish(ctx, tx, said)
		if err != nil {
			return transfer.Standing{}, err
		}
		now := st.rules.StandingOf(st.of.Transfer, st.of.changeID, 0, st.at)
		now.Handed = handed
		return now, tx.addHeld(ctx, &now, st.of.ID)
	})
}

var flagOverdue = store.Both(`UPDATE transfers SET overdue = TRUE WHERE id = $1 AND status = 'InProgress'`)

// FlagOverdue marks a transfer whose items still run 72 hours after submit, and tells how it stands. It changes
// nothing about a transfer that is not being moved. Refusal: NotFound.
func (s *Store) FlagOverdue(ctx context.Context, id string) (transfer.Standing, error) {
	return write(ctx, s, "flag transfer as overdue", func(tx session) (transfer.Standing, error) {
		st, err := s.begin(ctx, tx, id, kernel.Platform(), kernel.Origin{})
		if err != nil {
			return transfer.Standing{}, err
		}
		if st.of.Status == transfer.InProgress {
			st.of.Overdue = true
			if _, err := tx.Exec(ctx, flagOverdue, st.of.ID); err != nil {
				return transfer.Standing{}, err
			}
		}
		return s.standing(ctx, tx, st, Watched{})
	})
}

// Remind queues the n-th reminder (from 1) to the source's admin agents, once, while the request waits, and tells how it
// stands. Refusal: NotFound.
func (s *Store) Remind(ctx context.Context, id string, n int) (transfer.Standing, error) {
	return write(ctx, s, "remind the source", func(tx session) (transfer.Standing, error) {
		st, err := s.begin(ctx, tx, id, kernel.Platform(), kernel.Origin{})
		if err != nil {
			return transfer.Standing{}, err
		}
		if st.of.Status == transfer.Pending {
			effects := transfer.Reminder(n)
			st.of.reminded = string(effects.Event)
			if _, err := tx.queueMail(ctx, &happening{of: st.of, effects: effects, at: st.at}); err != nil {
				return transfer.Standing{}, err
			}
		}
		return s.standing(ctx, tx, st, Watched{})
	})
}
