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
func moveItems(ctx context.Context, c contender, items int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, err := create(ctx, c, items)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := c.finish(ctx, id, approval()); err != nil {
		return 0, fmt.Errorf("finish (%s): %w", c.name(), err)
	}
	took := time.Since(began)
	return float64(items) / took.Seconds(), settled(ctx, c, items, id)
}

// The transfers of row 4.
const (
	smallItems = 3
	inFlight   = 16 // transfers at once
)

// makeTransfers makes small transfers and returns transfers per second, from the first create until all are Complete in the
// ledger and all e-mail was sent: who put it off until later would seem faster. Each is submitted as soon as it was created.
func makeTransfers(ctx context.Context, c contender, number int) (float64, error) {
	ids := make([]string, number)
	return rate(ctx, c, ids, func(ctx context.Context) error {
		return sideBySide(ctx, number, func(ctx context.Context, i int) (err error) {
			ids[i], err = complete(ctx, c, smallItems)
			return err
		})
	})
}

// makeInTwoSteps does the same, but submits none before all were created, their runs told and their e-mail sent.
func makeInTwoSteps(ctx context.Context, c contender, number int) (float64, error) {
	ids := make([]string, number)
	return rate(ctx, c, ids, func(ctx context.Context) error {
		err := sideBySide(ctx, number, func(ctx context.Context, i int) (err error) {
			ids[i], err = create(ctx, c, smallItems)
			return err
		})
		if err != nil {
			return err
		}
		if _, err := c.on().quiet(ctx); err != nil {
			return err
		}
		return sideBySide(ctx, number, func(ctx context.Context, i int) error { return c.finish(ctx, ids[i], approval()) })
	})
}

// rate is how many small transfers a second were made, e-mail included.
func rate(ctx context.Context, c contender, ids []string, work func(context.Context) error) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	if err := work(ctx); err != nil {
		return 0, err
	}
	if _, err := c.on().quiet(ctx); err != nil {
		return 0, err
	}
	took := time.Since(began)
	return float64(len(ids)) / took.Seconds(), settled(ctx, c, smallItems, ids...)
}

// sideBySide does something for every transfer, some at a time.
func sideBySide(ctx context.Context, number int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for i := range number {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// create requests a transfer of that many items.
func create(ctx context.Context, c contender, items int) (id string, err error) {
	request, err := c.on().request(items)
	if err != nil {
		return "", err
	}
	if id, err = c.create(ctx, request); err != nil {
		return "", fmt.Errorf("create (%s): %w", c.name(), err)
	}
	return id, nil
}

// complete makes a whole transfer and returns when it is closed in the ledger.
func complete(ctx context.Context, c contender, items int) (id string, err error) {
	if id, err = create(ctx, c, items); err != nil {
		return id, err
	}
	if err := c.finish(ctx, id, approval()); err != nil {
		return id, fmt.Errorf("finish (%s): %w", c.name(), err)
	}
	return id, nil
}

// settled waits for the end of the runs and for the e-mail, so that the next measurement has the machine to itself, and
// checks what became of the transfers.
func settled(ctx context.Context, c contender, items int, ids ...string) error {
	for _, id := range ids {
		if err := c.rest(ctx, id); err != nil {
			return fmt.Errorf("the run of transfer %s (%s): %w", id, c.name(), err)
		}
		t, err := c.on().Transfer(ctx, id)
		if err != nil {
			return err
		}
		if want := (transfer.ItemCounts{Complete: items}); t.Status != transfer.Complete || t.Items != want {
			return fmt.Errorf("transfer %s (%s) is %s with %+v, not Complete with %+v", id, c.name(), t.Status, t.Items, want)
		}
	}
	_, err := c.on().quiet(ctx)
	return err
}
