package main

import (
	"context"

	"handover/internal/transfer"
)

// The large transfer has a full range and one of a few line items, some of which are given up.
var (
	rangeSize  = transfer.DefaultPolicy().ForRuns().RangeSize
	largeItems = rangeSize + 6
	stuckFrom  = rangeSize + 3
)

func (s *stage) large() []scene {
	return []scene{{[]string{"large", "large-range", "large-range-given-up"}, s.inRanges}}
}

func (s *stage) inRanges(ctx context.Context) ([]execution, error) {
	faults := make([]string, largeItems)
	faults[0], faults[rangeSize] = "transient:2", "refuse:2001"
	for n := stuckFrom; n < largeItems; n++ {
		faults[n] = failing
	}
	id, err := s.submitted(ctx, customer(faults...))
	if err != nil {
		return nil, err
	}
	parent, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	err = until(ctx, "all others are over", func() (bool, error) {
		t, err := s.Ledger.Transfer(ctx, id)
		return t.Items.InProgress == largeItems-stuckFrom, err
	})
	if err != nil {
		return nil, err
	}
	if err := s.attempted(ctx, id, 2); err != nil {
		return nil, err
	}
	if err := s.givesUp(ctx, id); err != nil {
		return nil, err
	}
	full := execution{workflowID: transfer.RangeWorkflowID(id, 0, rangeSize)}
	rest := execution{workflowID: transfer.RangeWorkflowID(id, rangeSize, largeItems)}
	return []execution{parent, full, rest}, nil
}
