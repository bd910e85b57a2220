package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"handover/internal/ledger"
)

func (c *cli) migrateCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the ledger's schema up to date, as the role that owns it",
		Long: "Bring the ledger's schema up to date, as the role that owns it, so that worker and gateway need no right to change it.\n" +
			"--runtime-role names the role of PostgreSQL that they have: it gets the rights that they need and no others, so that\n" +
			"it can add to the activity log but neither change nor delete what is in it. Repeat it with every new version.",
		Example: "  starter migrate --ledger postgres://handover_owner@db/handover --runtime-role handover",
		Args:    nothing,
	}
	cmd.Flags().StringVar(&c.ledger, "ledger", "", "the ledger's database, with the role that owns its tables (default HANDOVER_LEDGER_URL)")
	cmd.Flags().StringVar(&role, "runtime-role", "", "the role of worker, gateway and starter, which exists already")
	cmd.RunE = c.work(func(ctx context.Context) error { return c.migrate(ctx, role) })
	return cmd
}

func (c *cli) migrate(ctx context.Context, role string) error {
	return c.withLedgerAt(ctx, c.ledger, func(book records) error {
		if role == "" {
			c.say("The ledger's schema is up to date.")
			return nil
		}
		err := book.Grant(ctx, role)
		if errors.Is(err, ledger.ErrNoRoles) || errors.Is(err, ledger.ErrOwnerRole) || errors.Is(err, ledger.ErrMayCreate) {
			return &usageError{err}
		}
		if err == nil {
			c.say(fmt.Sprintf("The ledger's schema is up to date, and %s may work with it.", role))
		}
		return err
	})
}
