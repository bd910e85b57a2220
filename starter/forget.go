package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/ledger"
)

var (
	errNoYes = errors.New("what is forgotten does not come back: look at it with --dry-run, then give --yes")
	errAge   = errors.New("--older-than takes days, such as 365d, or a duration, such as 8760h")
)

// beyondForgetting is what the command cannot reach.
const beyondForgetting = "Temporal keeps what came through the second door, and texts of failures, until the retention of its namespace is over (TEMPORAL_RETENTION, 72h unless it is set,\n" +
	"after a run's end). Mail servers, receivers of webhooks, exports and backups keep what they have: docs/personal-data.md."

func (c *cli) forgetCommand() *cobra.Command {
	var f ledger.Forgetting
	var customer, age string
	var yes bool
	cmd := &cobra.Command{
		Use:   "forget --customer ID | --older-than AGE",
		Short: "Forget addresses, names and typed texts of what is over, as an operator who owns the ledger's tables",
		Long: "Forget what is personal on the ledger: of everything about a customer that is over, or of everything that ended longer ago\n" +
			"than an age of at least 90 days. Tombstones stand in its place; ids, times, states and money stay, and verify knows.\n" +
			"Transfers that are not over are left and listed: run it again when they are. It works in portions beside the running\n" +
			"programs, and after an interruption running it again does the rest. It needs the role that migrate needs.",
		Example: "  starter forget --customer c0a80101-0000-4000-8000-00000000c001 --dry-run\n" +
			"  starter forget --older-than 730d --yes --ledger postgres://handover_owner@db/handover",
		Args: nothing,
	}
	cmd.Flags().StringVar(&customer, "customer", "", "the customer, a Microsoft ID")
	cmd.Flags().StringVar(&age, "older-than", "", "how long ago it ended, in days (365d) or as a duration (8760h); at least 90d")
	cmd.MarkFlagsOneRequired("customer", "older-than")
	cmd.MarkFlagsMutuallyExclusive("customer", "older-than")
	cmd.Flags().BoolVar(&f.DryRun, "dry-run", false, "say how much would be forgotten, and change nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "forget it")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "yes")
	c.ledgerFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		var err error
		if customer != "" {
			f.CustomerTenantID, err = kernel.ParseID("--customer", customer)
		} else {
			f.OlderThan, err = parseAge(age)
		}
		if err == nil && !f.DryRun && !yes {
			err = errNoYes
		}
		if err != nil {
			return &usageError{err}
		}
		return c.forget(ctx, f)
	})
	return cmd
}

// parseAge reads days or a duration, which is positive.
func parseAge(text string) (time.Duration, error) {
	age, err := time.ParseDuration(text)
	if days, inDays := strings.CutSuffix(text, "d"); inDays {
		var n int64
		n, err = strconv.ParseInt(days, 10, 32)
		const mostDays = 100_000
		if n > mostDays {
			return 0, errAge
		}
		age = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || age <= 0 {
		return 0, errAge
	}
	return age, nil
}

func (c *cli) forget(ctx context.Context, f ledger.Forgetting) error {
	f.Operator, f.Origin = c.operator(), c.origin()
	return c.withLedger(ctx, func(book records) error {
		show, end := c.counter("places looked at")
		f.Watch = func(done ledger.Forgotten) { show(done.Places()) }
		done, err := book.Forget(ctx, f)
		end()
		switch {
		case errors.Is(err, ledger.ErrMayNotForget):
			return &usageError{err}
		case err != nil:
			if done.Places() > 0 && !f.DryRun {
				c.say(fmt.Sprintf("In %d places it is forgotten; running it again does the rest.", done.Places()))
			}
			return err
		}
		return c.printForgotten(done, f.DryRun)
	})
}

func (c *cli) printForgotten(done ledger.Forgotten, dryRun bool) error {
	if c.output == outputJSON {
		return c.printJSON(struct {
			DryRun bool `json:"dryRun"`
			ledger.Forgotten
			Beyond string `json:"beyond"`
		}{dryRun, done, strings.ReplaceAll(beyondForgetting, "\n", " ")})
	}
	heading := "forgotten"
	if dryRun {
		heading = "would be forgotten"
	}
	c.printTable(table.Row{"of", heading}, []table.Row{
		{"transfers", done.Transfers}, {"reasons of operators", done.Reasons}, {"e-mails", done.Mails}, {"records in the log", done.Records},
		{"agreements", done.Agreements}, {"users who left", done.Users}, {"applications to programmes", done.Applications},
		{"kept answers", done.Answers}, {"answers of webhooks", done.Excerpts},
	})
	if len(done.Left) > 0 {
		rows := make([]table.Row, len(done.Left))
		for i, left := range done.Left {
			rows[i] = table.Row{left.TransferID, left.Why}
		}
		c.say("Left, because they are not over; run it again when they are:")
		c.printTable(table.Row{"transfer", "why"}, rows)
	}
	c.say(beyondForgetting)
	return nil
}
