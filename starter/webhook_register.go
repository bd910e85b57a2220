package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/webhook"
)

// registering are the flags of webhook register.
type registering struct {
	webhook.Wish
	inMSHeader, fresh, replace bool
}

func (c *cli) webhookRegister() *cobra.Command {
	var w registering
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register an endpoint for the partner, or change the registration with --replace",
		Long: "Register an endpoint for the partner, for all events unless it is told which. With --replace, change the registration that there is,\n" +
			"and say what that changes: what no flag names stays as it is.",
		Example: "  starter webhook register --as PARTNER --url https://hooks.example/handover --event create-transfer,test-created --format standard --new-secret\n" +
			"  starter webhook register --as PARTNER --replace --new-secret",
		Args: cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if !w.replace && !cmd.Flags().Changed("url") {
				return &usageError{errors.New("name the endpoint with --url")}
			}
			if w.Revoke && !w.replace {
				return &usageError{errors.New("--revoke-secrets goes with --replace")}
			}
			if cmd.Flags().Changed("ms-header") {
				w.InMSHeader = &w.inMSHeader
			}
			if w.fresh {
				w.Secret = webhook.NewSecret().Kept()
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&w.URL, "url", "", "address of the endpoint")
	cmd.Flags().StringSliceVar(&w.Events, "event", nil, "events to send; may be repeated (default: all, or those of the registration)")
	cmd.Flags().StringVar(&w.Format, "format", "", "partner-center or standard (default: partner-center, or that of the registration)")
	cmd.Flags().BoolVar(&w.inMSHeader, "ms-header", false, "put the signature into x-ms-signature instead of Authorization")
	cmd.Flags().BoolVar(&w.fresh, "new-secret", false, "make a secret and print it, this once; those before sign for a day more")
	cmd.Flags().BoolVar(&w.Revoke, "revoke-secrets", false, "with --replace: the secrets before sign no more, at once, because one leaked")
	cmd.Flags().BoolVar(&w.replace, "replace", false, "change the registration that there is")
	complete(cmd, "format", webhook.PartnerCenter, webhook.Standard)
	complete(cmd, "event", webhook.EventNames()...)
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		rules, err := c.endpoints()
		if err != nil {
			return err
		}
		if w.replace {
			return c.replaceWebhook(ctx, book, partner, w, rules)
		}
		if w.Events == nil {
			w.Events = names(webhook.EventNames())
		}
		r, err := book.RegisterWebhook(ctx, command.Terms[webhook.Registration]{Origin: c.origin()}, partner, w.Wish, rules)
		if err != nil {
			return err
		}
		return c.printRegistration(r, w.Secret)
	})
	return cmd
}

// replaceWebhook changes the registration that there is, unless somebody else does at that instant, and says what that changed.
func (c *cli) replaceWebhook(ctx context.Context, book records, partner string, w registering, rules webhook.Addresses) error {
	was, err := book.Webhook(ctx, partner)
	if err != nil {
		return err
	}
	if w.URL == "" {
		w.URL = was.URL
	}
	if w.Events == nil {
		w.Events = names(was.Events)
	}
	terms := command.Terms[webhook.Registration]{Origin: c.origin(), Match: func(now webhook.Registration) error {
		if now.ModifiedAt.Equal(was.ModifiedAt) {
			return nil
		}
		return kernel.Refuse(kernel.StaleETag, "The registration was changed at this instant. Look at it, then change it.")
	}}
	r, err := book.ReplaceWebhook(ctx, terms, partner, w.Wish, rules)
	if err != nil {
		return err
	}
	c.sayChanges(was, r)
	return c.printRegistration(r, w.Secret)
}

func (c *cli) sayChanges(was, is webhook.Registration) {
	for _, changed := range []struct {
		what        string
		before, now any
	}{
		{"address", was.URL, is.URL}, {"format", was.Format, is.Format}, {"signature in x-ms-signature", was.InMSHeader, is.InMSHeader},
	} {
		if changed.before != changed.now {
			c.say(fmt.Sprintf("Changed: %s, from %v to %v.", changed.what, changed.before, changed.now))
		}
	}
	for _, event := range webhook.EventNames() {
		switch before, now := was.Wants(event), is.Wants(event); {
		case before && !now:
			c.say(fmt.Sprintf("Changed: %s is not sent any more.", event))
		case now && !before:
			c.say(fmt.Sprintf("Changed: %s is sent.", event))
		}
	}
	if was.Secret != is.Secret {
		c.say("Changed: the secret.")
	}
	if len(was.Previous) > 0 && len(is.Previous) == 0 {
		c.say("Changed: the secrets before sign no more.")
	}
	if was.Health.Off() {
		c.say("Changed: the endpoint is called again.")
	}
}

func names(events []webhook.EventName) []string {
	all := make([]string, len(events))
	for i, event := range events {
		all[i] = string(event)
	}
	return all
}
