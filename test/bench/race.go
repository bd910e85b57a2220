package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"handover/internal/transfer"
)

// patience bounds one measurement.
const patience = 5 * time.Minute

// moveItems makes one transfer of that many items and returns items per second, from submit to Complete in the ledger.
func (s *stage) moveItems(ctx context.Context, c contender, items int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, err := s.create(ctx, c, items)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := c.Submit(ctx, id, approval()); err != nil {
		return 0, err
	}
	if err := s.closings.await(ctx, id); err != nil {
		return 0, err
	}
	took := time.Since(began)
	return float64(items) / took.Seconds(), s.settled(ctx, c, id, items)
}

// The transfers of row 4.
const (
	smallItems = 3
	inFlight   = 16 // transfers at once
)

// makeTransfers makes small transfers and returns transfers per second, from the first create to the last Complete in the
// ledger.
func (s *stage) makeTransfers(ctx context.Context, c contender, number int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ids := make([]string, number)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	began := time.Now()
	for i := range ids {
		group.Go(func() (err error) {
			ids[i], err = s.complete(groupCtx, c, smallItems)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	took := time.Since(began)
	for _, id := range ids {
		if err := s.settled(ctx, c, id, smallItems); err != nil {
			return 0, err
		}
	}
	return float64(number) / took.Seconds(), nil
}

// create requests a transfer of that many items.
func (s *stage) create(ctx context.Context, c contender, items int) (id string, err error) {
	request, err := s.request(items)
	if err != nil {
		return "", err
	}
	receipt, err := c.Create(ctx, request)
	if err != nil {
		return "", fmt.Errorf("create (%s): %w", c.name(), err)
	}
	return receipt.TransferID, nil
}

// complete makes a whole transfer and returns when it is closed in the ledger.
func (s *stage) complete(ctx context.Context, c contender, items int) (id string, err error) {
	if id, err = s.create(ctx, c, items); err != nil {
		return id, err
	}
	if _, err := c.Submit(ctx, id, approval()); err != nil {
		return id, fmt.Errorf("submit (%s): %w", c.name(), err)
	}
	return id, s.closings.await(ctx, id)
}

// settled waits for the end of the run, e-mail included, so that the next measurement has the machine to itself, and
// checks what became of the transfer.
func (s *stage) settled(ctx context.Context, c contender, id string, items int) error {
	if err := s.Connection.GetWorkflow(ctx, c.workflowID(id), "").Get(ctx, nil); err != nil {
		return fmt.Errorf("the run of transfer %s (%s): %w", id, c.name(), err)
	}
	t, err := s.Ledger.Transfer(ctx, id)
	if err != nil {
		return err
	}
	if want := (transfer.ItemCounts{Complete: items}); t.Status != transfer.Complete || t.Items != want {
		return fmt.Errorf("transfer %s (%s) is %s with %+v, not Complete with %+v", id, c.name(), t.Status, t.Items, want)
	}
	return nil
}

// verified checks the invariants of everything that was measured.
func (s *stage) verified(ctx context.Context) error {
	findings, err := s.Ledger.Verify(ctx)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Count > 0 {
			return fmt.Errorf("the ledger breaks %s (%s) %d times: %q", f.Invariant, f.Says, f.Count, f.Broken)
		}
	}
	return nil
}
