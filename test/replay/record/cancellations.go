package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"handover/internal/runs"
	"handover/internal/subscription"
	subscriptionstore "handover/internal/subscription/store"
)

// cancellations are the ends of subscriptions that were scheduled.
func (s *stage) cancellations() []scene {
	return []scene{
		{[]string{"cancellation"}, s.cancelledInTime},
		{[]string{"cancellation-nudged"}, s.cancelledBefore},
	}
}

// scheduled is a subscription that ends after that time, with the run that is to end it.
func (s *stage) scheduled(ctx context.Context, after time.Duration) (subscription.Subscription, []execution, error) {
	p := customer("")
	sub := &p.content.Subscriptions[0]
	sub.ID = uuid.NewString() // of a transfer's line item it would stand in no history; here it is what the run is about
	sub.LineageID = sub.ID
	sub.CancelAt = s.Ledger.Now().Add(after)
	if err := s.Ledger.Extend(ctx, p.content); err != nil {
		return *sub, nil, err
	}
	return *sub, []execution{{workflowID: subscription.CancellationWorkflowID(sub.ID)}}, s.look(ctx, *sub, runs.CauseOpened)
}

// look makes the subscription's run look for that cause.
func (s *stage) look(ctx context.Context, sub subscription.Subscription, cause runs.Cause) error {
	return s.Ledger.WantRuns(ctx, subscriptionstore.CancellationRuns(cause, sub)...)
}

// cancelledInTime waits for the end.
func (s *stage) cancelledInTime(ctx context.Context) ([]execution, error) {
	sub, shown, err := s.scheduled(ctx, 2*time.Second)
	if err != nil {
		return nil, err
	}
	return shown, s.ended(ctx, sub.ID)
}

func (s *stage) ended(ctx context.Context, id string) error {
	return until(ctx, "the subscription has ended", func() (bool, error) {
		now, err := s.Ledger.Subscription(ctx, id)
		return now.Status == subscription.Deleted, err
	})
}

// cancelledBefore has the run wait, look in vain once, and find that the end was not waited for.
func (s *stage) cancelledBefore(ctx context.Context) ([]execution, error) {
	sub, shown, err := s.scheduled(ctx, time.Hour)
	if err != nil {
		return nil, err
	}
	waits := func(tasks int) error {
		return until(ctx, "the run waits", func() (bool, error) {
			described, err := s.Connection.DescribeWorkflowExecution(ctx, shown[0].workflowID, "")
			return err == nil && described.GetWorkflowExecutionInfo().GetHistoryLength() >= int64(tasks) && described.GetPendingWorkflowTask() == nil, nil
		})
	}
	if err := waits(6); err != nil {
		return nil, err
	}
	if err := s.look(ctx, sub, runs.CauseResumed); err != nil {
		return nil, err
	}
	if err := waits(12); err != nil {
		return nil, err
	}
	s.lapse.clock.advance(2 * time.Hour)
	if _, err := s.Ledger.CancelWhenDue(ctx, sub.ID); err != nil {
		return nil, err
	}
	return shown, s.look(ctx, sub, runs.CauseResumed)
}
