package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What is measured of the API, as the table has it.
const (
	createRequest = "create"
	submitRequest = "submit, 3 listed line items"
	getRequest    = "get, 3 line items"
	listRequest   = "list of one customer, 100 transfers"
	firstRequest  = "search, first page of 50"
	deepRequest   = "search, a page of 50 half way or later"
)

const (
	pastEach  = 100 // transfers of each customer
	almostNo  = 500 // transfers in the ledger that is almost empty
	warmingUp = 10  // requests of each kind that are not measured
	// mostWriteLatency is the design's budget of a create and a submit: what p99 stays below, in ms.
	mostWriteLatency = 25
)

// timeAPI takes row 7 on one database, on two platforms at once: one with a full ledger, one with an almost empty one. They
// take turns, request by request, so that both meet the same conditions. Only one request is ever under way.
func (b *bench) timeAPI(ctx context.Context, database string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	empty, full := newSubject(), newSubject()
	defer func() { err = errors.Join(err, full.close(), empty.close()) }()
	b.say("Starting two platforms on %s for row 7, with %d and %d transfers in the ledger ...", database, almostNo, b.past)
	if err := empty.prepare(ctx, database, b.writes, almostNo); err != nil {
		return err
	}
	if err := full.prepare(ctx, database, b.writes, b.past); err != nil {
		return err
	}
	if err := b.describe(ctx, empty.stage); err != nil {
		return err
	}
	if err := b.takeTurns(ctx, empty, full); err != nil {
		return err
	}
	b.report.noteLatencies(database, empty.took, full.took)
	return errors.Join(empty.verified(ctx), full.verified(ctx))
}

// takeTurns measures every request on both, who take turns in going first too.
func (b *bench) takeTurns(ctx context.Context, one, other *subject) error {
	for range warmingUp + b.writes {
		if err := errors.Join(one.write(ctx), other.write(ctx)); err != nil {
			return err
		}
		one, other = other, one
	}
	for _, what := range []string{getRequest, listRequest, firstRequest, deepRequest} {
		for range warmingUp + b.reads {
			if err := errors.Join(one.read(ctx, what), other.read(ctx, what)); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			one, other = other, one
		}
	}
	return nil
}

// subject is a platform with its ledger, and how long each request to it took.
type subject struct {
	*stage
	callers
	past     past
	readings map[string]reading
	took     map[string][]time.Duration
}

func newSubject() *subject {
	return &subject{stage: &stage{}, past: past{now: time.Now()}, took: map[string][]time.Duration{}}
}

// prepare starts the platform, with fresh customers for as many transfers as are to be written, and gives it a past of that
// many transfers.
func (s *subject) prepare(ctx context.Context, database string, writes, transfers int) error {
	started, err := newStage(ctx, database, crowd{customers: warmingUp + writes, items: smallItems})
	if err != nil {
		return err
	}
	s.stage = started
	if err := s.past.extend(ctx, s.stage, transfers/pastEach, pastEach); err != nil {
		return fmt.Errorf("write the past: %w", err)
	}
	if s.book.neverTold, _, err = s.Ledger.RunsWaiting(ctx); err != nil {
		return err
	}
	if s.callers, err = s.signIn(ctx); err != nil {
		return err
	}
	s.readings, err = s.allReadings(ctx)
	return err
}

// timed sends one request and notes how long it took.
func (s *subject) timed(ctx context.Context, what string, r call) ([]byte, error) {
	answer, took, err := r.send(ctx, s.API)
	s.took[what] = append(s.took[what], took)
	return answer, err
}
