package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"handover/internal/ledger"
	"handover/internal/transferclient"
	"handover/internal/world"
)

// ledgerFlag adds --ledger.
func ledgerFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("ledger", "", "the ledger's database, postgres://… or sqlite://… (default HANDOVER_LEDGER_URL)")
}

// withLedger opens the ledger for as long as the work takes.
func (c *cli) withLedger(ctx context.Context, url string, do func(book records) error) error {
	book, err := c.env.openLedger(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(do(book), closed(book))
}

func closed(book io.Closer) error {
	if err := book.Close(); err != nil {
		return fmt.Errorf("the ledger could not be closed: %w", err)
	}
	return nil
}

func (c *cli) seedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "seed FILE",
		Short:   "Fill an empty ledger with the partners, customers and subscriptions of a world file",
		Example: "  starter seed world.yaml --ledger sqlite://ledger.db",
		Args:    cobra.ExactArgs(1),
	}
	url := ledgerFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.work(func(ctx context.Context) error { return c.seed(ctx, args[0], *url) })(cmd, args)
	}
	return cmd
}

func (c *cli) seed(ctx context.Context, file, url string) error {
	content, err := world.Load(file)
	if err != nil {
		return &usageError{err}
	}
	return c.withLedger(ctx, url, func(book records) error {
		if err := book.Seed(ctx, content); err != nil {
			return err
		}
		return c.printSeeded(content)
	})
}

func (c *cli) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the invariants I-1 to I-7 on the ledger and the running transfers",
		Long: "Check the invariants I-1 to I-7 on the ledger and the running transfers. It changes no data.\n" +
			"Exit status: 0 when all hold, 1 when one does not, 5 when I-7 could not be checked because Temporal is silent.",
		Example: "  starter verify --ledger sqlite://ledger.db\n  starter verify --ledger-only -o json",
		Args:    cobra.NoArgs,
	}
	url := ledgerFlag(cmd)
	ledgerOnly := cmd.Flags().Bool("ledger-only", false, "leave I-7 out: do not ask Temporal")
	cmd.RunE = c.work(func(ctx context.Context) error {
		return c.withLedger(ctx, *url, func(book records) error { return c.verify(ctx, book, *ledgerOnly) })
	})
	return cmd
}

// verify prints every finding, then fails when an invariant does not hold or could not be checked.
func (c *cli) verify(ctx context.Context, book records, ledgerOnly bool) error {
	found, err := book.Verify(ctx)
	if err != nil {
		return err
	}
	empty, err := book.Empty(ctx)
	if err != nil {
		return err
	}
	if empty {
		c.tell("The ledger is empty, so there is nothing to check. Is it the right database?")
	}
	all := make([]checked, 0, len(found)+1)
	for _, f := range found {
		all = append(all, checked{Finding: f})
	}
	var silence error
	if !ledgerOnly {
		agree := checked{}
		if agree.Finding, silence = c.verifyAgreement(ctx, book); silence != nil {
			if !errors.Is(silence, transferclient.ErrUnavailable) {
				return silence
			}
			agree.NotChecked = silence.Error()
		}
		all = append(all, agree)
	}
	if err := c.printFindings(tidy(all)); err != nil {
		return err
	}
	for _, f := range all {
		if f.Count > 0 {
			return errViolated
		}
	}
	return silence
}

// tidy makes an empty list of violations an empty list in JSON.
func tidy(all []checked) []checked {
	for i := range all {
		if all[i].Broken == nil {
			all[i].Broken = []string{}
		}
	}
	return all
}

func (c *cli) verifyAgreement(ctx context.Context, book records) (ledger.Finding, error) {
	patience, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	service, err := c.env.connect(patience, c.address, c.namespace)
	if err != nil {
		return agreementFinding(), err
	}
	defer service.Close()
	return newAgreement(book, service, c.timeout).check(ctx)
}
