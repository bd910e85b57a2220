package main

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/operatorview"
	"handover/internal/runs"
	"handover/internal/transfer"
	"handover/workflows/run"
)

func (s *stage) wakeups() []scene {
	return []scene{
		s.single("adopted", s.adopted),
		s.single("ledger-away", s.ledgerAway),
		s.single("restored", s.restored),
		{[]string{"afresh-first", "afresh"}, s.afresh},
		{[]string{"terminated", "replaced"}, s.replaced},
		s.single("expired", s.expired),
		s.single("overdue", s.overdue),
	}
}

// adopted changes the ledger behind the run's back, and only later has the run look.
func (s *stage) adopted(ctx context.Context) (string, error) {
	p := customer("")
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	untold := noTerms
	untold.ByRun = true
	if _, err := s.Ledger.Cancel(ctx, id, transfer.Decision{RequestID: uuid.NewString(), Actor: p.request.Actor}, untold); err != nil {
		return id, err
	}
	return id, s.wants(ctx, id, runs.CauseResumed)
}

// wants makes the transfer's run look for that cause.
func (s *stage) wants(ctx context.Context, id string, cause runs.Cause) error {
	return s.Ledger.WantRuns(ctx, runs.Wanted{
		WorkflowID: transfer.WorkflowID(id), WorkflowType: transfer.WorkflowType, SubjectID: id, Cause: cause,
	})
}

// ledgerAway makes a run look at a ledger that cannot be reached, until it waits for it with an activity.
func (s *stage) ledgerAway(ctx context.Context) (string, error) {
	id, err := s.opened(ctx, customer(""))
	if err != nil {
		return id, err
	}
	const bothQuickOnesAndOne = 3
	s.lapse.away.Store(bothQuickOnesAndOne)
	if err := s.wants(ctx, id, runs.CauseResumed); err != nil {
		return id, err
	}
	err = until(ctx, "the run looked in vain", func() (bool, error) { return s.lapse.away.Load() < 0, nil })
	if err != nil {
		return id, err
	}
	t, err := s.Ledger.Transfer(ctx, id)
	if err != nil {
		return id, err
	}
	by := kernel.Actor{PartnerTenantID: t.TargetTenantID}
	_, err = s.Ledger.Cancel(ctx, id, transfer.Decision{RequestID: uuid.NewString(), Actor: by}, noTerms)
	return id, err
}

// restored puts an earlier ledger in the place of the one that the run has seen, and brings it forward again.
func (s *stage) restored(ctx context.Context) (string, error) {
	p := customer("", failing)
	id, err := s.opened(ctx, p)
	if err != nil {
		return id, err
	}
	earlier, err := s.copied(ctx)
	if err != nil {
		return id, err
	}
	defer func() { _ = earlier.Close() }()
	whole := transfer.Approval{RequestID: uuid.NewString(), Actor: p.source(), Selection: transfer.Selection{AllEligible: true}}
	if _, err := s.Ledger.Submit(ctx, id, whole, noTerms); err != nil {
		return id, err
	}
	if err := s.attempted(ctx, id, 2); err != nil {
		return id, err
	}
	s.lapse.before.Store(earlier)
	if err := errors.Join(s.wants(ctx, id, runs.CauseResumed), s.run(ctx, id, "is restored", isRestored)); err != nil {
		return id, err
	}
	s.lapse.before.Store(nil)
	back := func(now operatorview.Snapshot) bool { return !isRestored(now) }
	if err := errors.Join(s.wants(ctx, id, runs.CauseResumed), s.run(ctx, id, "goes on", back)); err != nil {
		return id, err
	}
	return id, s.givesUp(ctx, id)
}

func isRestored(now operatorview.Snapshot) bool { return now.Restored }

