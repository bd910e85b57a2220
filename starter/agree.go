package main

// I-7: ledger and workflow agree. Per transfer:
//
//   - what the ledger wants its run to see is told to it within 60 s;
//   - while it is not over it has an open run, and nothing is overdue that the run should have done;
//   - once it is over its run is closed, or closes within 60 s;
//   - an open run has a row in the ledger, unless it is still opening its transfer;
//   - an open run gets on: its task does not fail.
//
// And every other run that the ledger follows is open and gets on: see agree_runs.go.
//
// Everything moves while it is looked at, and Temporal's index lags. So the first pass, over the lists of both sides, only
// finds transfers to doubt; those are looked at one by one, a few times, and what still disagrees then is a violation.
// Memory grows with the transfers that are open, not with those there ever were; calls to Temporal with the pages of its
// index and the doubtful.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"handover/internal/ledger"
	"handover/internal/runs"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/transferclient"
)

const (
	rounds         = 4                      // looks at a doubtful transfer
	betweenRounds  = 500 * time.Millisecond // for what is just being done to be done
	looksAtOnce    = 8
	followsPerPage = 1000
	mostListed     = 20          // violations in full sentences
	tellWithin     = time.Minute // a run is told of a change, and closes after the last one
)

// agreement is one check of I-7.
type agreement struct {
	book     records
	service  transfers
	patience time.Duration // for one answer of Temporal
	wait     func(context.Context, time.Duration) error
}

// disagreement is a transfer, or another run, that violates I-7.
type disagreement struct {
	id, says string
	run      *runs.Wanted // as it is to be raised; nil for a transfer's
}

func agreementFinding() ledger.Finding {
	return ledger.Finding{Invariant: "I-7", Says: "Ledger and workflow agree."}
}

func findingOf(wrong []disagreement, checked int) ledger.Finding {
	f := agreementFinding()
	f.Checked, f.Count = checked, len(wrong)
	for _, w := range wrong[:min(len(wrong), mostListed)] {
		f.Broken = append(f.Broken, w.says)
	}
	return f
}

// check compares everything and tells how many transfers and other runs that was. Errors: those of the ledger,
// transferclient.ErrUnavailable, the context's.
func (a *agreement) check(ctx context.Context) (wrong []disagreement, checked int, err error) {
	known, err := a.readLedger(ctx)
	if err != nil {
		return nil, 0, err
	}
	checked = len(known)
	doubtful, strangers, err := a.compare(ctx, known)
	if err != nil {
		return nil, checked, err
	}
	if wrong, err = a.lookAgain(ctx, doubtful); err != nil {
		return nil, checked, err
	}
	missing, others, err := a.checkOthers(ctx)
	return append(wrong, missing...), checked + strangers + others, err
}

// readLedger takes every transfer that is not over, or whose run is behind.
func (a *agreement) readLedger(ctx context.Context) (map[string]transferstore.Follow, error) {
	known := map[string]transferstore.Follow{}
	for after := ""; ; {
		page, err := a.book.Follows(ctx, after, followsPerPage)
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			known[f.TransferID] = f
		}
		if len(page) < followsPerPage {
			return known, nil
		}
		after = page[len(page)-1].TransferID
	}
}

// compare holds the open runs against the ledger and returns the transfers to doubt, sorted, and how many of the runs belong
// to none that is known. A run whose status in the index is another may have seen what the ledger lost.
func (a *agreement) compare(ctx context.Context, known map[string]transferstore.Follow) (doubtful []string, strangers int, err error) {
	listed := map[string]bool{}
	for page := []byte(nil); ; {
		open, next, err := a.openRuns(ctx, page)
		if err != nil {
			return nil, 0, err
		}
		for _, run := range open {
			f, ok := known[run.id]
			if !ok {
				strangers++
			}
			if !ok || f.Status != run.status {
				doubtful = append(doubtful, run.id)
			}
			listed[run.id] = true
		}
		if page = next; len(page) == 0 {
			break
		}
	}
	for id, f := range known {
		if complaint(f, listed[id]) != "" {
			doubtful = append(doubtful, id)
		}
	}
	slices.Sort(doubtful)
	return slices.Compact(doubtful), strangers, nil
}

func (a *agreement) openRuns(ctx context.Context, page []byte) ([]openRun, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	return a.service.OpenRuns(ctx, page)
}

