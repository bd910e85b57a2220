package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"handover/internal/webhook"
)

func (c *cli) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "What a partner is told over HTTP, from the ledger; and a receiver to try it with",
		Long: "What a partner is told over HTTP: an operator's hand on the registration and the deliveries of the partner that --as names,\n" +
			"in the ledger. listen receives, verifies and prints them, for who writes a receiver. docs/webhooks.md says what is sent.",
		Example: "  starter webhook register --as PARTNER --url https://hooks.example/handover\n  starter webhook listen",
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(c.webhookRegister(), c.webhookShow(), c.webhookUnregister(), c.webhookTest(), c.webhookDeliveries(), c.webhookRedeliver(), c.webhookListen())
	return cmd
}

// ofPartner is the work of a command about the partner that --as names.
func (c *cli) ofPartner(do func(ctx context.Context, book records, partner string) error) func(*cobra.Command, []string) error {
	return c.work(func(ctx context.Context) error {
		partner := c.acting.PartnerTenantID
		if partner == "" {
			return &usageError{errors.New("name the partner with --as")}
		}
		return c.withLedger(ctx, func(book records) error {
			if _, err := book.Partner(ctx, partner); err != nil {
				return err
			}
			return do(ctx, book, partner)
		})
	})
}

// endpoints are those that may be registered in the ledger at hand: in standalone's own, those that standalone calls.
func (c *cli) endpoints() (webhook.Addresses, error) {
	at, err := c.env.ledgerAt(c.ledger, c.address)
	if err != nil {
		return webhook.Addresses{}, err
	}
	return c.env.endpoints(at)
}
