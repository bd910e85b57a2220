package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"handover/activities"
	"handover/internal/ledger"
	"handover/internal/transfer"
	"handover/internal/world"
	"handover/workflows"
)

// ending is one shape of history, and how to bring it about.
type ending struct {
	name string
	play func(context.Context) (transferID string, err error)
}

// The large transfer has three ranges; the first of them is recorded too.
const (
	largeItems = 1_200
	largeRange = 500
)

func (s *stage) endings() []ending {
	return []ending{
		{"complete", func(ctx context.Context) (string, error) { return s.submitted(ctx, s.customer("", "", "")) }},
		{"complete-retried", func(ctx context.Context) (string, error) { return s.submitted(ctx, s.customer("", "transient:2", "")) }},
		{"partially-complete", func(ctx context.Context) (string, error) { return s.submitted(ctx, s.customer("", "refuse:2001", "")) }},
		{"failed", func(ctx context.Context) (string, error) {
			return s.submitted(ctx, s.customer("refuse:2001", "refuse:2001", "refuse:2001"))
		}},
		{"given-up", s.givenUp},
		{"large", func(ctx context.Context) (string, error) { return s.submitted(ctx, s.large(largeItems)) }},
		{"cancelled", s.cancelled},
		{"declined", s.declined},
		{"expired", s.expired},
		{"refused", s.refused},
		{"refused-signal", s.refusedSignal},
	}
}

// party is a customer with what a transfer of it needs.
type party struct {
	content ledger.World
	request transfer.Request
}

// customer makes a customer with three subscriptions that carry the given faults.
func (s *stage) customer(faults ...string) party {
	w, d := world.DemoCopy(uuid.NewString())
	template := w.Subscriptions[0]
	template.ParentID, template.Status, template.ProductType = "", transfer.SubscriptionActive, transfer.OnlineServicesNCE
	w.Subscriptions = nil
	for i, fault := range faults {
		sub := template
		sub.ID = fmt.Sprintf("%08d-0000-4000-8000-%s", i, d.CustomerTenantID[24:])
		sub.LineageID, sub.SandboxFault, sub.PartnerTenantID, sub.CustomerTenantID = sub.ID, fault, d.SourceTenantID, d.CustomerTenantID
		w.Subscriptions = append(w.Subscriptions, sub)
	}
	return party{content: w, request: d.Request(uuid.NewString())}
}

func (s *stage) large(items int) party { return s.customer(make([]string, items)...) }

// opened adds the customer to the ledger and requests its transfer.
func (s *stage) opened(ctx context.Context, p party) (string, error) {
	if err := s.Ledger.Extend(ctx, p.content); err != nil {
		return "", err
	}
	receipt, err := s.Transfers.Create(ctx, p.request)
	return receipt.TransferID, err
}

func (s *stage) submitted(ctx context.Context, p party) (string, error) {
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	_, err = s.Transfers.Submit(ctx, id, workflows.Approval{RequestID: uuid.NewString(), Actor: source(p), AllEligible: true})
	return id, err
}

// givenUp ends an item that would be retried for long.
func (s *stage) givenUp(ctx context.Context) (string, error) {
	id, err := s.submitted(ctx, s.customer("", "transient:1000", ""))
	if err != nil {
		return id, err
	}
	for {
		now, err := s.Transfers.Get(ctx, id)
		if err != nil {
			return id, err
		}
		for _, item := range now.Transfer.LineItems {
			if item.Status == transfer.ItemInProgress {
				_, err := s.Transfers.GiveUp(ctx, id, activities.GiveUp{
					RequestID: uuid.NewString(), Actor: transfer.Actor{Operator: true}, Item: item.ID, Reason: "The billing system lost it.",
				})
				return id, err
			}
		}
	}
}

func (s *stage) cancelled(ctx context.Context) (string, error) {
	p := s.customer("")
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	_, err = s.Transfers.Cancel(ctx, id, activities.Decision{RequestID: uuid.NewString(), Actor: p.request.Actor})
	return id, err
}

func (s *stage) declined(ctx context.Context) (string, error) {
	p := s.customer("")
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	_, err = s.Transfers.Decline(ctx, id, activities.Decision{RequestID: uuid.NewString(), Actor: source(p), Reason: "The contract runs on."})
	return id, err
}

// expired opens a transfer whose thirty days are over already: the server cannot skip time, so the ledger's clock does.
func (s *stage) expired(ctx context.Context) (string, error) {
	s.clock.set(-40 * 24 * time.Hour)
	defer s.clock.set(0)
	return s.opened(ctx, s.customer(""))
}

// refused asks for a customer who has no relationship with the target.
func (s *stage) refused(ctx context.Context) (string, error) {
	p := s.customer("")
	p.content.Relationships = nil
	id := transfer.NewID(p.request)
	_, err := s.opened(ctx, p)
	if refusal, ok := activities.RefusalOf(err); ok && refusal.Cause == transfer.RelationshipMissing {
		return id, nil
	}
	return id, fmt.Errorf("the request should have been refused, but: %w", err)
}

// refusedSignal sends three signals that are not accepted, then one that is.
func (s *stage) refusedSignal(ctx context.Context) (string, error) {
	p := s.customer("")
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	good := workflows.Approval{RequestID: uuid.NewString(), Actor: source(p), AllEligible: true}
	byTarget := good
	byTarget.Actor, byTarget.RequestID = p.request.Actor, uuid.NewString()
	unknownItem := workflows.Approval{RequestID: uuid.NewString(), Actor: source(p), LineItems: []transfer.Pick{{SubscriptionID: uuid.NewString()}}}
	for _, payload := range []any{"not an approval", byTarget, unknownItem, good} {
		if err := s.Connection.SignalWorkflow(ctx, workflows.WorkflowID(id), "", workflows.SignalSourceApproval, payload); err != nil {
			return id, err
		}
	}
	return id, nil
}

func source(p party) transfer.Actor {
	return transfer.Actor{PartnerTenantID: p.request.SourcePartnerTenantID}
}
