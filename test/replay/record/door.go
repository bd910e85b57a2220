package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"handover/internal/kernel"
	"handover/internal/operatorview"
	"handover/internal/subscription"
	"handover/internal/transfer"
	"handover/test/replay"
	"handover/workflows/transfers"
)

func (s *stage) door() []scene {
	return []scene{
		s.single("door-approved", s.approvedByDoor),
		s.single("door-refused", s.refusedByDoor),
		s.single("door-cancelled", s.cancelledByDoor),
		s.single("door-declined", s.declinedByDoor),
	}
}

// asked starts a run with a whole request, as a client does that has Temporal only.
func (s *stage) asked(ctx context.Context, p party) (string, error) {
	if err := s.Ledger.Extend(ctx, p.content); err != nil {
		return "", err
	}
	id := transfer.NewID(p.request)
	_, err := s.Connection.ExecuteWorkflow(ctx, transfers.StartOptions(id, transfer.State{}), transfers.Type, p.request)
	return id, err
}

// approvedByDoor sends three signals that are not accepted, then one that is.
func (s *stage) approvedByDoor(ctx context.Context) (string, error) {
	p := customer("", "", "")
	id, err := s.asked(ctx, p)
	if err != nil {
		return id, err
	}
	err = s.run(ctx, id, "is Pending", func(now operatorview.Snapshot) bool { return now.Transfer.Status == transfer.Pending })
	if err != nil {
		return id, err
	}
	pick := func(id string) []transfer.Pick {
		return []transfer.Pick{{SubscriptionID: id, ProductType: subscription.OnlineServicesNCE}}
	}
	good := transfer.Approval{RequestID: uuid.NewString(), Actor: p.source(), Selection: transfer.Selection{LineItems: pick(p.content.Subscriptions[0].ID)}}
	byTarget, unknownItem := good, good
	byTarget.Actor, byTarget.RequestID = p.request.Actor, uuid.NewString()
	unknownItem.LineItems, unknownItem.RequestID = pick(uuid.NewString()), uuid.NewString()
	for _, payload := range []any{"not an approval", byTarget, unknownItem, good} {
		if err := s.Connection.SignalWorkflow(ctx, transfer.WorkflowID(id), "", transfers.SignalSourceApproval, payload); err != nil {
			return id, err
		}
	}
	return id, nil
}

// refusedByDoor asks for a customer who has no relationship with the target.
func (s *stage) refusedByDoor(ctx context.Context) (string, error) {
	p := customer("")
	p.content.Relationships = nil
	return s.asked(ctx, p)
}

func (s *stage) cancelledByDoor(ctx context.Context) (string, error) {
	p, id, err := s.created(ctx)
	if err != nil {
		return id, err
	}
	_, err = s.Transfers.Cancel(ctx, id, transfer.Decision{RequestID: uuid.NewString(), Actor: p.request.Actor})
	return id, err
}

// declinedByDoor declines after the target tried to.
func (s *stage) declinedByDoor(ctx context.Context) (string, error) {
	p, id, err := s.created(ctx)
	if err != nil {
		return id, err
	}
	no := transfer.Decision{RequestID: uuid.NewString(), Actor: p.request.Actor, Reason: replay.DeclineReason}
	if _, err := s.Transfers.Decline(ctx, id, no); !errors.Is(err, kernel.WrongParty) {
		return id, fmt.Errorf("the target must not decline, but: %w", err)
	}
	no.RequestID, no.Actor = uuid.NewString(), p.source()
	_, err = s.Transfers.Decline(ctx, id, no)
	return id, err
}

// created requests a transfer as the starter does.
func (s *stage) created(ctx context.Context) (party, string, error) {
	p := customer("")
	if err := s.Ledger.Extend(ctx, p.content); err != nil {
		return p, "", err
	}
	_, err := s.Transfers.Create(ctx, p.request)
	return p, transfer.NewID(p.request), err
}