// copied is the ledger as it is now, for later.
func (s *stage) copied(ctx context.Context) (*ledger.Ledger, error) {
	db, err := sql.Open("sqlite", filepath.Join(s.Dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	backup := filepath.Join(s.Dir, uuid.NewString()+".db")
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", backup); err != nil {
		return nil, err
	}
	return ledger.Open(ctx, "sqlite://"+backup, ledger.Options{Now: s.lapse.clock.now})
}

// How many signals make a run begin afresh, and how many do not yet.
const (
	moreThanARunTakes       = 501
	nearlyMoreThanARunTakes = 450
)

// afresh sends so many nudges that the run begins afresh while line items are on their way.
func (s *stage) afresh(ctx context.Context) ([]execution, error) {
	id, err := s.stuck(ctx)
	if err != nil {
		return nil, err
	}
	first, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.nudged(ctx, first, nearlyMoreThanARunTakes); err != nil {
		return nil, err
	}
	// The run has taken those in when it answers: so its history shows that it did not begin afresh before it had to.
	if _, err := s.Transfers.Get(ctx, id); err != nil {
		return nil, err
	}
	if err := s.nudged(ctx, first, moreThanARunTakes-nearlyMoreThanARunTakes); err != nil {
		return nil, err
	}
	return s.succeeded(ctx, id, first)
}

// nudged nudges the run so often, as fast as Temporal takes it.
func (s *stage) nudged(ctx context.Context, e execution, often int) error {
	var nudges errgroup.Group
	nudges.SetLimit(64)
	for n := range often {
		nudges.Go(func() error {
			return s.Connection.SignalWorkflow(ctx, e.workflowID, e.runID, run.SignalLook, run.Nudge{N: int64(n)})
		})
	}
	return nudges.Wait()
}

// replaced ends the run while line items are on their way, and begins another in its place.
func (s *stage) replaced(ctx context.Context) ([]execution, error) {
	id, err := s.stuck(ctx)
	if err != nil {
		return nil, err
	}
	first, err := s.current(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.wants(ctx, id, runs.CauseReplaced); err != nil {
		return nil, err
	}
	return s.succeeded(ctx, id, first)
}

// succeeded waits for the run after the first one, and brings it to its end.
func (s *stage) succeeded(ctx context.Context, id string, first execution) ([]execution, error) {
	second := first
	err := until(ctx, "another run goes on", func() (bool, error) {
		var err error
		second, err = s.current(ctx, id)
		return second.runID != first.runID, err
	})
	if err != nil {
		return nil, err
	}
	atWork := func(now operatorview.Snapshot) bool { return now.Transfer.Status == transfer.InProgress }
	if err := s.run(ctx, id, "is at work", atWork); err != nil {
		return nil, err
	}
	return []execution{first, second}, s.givesUp(ctx, id)
}

// expired lets a month pass: two reminders, and the end that nobody answered to.
func (s *stage) expired(ctx context.Context) (string, error) {
	s.lapse.lapses.Store(true)
	defer s.lapse.lapses.Store(false)
	id, err := s.opened(ctx, customer(""))
	if err != nil {
		return id, err
	}
	return id, until(ctx, "it is Expired", func() (bool, error) {
		t, err := s.Ledger.Transfer(ctx, id)
		return t.Status == transfer.Expired, err
	})
}

// overdue lets three days pass over a line item that keeps failing.
func (s *stage) overdue(ctx context.Context) (string, error) {
	id, err := s.opened(ctx, customer("", failing))
	if err != nil {
		return id, err
	}
	s.lapse.lapses.Store(true)
	defer s.lapse.lapses.Store(false)
	t, err := s.Ledger.Transfer(ctx, id)
	if err != nil {
		return id, err
	}
	whole := transfer.Approval{
		RequestID: uuid.NewString(), Actor: kernel.Actor{PartnerTenantID: t.SourceTenantID}, Selection: transfer.Selection{AllEligible: true},
	}
	if _, err := s.Ledger.Submit(ctx, id, whole, noTerms); err != nil {
		return id, err
	}
	err = s.run(ctx, id, "is overdue", func(now operatorview.Snapshot) bool { return now.Overdue })
	if err != nil {
		return id, err
	}
	return id, s.givesUp(ctx, id)
}
