package ledger

// The frame of every decision by a party: who may take it, whether it was taken before, and how it is written.

import (
	"context"
	"errors"
	"time"

	"handover/internal/transfer"
)

// verdict is a decision by a party: which, under which request id, by whom, and what it says.
type verdict struct {
	name      string // submit, cancel or decline
	requestID string
	actor     transfer.Actor
	content   any // two decisions under one request id must say the same
}

// step is a transition on its way: the locked transfer, and what the domain makes of it.
type step struct {
	of       record
	next     transfer.State
	effects  transfer.Effects
	actor    transfer.Actor
	at       time.Time
	repeated bool // the very same was decided before; of is the result
}

// begin locks the transfer and decides. Checks come in this order, so that nobody learns what is not theirs: is the actor
// a party at all and the right one, is the user its admin agent, was this decided before, does the state allow it.
func (l *Ledger) begin(ctx context.Context, s session, id string, c transfer.Command, v verdict) (step, error) {
	t, err := s.locked(ctx, id)
	if err != nil {
		return step{}, err
	}
	st := step{of: t, actor: v.actor, at: l.now()}
	var refusal error
	st.next, st.effects, refusal = l.policy.Decide(t.State, c, v.actor, st.at)
	if errors.Is(refusal, transfer.NotFound) || errors.Is(refusal, transfer.WrongParty) {
		return step{}, refusal
	}
	if err := s.checkAgent(ctx, v.actor); err != nil {
		return step{}, err
	}
	sum, err := digest(v.content)
	if err != nil {
		return step{}, err
	}
	if v.requestID != "" && v.requestID == t.DecisionRequestID && v.name == t.decision {
		if sum != t.decisionDigest {
			return step{}, reused(v.requestID)
		}
		st.repeated = true
		return st, nil
	}
	st.of.decision, st.of.DecisionRequestID, st.of.decisionDigest = v.name, v.requestID, sum
	return st, refusal
}

// checkAgent refuses a user who is not an admin agent of the partner they act for.
func (s session) checkAgent(ctx context.Context, a transfer.Actor) error {
	if a.UserID == "" {
		return nil // an application acts for the partner
	}
	tenant := a.PartnerTenantID
	lower(&tenant)
	found, err := s.partners(ctx, "", tenant)
	if err != nil {
		return err
	}
	if len(found) == 0 || !found[0].Admits(a.UserID) {
		return transfer.Refuse(transfer.NotAdminAgent, "The user is not an admin agent of the partner. Ask one of its admin agents to decide.")
	}
	return nil
}

// finish writes the transition with its audit records and e-mails and returns the transfer as it is stored now.
func (st step) finish(ctx context.Context, s session, said detail) (transfer.Transfer, error) {
	st.of.State = st.next
	if !st.actor.Platform {
		st.of.LastModifiedUser = st.actor.UserID
	}
	if err := s.save(ctx, st.of); err != nil {
		return transfer.Transfer{}, err
	}
	return st.of.Transfer, s.tell(ctx, happening{of: st.of, effects: st.effects, actor: st.actor, at: st.at, detail: said})
}
