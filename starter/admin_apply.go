package main

import (
	"context"

	"github.com/spf13/cobra"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/world"
)

func (c *cli) adminApplyCommand() *cobra.Command {
	var rehearse bool
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Take a world file onto a ledger in use, all of it or nothing, and tell what is new, changed and the same",
		Long: "Take a world file onto a ledger in use, all of it or nothing, and tell what is new, changed and the same. It may name\n" +
			"what only the ledger has, and need not have partners or customers. What it does not name stays as it is.\n" +
			"Whatever contradicts the ledger is told, up to fifty things at once, and then nothing is written.",
		Example: "  starter admin apply more.yaml --dry-run\n  starter admin apply more.yaml --ledger postgres://handover@db/handover",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&rehearse, "dry-run", false, "tell what would change and write nothing")
	c.ledgerFlag(cmd)
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.work(func(ctx context.Context) error {
			content, err := world.LoadMore(args[0])
			if err != nil {
				return &usageError{err}
			}
			id, err := requestID()
			if err != nil {
				return err
			}
			how := administrationstore.How{Place: administration.InFileOrLedger, Rehearse: rehearse}
			return c.administer(ctx, id, content, how, proposing(content, nil))
		})(cmd, args)
	}
	return cmd
}

// proposing proposes the world, or fails with what was wrong with the flags that say it.
func proposing(w administration.World, err error) administrationstore.Proposal {
	return func(context.Context, administrationstore.Known) (administration.Changes, error) {
		return administration.Changes{World: w}, err
	}
}