// lookAgain looks at the doubtful until they agree or the rounds are over, and returns what is wrong with the rest.
func (a *agreement) lookAgain(ctx context.Context, doubtful []string) ([]disagreement, error) {
	var wrong []disagreement
	for round := range rounds {
		if len(doubtful) == 0 {
			return nil, nil
		}
		if round > 0 {
			if err := a.wait(ctx, betweenRounds); err != nil {
				return nil, err
			}
		}
		complaints, err := a.lookAtAll(ctx, doubtful)
		if err != nil {
			return nil, err
		}
		var still []string
		wrong = nil
		for i, says := range complaints {
			if says != "" {
				still, wrong = append(still, doubtful[i]), append(wrong, disagreement{id: doubtful[i], says: says})
			}
		}
		doubtful = still
	}
	return wrong, nil
}

// lookAtAll returns one complaint per transfer, empty for those that agree.
func (a *agreement) lookAtAll(ctx context.Context, ids []string) ([]string, error) {
	complaints := make([]string, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, id := range ids {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, a.patience)
			defer cancel()
			var err error
			complaints[i], err = a.look(ctx, id)
			return err
		})
	}
	return complaints, group.Wait()
}

// look compares one transfer on both sides, as they are now.
func (a *agreement) look(ctx context.Context, id string) (string, error) {
	running, err := a.service.Running(ctx, transfer.WorkflowID(id))
	if err != nil {
		return "", err
	}
	f, err := a.book.FollowOf(ctx, id)
	switch {
	case errors.Is(err, transfer.NotFound):
		if !running {
			return "", nil
		}
		return a.lookAtStranger(ctx, id)
	case err != nil:
		return "", err
	}
	if says := complaint(f, running); says != "" || !running || f.Status.Final() {
		return says, nil
	}
	return a.lookAtRun(ctx, id)
}

// complaint is what is wrong with a transfer of the ledger, given whether it has an open run; empty when nothing is. What the
// run is about to be told is not held against it.
func complaint(f transferstore.Follow, running bool) string {
	switch over := f.Status.Final(); {
	case f.Behind > tellWithin:
		return fmt.Sprintf("Transfer %s is %s in the ledger, and its run has not been told for %s.", f.TransferID, f.Status, f.Behind.Round(time.Second))
	case f.Behind > 0:
		return ""
	case !over && !running:
		return fmt.Sprintf("Transfer %s is %s in the ledger, and no run is open for it.", f.TransferID, f.Status)
	case over && running && f.Settled > tellWithin:
		return fmt.Sprintf("Transfer %s is %s in the ledger, and its run is still open.", f.TransferID, f.Status)
	case running && !f.HasRun:
		return fmt.Sprintf("Transfer %s is %s in the ledger, which knows of no run, and one is open.", f.TransferID, f.Status)
	case f.Overdue:
		return fmt.Sprintf("Transfer %s is %s in the ledger, and its run has not done what is due.", f.TransferID, f.Status)
	}
	return ""
}

// lookAtStranger asks an open run whose transfer the ledger does not have.
func (a *agreement) lookAtStranger(ctx context.Context, id string) (string, error) {
	said, err := a.service.Get(ctx, id)
	switch {
	case errors.Is(err, transfer.NotFound): // it was refused meanwhile
		return "", nil
	case errors.Is(err, transferclient.ErrFailing):
		return runFails(id), nil
	case err != nil:
		return "", err
	case said.Restored || said.Transfer.Status != transfer.None:
		return fmt.Sprintf("A run is open for transfer %s, and the ledger has no such transfer.", id), nil
	}
	return "", nil
}

func runFails(id string) string {
	return fmt.Sprintf("The run of transfer %s does not get on: its task fails, and the log of the workers says how.", id)
}

// lookAtRun asks an open run whether it follows.
func (a *agreement) lookAtRun(ctx context.Context, id string) (string, error) {
	said, err := a.service.Get(ctx, id)
	switch {
	case errors.Is(err, transfer.NotFound):
		return "", nil
	case errors.Is(err, transferclient.ErrFailing):
		return runFails(id), nil
	case err != nil:
		return "", err
	case said.Restored:
		return fmt.Sprintf("The run of transfer %s has seen more than the ledger, and waits: starter resume %s --accept-ledger has it go on.", id, id), nil
	}
	return "", nil
}
