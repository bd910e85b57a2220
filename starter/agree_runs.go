package main

// I-7 of the runs that are not a transfer's: one is open, and gets on, for everything that waits for its time, such as the scheduled end
// of a subscription, and for every partner whom something waits for. The watch raises one that is overdue; that one is
// missing before shows here, and hourly to the workers.

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"handover/internal/runs"
	"handover/internal/transfer"
)

// checkOthers asks about every other run that should be open, the missing ones a few times, and tells how many that was.
func (a *agreement) checkOthers(ctx context.Context) (wrong []disagreement, checked int, err error) {
	for round := range rounds {
		if round > 0 {
			if err := a.wait(ctx, betweenRounds); err != nil {
				return nil, checked, err
			}
		}
		followed, err := a.otherRuns(ctx)
		if err != nil {
			return nil, checked, err
		}
		checked = max(checked, len(followed))
		if wrong, err = a.missing(ctx, followed); err != nil || len(wrong) == 0 {
			return nil, checked, err
		}
	}
	return wrong, checked, nil
}

// otherRuns are those that the ledger follows and that are not a transfer's, which have a check of their own.
func (a *agreement) otherRuns(ctx context.Context) ([]runs.Wanted, error) {
	var others []runs.Wanted
	for after := ""; ; {
		page, err := a.book.FollowedRuns(ctx, after, followsPerPage)
		if err != nil {
			return nil, err
		}
		for _, run := range page {
			if run.WorkflowType == transfer.WorkflowType {
				return others, nil // they come last
			}
			others = append(others, run)
		}
		if len(page) < followsPerPage {
			return others, nil
		}
		after = page[len(page)-1].WorkflowID
	}
}

// missing are those of the runs that are not open, or do not get on.
func (a *agreement) missing(ctx context.Context, followed []runs.Wanted) ([]disagreement, error) {
	now := make([]runHealth, len(followed))
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, run := range followed {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(asking, a.patience)
			defer cancel()
			var err error
			now[i], err = a.service.Health(ctx, run.WorkflowID)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var wrong []disagreement
	for i, run := range followed {
		if says := complaintOf(run.WorkflowID, now[i]); says != "" {
			run.Cause = cureOf(now[i])
			wrong = append(wrong, disagreement{id: run.SubjectID, run: &run, says: says})
		}
	}
	return wrong, nil
}

// complaintOf is what is wrong with a run that should be open; empty when nothing is.
func complaintOf(workflowID string, now runHealth) string {
	switch now {
	case runClosed:
		return fmt.Sprintf("The run %s should be open, and is not.", workflowID)
	case runFailing:
		return fmt.Sprintf("The run %s does not get on: its task fails, and the log of the workers says how.", workflowID)
	case runUntaken:
		return fmt.Sprintf("The run %s does not get on: no worker takes its task.", workflowID)
	default:
		return ""
	}
}

// cureOf is how a run is raised again: what fails at its own past begins afresh, because it knows nothing that the ledger does not.
func cureOf(now runHealth) runs.Cause {
	if now == runFailing {
		return runs.CauseReplaced
	}
	return runs.CauseResumed
}
