package main

// I-7: ledger and workflow agree.
//
//   - a transfer that is not final in the ledger has a running workflow that says the same status;
//   - a transfer that is final in the ledger has a closed workflow, or one that says the same status: a run stays open
//     while e-mail is delivered;
//   - a running workflow has a transfer in the ledger, unless it is still checking the request.
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
	"handover/internal/transfer"
)

const (
	rounds        = 4                      // looks at a doubtful transfer
	betweenRounds = 500 * time.Millisecond // for a decision that is just being made to reach both sides
	looksAtOnce   = 8
	newestFinal   = 10_000 // transfers of each final state taken from the ledger's list; older ones are asked for one by one
	mostListed    = 20     // violations in full sentences
)

// agreement is one check of I-7.
type agreement struct {
	book     records
	service  transfers
	patience time.Duration // for one answer of Temporal
	pause    time.Duration // between rounds
}

func newAgreement(book records, service transfers, patience time.Duration) *agreement {
	return &agreement{book: book, service: service, patience: patience, pause: betweenRounds}
}

func agreementFinding() ledger.Finding {
	return ledger.Finding{Invariant: "I-7", Says: "Ledger and workflow agree."}
}

// check compares everything. Errors: those of the ledger, transferclient.ErrUnavailable, the context's.
func (a *agreement) check(ctx context.Context) (ledger.Finding, error) {
	f := agreementFinding()
	known, err := a.readLedger(ctx)
	if err != nil {
		return f, err
	}
	f.Checked = len(known)
	doubtful, strangers, err := a.compare(ctx, known)
	if err != nil {
		return f, err
	}
	f.Checked += strangers
	complaints, err := a.settle(ctx, doubtful)
	f.Count, f.Broken = len(complaints), complaints[:min(len(complaints), mostListed)]
	return f, err
}

// readLedger takes the status of every transfer that is not final, and of the newest that are.
func (a *agreement) readLedger(ctx context.Context) (map[string]transfer.Status, error) {
	known := map[string]transfer.Status{}
	for _, status := range transfer.Statuses() {
		if status == transfer.None {
			continue
		}
		filter := ledger.Filter{Status: status}
		if status.Final() {
			filter.Limit = newestFinal
		}
		rows, err := a.book.Transfers(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			known[row.ID] = row.Status
		}
	}
	return known, nil
}

// compare holds the running workflows against the ledger and returns the transfers that do not fit, sorted, and how many
// of the running are not among the known.
func (a *agreement) compare(ctx context.Context, known map[string]transfer.Status) (doubtful []string, strangers int, err error) {
	var page []byte
	for {
		open, next, err := a.openRuns(ctx, page)
		if err != nil {
			return nil, 0, err
		}
		for _, run := range open {
			status, ok := known[run.id]
			if !ok {
				strangers++
			}
			if status != run.status {
				doubtful = append(doubtful, run.id)
			}
			delete(known, run.id)
		}
		if page = next; len(page) == 0 {
			break
		}
	}
	for id, status := range known {
		if !status.Final() {
			doubtful = append(doubtful, id) // nothing seems to be running for it
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

// settle looks at the doubtful until they agree or the rounds are over, and returns what is wrong with the rest.
func (a *agreement) settle(ctx context.Context, doubtful []string) ([]string, error) {
	var complaints []string
	for round := range rounds {
		if len(doubtful) == 0 {
			return nil, nil
		}
		if round > 0 {
			if err := wait(ctx, a.pause); err != nil {
				return nil, err
			}
		}
		found, err := a.lookAtAll(ctx, doubtful)
		if err != nil {
			return nil, err
		}
		var still []string
		complaints = nil
		for i, complaint := range found {
			if complaint != "" {
				still, complaints = append(still, doubtful[i]), append(complaints, complaint)
			}
		}
		doubtful = still
	}
	return complaints, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
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
func (a *agreement) look(ctx context.Context, id string) (complaint string, err error) {
	row, err := a.book.Transfer(ctx, id)
	inLedger := !errors.Is(err, transfer.NotFound)
	if err != nil && inLedger {
		return "", err
	}
	running, err := a.service.Running(ctx, id)
	switch {
	case err != nil:
		return "", err
	case !running && inLedger && !row.Status.Final():
		return fmt.Sprintf("Transfer %s is %s in the ledger, and no workflow is running for it.", id, row.Status), nil
	case !running:
		return "", nil
	}
	snapshot, err := a.service.Get(ctx, id)
	opened := !errors.Is(err, transfer.NotFound)
	switch {
	case err != nil && opened:
		return "", err
	case !inLedger && opened:
		return fmt.Sprintf("The workflow of transfer %s says %s, and the ledger has no such transfer.", id, snapshot.Transfer.Status), nil
	case inLedger && !opened:
		return fmt.Sprintf("Transfer %s is %s in the ledger, and its workflow is still checking the request.", id, row.Status), nil
	case snapshot.Transfer.Status != row.Status:
		return fmt.Sprintf("Transfer %s is %s in the ledger, and its workflow says %s.", id, row.Status, snapshot.Transfer.Status), nil
	}
	return "", nil
}
