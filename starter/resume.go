package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/runs"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// resumption is what a resume is about, as the command line says it.
type resumption struct {
	allOpen bool
	replace bool // a new run in place of the one there is
	accept  bool // the same, for a run that has seen more than the ledger
}

func (c *cli) resumeCommand() *cobra.Command {
	var r resumption
	cmd := &cobra.Command{
		Use:   "resume ID | --all-open",
		Short: "Have the run of a transfer look at the ledger again, or another one begin, as an operator",
		Long: "Have the run of a transfer look at the ledger again, and begin where there is none: after a run was ended from\n" +
			"outside, after Temporal or the ledger were restored. It decides nothing, and doing it in vain does no harm. The\n" +
			"workers tell the runs, some 200 a second.",
		Example: "  starter resume 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001\n  starter resume --all-open --ledger postgres://handover@db/handover\n" +
			"  starter resume ID --accept-ledger   # its run says \"Restored\"",
		Args: func(cmd *cobra.Command, args []string) error {
			if !r.allOpen {
				return c.aTransfer(cmd, args)
			}
			return nothing(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&r.allOpen, "all-open", false, "every transfer that is not over")
	cmd.Flags().BoolVar(&r.replace, "replace", false, "begin a new run and terminate the one there is")
	cmd.Flags().BoolVar(&r.accept, "accept-ledger", false, "go on from what the ledger says although the run has seen more; begins a new run")
	c.ledgerFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		return c.withLedger(ctx, func(book records) error {
			if r.allOpen {
				return c.resumeOpen(ctx, book, r)
			}
			return c.resume(ctx, book, r)
		})
	})
	return cmd
}

func (c *cli) resumption(r resumption) transferstore.Resumption {
	cause := runs.CauseResumed
	if r.replace || r.accept {
		cause = runs.CauseReplaced
	}
	return transferstore.Resumption{Cause: cause, Actor: c.operator(), Origin: c.origin()}
}

func (c *cli) resume(ctx context.Context, book records, r resumption) error {
	found, err := book.Transfer(ctx, c.id)
	switch {
	case errors.Is(err, transfer.NotFound):
		return kernel.Refuse(transfer.NotFound, "The ledger has no transfer %s, so there is nothing to resume. Check the id, and --ledger.", c.id)
	case err != nil:
		return err
	case found.Status.Final():
		return kernel.Refuse(transfer.AlreadyFinal, "The transfer is %s; there is nothing left to resume.", found.Status)
	}
	n, err := book.Resume(ctx, c.resumption(r), c.id)
	if err != nil {
		return err
	}
	return c.printResumed(n)
}

// resumedAtOnce keeps one transaction short.
const resumedAtOnce = 500

func (c *cli) resumeOpen(ctx context.Context, book records, r resumption) error {
	said, all := c.resumption(r), 0
	for after := ""; ; {
		last, n, err := c.resumePage(ctx, book, said, after)
		if err != nil {
			return fmt.Errorf("%d transfers were resumed, then: %w", all, err)
		}
		if n == 0 {
			return c.printResumed(all)
		}
		all += n
		c.say(fmt.Sprintf("%d transfers resumed.", all))
		after = last
	}
}

const (
	pageTries = 5 // at a page of which some transfer is being decided
	pagePause = time.Second
)

// resumePage waits for decisions that are being made.
func (c *cli) resumePage(ctx context.Context, book records, r transferstore.Resumption, after string) (last string, n int, err error) {
	for range pageTries {
		last, n, err = book.ResumeOpen(ctx, r, after, resumedAtOnce)
		if !errors.Is(err, store.ErrLocked) {
			return last, n, err
		}
		if err := c.env.wait(ctx, pagePause); err != nil {
			return "", 0, err
		}
	}
	return last, n, err
}
