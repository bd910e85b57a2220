package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"handover/internal/command"
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

func (c *cli) webhookRegister() *cobra.Command {
	var w webhook.Wish
	var fresh, again bool
	cmd := &cobra.Command{
		Use:     "register",
		Short:   "Register an endpoint for the partner, or another one with --replace",
		Example: "  starter webhook register --as PARTNER --url https://hooks.example/handover --event create-transfer,test-created --format standard --new-secret",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&w.URL, "url", "", "address of the endpoint")
	cmd.Flags().StringSliceVar(&w.Events, "event", nil, "events to send; may be repeated (default: all)")
	cmd.Flags().StringVar(&w.Format, "format", string(webhook.PartnerCenter), "partner-center or standard")
	cmd.Flags().BoolVar(&w.InMSHeader, "ms-header", false, "put the signature into x-ms-signature instead of Authorization")
	cmd.Flags().BoolVar(&fresh, "new-secret", false, "make a secret and print it, this once; the one before signs for a day more")
	cmd.Flags().BoolVar(&again, "replace", false, "replace the registration that there is")
	complete(cmd, "format", webhook.PartnerCenter, webhook.Standard)
	complete(cmd, "event", webhook.EventNames()...)
	mandatory(cmd, "url")
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		if fresh {
			w.Secret = webhook.NewSecret().Kept()
		}
		for _, event := range webhook.EventNames() {
			if !cmd.Flags().Changed("event") {
				w.Events = append(w.Events, string(event))
			}
		}
		rules, err := c.endpoints()
		if err != nil {
			return err
		}
		do := book.RegisterWebhook
		if again {
			do = book.ReplaceWebhook
		}
		r, err := do(ctx, command.Terms[webhook.Registration]{Origin: c.origin()}, partner, w, rules)
		if err != nil {
			return err
		}
		return c.printRegistration(r, w.Secret)
	})
	return cmd
}

// endpoints are those that may be registered in the ledger at hand: in standalone's own, those that standalone calls.
func (c *cli) endpoints() (webhook.Addresses, error) {
	at, err := c.env.ledgerAt(c.ledger, c.address)
	if err != nil {
		return webhook.Addresses{}, err
	}
	return c.env.endpoints(at)
}
