package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"handover/internal/runs"
)

// Report is what a comparison found.
type Report struct {
	Running  int // open runs that Temporal listed
	Followed int // runs that should be open
	Asked    int // of those, how many were not in the list, which lags
	Raised   int // of those, how many were not open and are started again
	Over     int // open runs of what is over, which are made to look, and end
}

// reconcilePage is how many runs are compared at a time.
const reconcilePage = 1000

// Reconcile compares the runs that should be open, and were told everything, with those that are, and has the missing
// ones started again, and open ones of what is over look. So a run that was terminated, deleted or lost with Temporal's database comes back, after a restore
// for instance.
//
// Errors: those of Temporal and of the book. The report says how far it came; calling it again does no harm.
func (d *Dispatcher) Reconcile(ctx context.Context) (Report, error) {
	var report Report
	open, err := d.openRuns(ctx)
	if err != nil {
		return report, fmt.Errorf("list the open runs: %w", err)
	}
	report.Running = len(open)
	for after := ""; ; {
		page, err := d.Book.FollowedRuns(ctx, after, reconcilePage)
		if err != nil {
			return report, err
		}
		if len(page) == 0 {
			report.Over, err = d.endOver(ctx, open)
			return report, err
		}
		report.Followed += len(page)
		var unseen []runs.Wanted
		for _, run := range page {
			if !open[run.WorkflowID] {
				unseen = append(unseen, run)
			}
			delete(open, run.WorkflowID)
		}
		report.Asked += len(unseen)
		gone, err := d.asked(ctx, unseen, false)
		if err != nil {
			return report, fmt.Errorf("ask about open runs: %w", err)
		}
		if err := d.Book.WantRuns(ctx, gone...); err != nil {
			return report, err
		}
		report.Raised += len(gone)
		d.measured.raised.WithLabelValues("reconcile").Add(float64(len(gone)))
		after = page[len(page)-1].WorkflowID
	}
}

// endOver makes the open runs look whose subjects are over, as after a restore of Temporal's database. The list lags, so each
// is asked about first.
func (d *Dispatcher) endOver(ctx context.Context, open map[string]bool) (int, error) {
	over := 0
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(open)), reconcilePage) {
		ended, err := d.Book.OverRuns(ctx, ids)
		if err != nil {
			return over, err
		}
		left, err := d.asked(ctx, ended, true)
		if err != nil {
			return over, fmt.Errorf("ask about runs that should be over: %w", err)
		}
		if err := d.Book.WantRuns(ctx, left...); err != nil {
			return over, err
		}
		over += len(left)
		d.measured.raised.WithLabelValues("reconcile").Add(float64(len(left)))
	}
	return over, nil
}

// openRuns are the workflow ids of the open runs that Temporal lists.
func (d *Dispatcher) openRuns(ctx context.Context) (map[string]bool, error) {
	open := map[string]bool{}
	request := &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: reconcilePage,
		Query:    fmt.Sprintf("WorkflowType IN ('%s') AND ExecutionStatus = 'Running'", strings.Join(d.WorkflowTypes, "', '")),
	}
	for {
		page, err := d.Temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, run := range page.GetExecutions() {
			open[run.GetExecution().GetWorkflowId()] = true
		}
		if len(page.GetNextPageToken()) == 0 {
			return open, nil
		}
		request.NextPageToken = page.GetNextPageToken()
	}
}

// asked asks about each run and keeps those that are open, or those that are not.
func (d *Dispatcher) asked(ctx context.Context, doubtful []runs.Wanted, wantOpen bool) ([]runs.Wanted, error) {
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(calling)
	var mu sync.Mutex
	var kept []runs.Wanted
	for _, run := range doubtful {
		asking.Go(func() error {
			open, err := d.isOpen(ctx, run.WorkflowID)
			if err != nil || open != wantOpen {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, run)
			return nil
		})
	}
	err := asking.Wait()
	return kept, err
}

func (d *Dispatcher) isOpen(ctx context.Context, workflowID string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	run, err := d.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return false, nil
	}
	return run.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, err
}
