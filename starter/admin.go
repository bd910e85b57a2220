package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/activitylog"
	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/command"
)

func (c *cli) adminCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Add and change partners, users, customers and what is billed, as an operator, on a ledger in use",
		Long: "Add and change partners, users, customers and what is billed, as an operator, on a ledger in use.\n" +
			"put adds a record, or changes the fields that are given of one that is there; what changes nothing writes nothing.\n" +
			"Nothing is deleted: relationships and partnerships end, users leave, subscriptions are cancelled. What would break\n" +
			"something that is, is refused, and so is another owner of a subscription: that is what transfers are for.\n" +
			"docs/administration.md leads from an empty ledger to a completed transfer.",
		Example: "  starter admin apply world.yaml --dry-run\n" +
			"  starter admin user put PARTNER USER --email ana@northwind.example --role AdminAgent\n" +
			"  starter admin relationship put --partner PARTNER --customer CUSTOMER",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		c.adminPartnerCommand(), c.adminUserCommand(), c.adminCustomerCommand(), c.adminRelationshipCommand(), c.adminAgreementCommand(),
		c.adminPartnershipCommand(), c.adminSubscriptionCommand(), c.adminApplyCommand(),
	)
	return cmd
}

// group is a command that only has commands.
func group(use, short string, all ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(all...)
	return cmd
}

// administering makes the command carry out a proposal, which is made of its arguments.
func (c *cli) administering(cmd *cobra.Command, propose func(args []string) administrationstore.Proposal) *cobra.Command {
	c.ledgerFlag(cmd)
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.work(func(ctx context.Context) error {
			id, err := requestID()
			if err != nil {
				return err
			}
			how := administrationstore.How{Place: administration.InLedger}
			return c.administer(ctx, id, said(cmd, args), how, propose(args))
		})(cmd, args)
	}
	return cmd
}

// administer carries the proposal out on the ledger at hand and prints what came of it. A rehearsal is not remembered.
func (c *cli) administer(ctx context.Context, requestID string, said any, how administrationstore.How, propose administrationstore.Proposal) error {
	how.By = activitylog.By{UserID: c.operator().UserID, ApplicationID: applicationName}
	var terms command.Terms[administration.Applied]
	if !how.Rehearse {
		terms = command.Terms[administration.Applied]{Claim: c.claim("admin", requestID, said), Answer: keptAnswer[administration.Applied], Origin: c.origin()}
	}
	return c.withLedger(ctx, func(book records) error {
		done, err := book.Administer(ctx, terms, how, propose)
		var repeated *command.Repeated
		if errors.As(err, &repeated) {
			err = json.Unmarshal(repeated.Answer.Body, &done)
		}
		if err != nil {
			return unsureError(err, requestID)
		}
		return c.printApplied(done, requestID)
	})
}

func (c *cli) printApplied(a administration.Applied, requestID string) error {
	if c.output == outputJSON {
		return c.printJSON(struct {
			administration.Applied
			RequestID string `json:"requestId"`
		}{a, requestID})
	}
	rows := make([]table.Row, len(a.Counts))
	for i, n := range a.Counts {
		rows[i] = table.Row{string(n.Kind), n.New, n.Changed, n.Ended, n.Same}
	}
	c.printTable(table.Row{"", "new", "changed", "ended", "the same"}, rows)
	switch {
	case a.Rehearsed:
		c.say("Nothing was written.")
	case !a.Writes():
		c.say("The ledger says so already; nothing was written.")
	}
	return nil
}
