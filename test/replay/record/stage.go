package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"handover/internal/app"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/platform"
	"handover/internal/subscription"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/world"
	"handover/test/replay"
)

// patience bounds every wait.
const patience = 2 * time.Minute

// stage is a real platform in this process. Commands go to the ledger, as the API's do, unless a scene is about the other door.
type stage struct {
	*platform.Platform
	lapse *lapse
}

func newStage(ctx context.Context) (*stage, error) { return stageWith(ctx, platform.Options{}) }

func stageWith(ctx context.Context, o platform.Options) (*stage, error) {
	clock := &clock{}
	s := &stage{lapse: &lapse{clock: clock}}
	o.World = func() (ledger.World, error) { return world.Sample(), nil }
	o.Now = clock.now
	also := o.Steps
	o.Steps = func(steps *app.Steps) {
		if also != nil {
			also(steps)
		}
		s.lapse.Ledger = steps.Transfers.Ledger
		steps.Transfers.Ledger = s.lapse
		brief(steps)
	}
	var err error
	s.Platform, err = platform.Start(ctx, o)
	return s, err
}

// party is a customer with what a transfer of it needs.
type party struct {
	content ledger.World
	request transfer.Request
}

func (p party) source() kernel.Actor {
	return kernel.Actor{PartnerTenantID: p.request.SourcePartnerTenantID}
}

var operator = kernel.Actor{Operator: true}

// customer makes a customer with subscriptions that carry the given faults.
func customer(faults ...string) party {
	w, d := world.DemoCopy(uuid.NewString())
	template := w.Subscriptions[0]
	template.ParentID, template.Status, template.ProductType = "", subscription.Active, subscription.OnlineServicesNCE
	w.Subscriptions = nil
	for i, fault := range faults {
		sub := template
		sub.ID = fmt.Sprintf("%08d%s%s", i, replay.SubscriptionMark, d.CustomerTenantID[24:])
		sub.LineageID, sub.SandboxFault, sub.PartnerTenantID, sub.CustomerTenantID = sub.ID, fault, d.SourceTenantID, d.CustomerTenantID
		w.Subscriptions = append(w.Subscriptions, sub)
	}
	return party{content: w, request: d.Request(uuid.NewString())}
}

// noTerms are those of a command that nobody repeats.
var noTerms command.Terms[transferstore.Outcome]

// opened adds the customer to the ledger, requests its transfer, and waits until the run has seen it.
func (s *stage) opened(ctx context.Context, p party) (string, error) {
	if err := s.Ledger.Extend(ctx, p.content); err != nil {
		return "", err
	}
	opened, err := s.Ledger.OpenTransfer(ctx, p.request, noTerms)
	if err != nil {
		return "", err
	}
	id := opened.Transfer.ID
	return id, s.run(ctx, id, "is Pending", func(now operatorview.Snapshot) bool { return now.Transfer.Status == transfer.Pending })
}

func (s *stage) submitted(ctx context.Context, p party) (string, error) {
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	_, err = s.Ledger.Submit(ctx, id, transfer.Approval{
		RequestID: uuid.NewString(), Actor: p.source(), Selection: transfer.Selection{AllEligible: true},
	}, noTerms)
	return id, err
}

// stuck is a submitted transfer of which one line item moves and the others are tried again and again.
func (s *stage) stuck(ctx context.Context) (string, error) {
	id, err := s.submitted(ctx, customer("", failing, failing))
	if err != nil {
		return id, err
	}
	err = s.run(ctx, id, "moved one", func(now operatorview.Snapshot) bool { return now.Items.Complete == 1 && now.Items.InProgress == 2 })
	if err != nil {
		return id, err
	}
	return id, s.attempted(ctx, id, 2)
}

// failing is the fault of a subscription that moves later than anybody waits.
const failing = "transient:1000"

// attempted waits until every line item that is not moved was attempted so often.
func (s *stage) attempted(ctx context.Context, id string, often int) error {
	return until(ctx, "attempts", func() (bool, error) {
		items, err := s.Ledger.Items(ctx, id, 0, -1)
		for _, item := range items {
			if item.Status == transfer.ItemInProgress && item.Attempts < often {
				return false, err
			}
		}
		return true, err
	})
}

// givesUp ends what is failing of a transfer.
func (s *stage) givesUp(ctx context.Context, id string, ordinals ...int) error {
	word := transferstore.GivingUp{RequestID: uuid.NewString(), Actor: operator, Ordinals: ordinals, Failing: len(ordinals) == 0, Reason: replay.GiveUpReason}
	_, err := s.Ledger.GiveUp(ctx, id, word, command.Terms[transferstore.GivenUp]{})
	return err
}

// run waits until the transfer's run says so.
func (s *stage) run(ctx context.Context, id, what string, holds func(operatorview.Snapshot) bool) error {
	return until(ctx, "the run "+what, func() (bool, error) {
		now, err := s.Transfers.Get(ctx, id)
		return err == nil && holds(now), nil // until its first task there is nobody to ask
	})
}

// current is the latest run of the transfer.
func (s *stage) current(ctx context.Context, id string) (execution, error) {
	workflowID := transfer.WorkflowID(id)
	described, err := s.Connection.DescribeWorkflowExecution(ctx, workflowID, "")
	return execution{workflowID, described.GetWorkflowExecutionInfo().GetExecution().GetRunId()}, err
}

// until waits for a condition.
func until(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		held, err := holds()
		if held || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, ctx.Err())
		case <-look.C:
		}
	}
}
