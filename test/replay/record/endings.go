package main

import (
	"context"

	"github.com/google/uuid"

	"handover/internal/transfer"
	"handover/test/replay"
)

func (s *stage) endings() []scene {
	moves := func(faults ...string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return s.submitted(ctx, customer(faults...)) }
	}
	return []scene{
		s.single("complete", moves("", "", "")),
		s.single("complete-retried", moves("", "transient:2", "")),
		s.single("partially-complete", moves("", "refuse:2001", "")),
		s.single("failed", moves("refuse:2001", "refuse:2001", "refuse:2001")),
		s.single("given-up", s.givenUp),
		s.single("cancelled", s.cancelled),
		s.single("declined", s.declined),
	}
}

// single is a scene of one run.
func (s *stage) single(name string, play func(context.Context) (transferID string, err error)) scene {
	return scene{[]string{name}, func(ctx context.Context) ([]execution, error) {
		id, err := play(ctx)
		if err != nil {
			return nil, err
		}
		run, err := s.current(ctx, id)
		return []execution{run}, err
	}}
}

// givenUp ends one line item that would be retried for long, and then the other.
func (s *stage) givenUp(ctx context.Context) (string, error) {
	id, err := s.stuck(ctx)
	if err != nil {
		return id, err
	}
	if err := s.givesUp(ctx, id, 1); err != nil {
		return id, err
	}
	return id, s.givesUp(ctx, id)
}

func (s *stage) cancelled(ctx context.Context) (string, error) {
	p := customer("")
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	_, err = s.Ledger.Cancel(ctx, id, transfer.Decision{RequestID: uuid.NewString(), Actor: p.request.Actor}, noTerms)
	return id, err
}

func (s *stage) declined(ctx context.Context) (string, error) {
	p := customer("")
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	no := transfer.Decision{RequestID: uuid.NewString(), Actor: p.source(), Reason: replay.DeclineReason}
	_, err = s.Ledger.Decline(ctx, id, no, noTerms)
	return id, err
}
