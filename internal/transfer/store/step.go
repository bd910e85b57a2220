package transferstore

// The frame of every decision about a transfer: it is locked and read, the domain decides, and only then anything is
// written. By whichever door a command comes, it comes through here.

import (
	"context"
	"errors"
	"time"

	"handover/internal/activitylog"
	"handover/internal/kernel"
	"handover/internal/programme"
	programmestore "handover/internal/programme/store"
	"handover/internal/runs"
	"handover/internal/transfer"
)

// Outcome is what a command made of a transfer, as its caller may be told.
type Outcome struct {
	Transfer transfer.Transfer
	Labels   transfer.Labels     // the caller's own
	Items    []transfer.LineItem // those that the command is about
}

// step is a transition on its way: the locked transfer, and what the domain makes of it.
type step struct {
	of      record
	parties []programme.Partner // the transfer's, once they were needed
	rules   transfer.Policy
	next    transfer.State
	effects transfer.Effects
	actor   kernel.Actor
	origin  kernel.Origin
	at      time.Time
}

// begin locks the transfer and reads the time. From here on nobody else decides about it: whoever is first at the lock wins,
// and the ledger's clock says when that was.
func (s *Store) begin(ctx context.Context, tx session, id string, by kernel.Actor, origin kernel.Origin) (step, error) {
	t, err := tx.locked(ctx, id, by.PartnerTenantID)
	if err != nil {
		return step{}, err
	}
	st := step{of: t, actor: by, origin: origin, at: activitylog.TimeAfter(t.audited, s.db.TimeRead(t.readAt))}
	st.rules, err = s.rulesOf(ctx, tx, t)
	return st, err
}

// decide asks the domain. Checks come in this order, so that nobody learns what is not theirs: is the actor a party at all
// and the right one, is the user its admin agent, is the transfer what the caller takes it for, does the state allow it.
func (st *step) decide(ctx context.Context, tx session, c transfer.Command, match func(Outcome) error) error {
	var refusal error
	st.next, st.effects, refusal = st.rules.Decide(st.of.State, c, st.actor, st.at)
	if errors.Is(refusal, transfer.NotFound) || errors.Is(refusal, kernel.WrongParty) {
		return refusal
	}
	if err := st.checkAgent(ctx, tx); err != nil {
		return err
	}
	if match != nil {
		if err := match(st.outcome(nil)); err != nil {
			return err
		}
	}
	return refusal
}

// checkAgent refuses a user who is not an admin agent of the partner they act for.
func (st *step) checkAgent(ctx context.Context, tx session) error {
	a := st.actor
	if a.UserID == "" || a.Operator || a.Platform {
		return nil // an application acts for the partner, or nobody's user does
	}
	if err := st.loadParties(ctx, tx); err != nil {
		return err
	}
	for _, p := range st.parties {
		if kernel.SameID(p.TenantID, a.PartnerTenantID) && p.Admits(a.UserID) {
			return nil
		}
	}
	return kernel.Refuse(kernel.NotAdminAgent, "The user is not an admin agent of the partner. Ask one of its admin agents to decide.")
}

// loadParties loads the partners who take part, once.
func (st *step) loadParties(ctx context.Context, tx session) (err error) {
	if st.parties == nil {
		st.parties, err = programmestore.Partners(ctx, tx.Tx, st.of.PartnerOnRecord, st.of.SourceTenantID, st.of.TargetTenantID)
	}
	return err
}

// finish writes the transition with its audit records and e-mails and returns the transfer as it is stored now.
func (st *step) finish(ctx context.Context, tx session, said detail) (transfer.MailCounts, error) {
	st.of.State = st.next
	if !st.actor.Platform {
		st.of.LastModifiedUser = st.actor.UserID
	}
	told := happening{of: st.of, effects: st.effects, actor: st.actor, origin: st.origin, at: st.at, detail: said}
	var err error
	if st.of.changeID, err = tx.tell(ctx, &told); err != nil {
		return told.handed, err
	}
	return told.handed, tx.save(ctx, st.of)
}

// follow makes the transfer's run take notice.
func (st *step) follow(ctx context.Context, tx session, cause runs.Cause, byRun bool) error {
	w := wantedBy(st.of.Transfer, cause, st.origin, byRun)
	w.At = st.at
	return runs.Want(ctx, tx.Tx, w)
}

// outcome is the transfer as it is now, with what its caller calls it.
func (st *step) outcome(items []transfer.LineItem) Outcome {
	return Outcome{Transfer: st.of.Transfer, Labels: st.of.called, Items: items}
}
