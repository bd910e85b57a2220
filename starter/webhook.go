package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
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
	cmd.AddCommand(c.webhookRegister(), c.webhookShow(), c.webhookTest(), c.webhookDeliveries(), c.webhookRedeliver(), c.webhookListen())
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

func (c *cli) webhookTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test", Short: "Send the partner a test event", Args: cobra.NoArgs,
		Example: "  starter webhook test --as PARTNER && starter webhook deliveries --as PARTNER",
	}
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		sent, err := book.TestWebhook(ctx, command.Terms[webhook.Event]{Origin: c.origin()}, partner, c.env.newID())
		if err == nil {
			c.say("The test " + sent.ID + " is on its way.")
		}
		return err
	})
	return cmd
}

func (c *cli) webhookDeliveries() *cobra.Command {
	q := webhookstore.Search{}
	cmd := &cobra.Command{
		Use: "deliveries", Short: "List what the partner was told, and is to be told, the newest first", Args: cobra.NoArgs,
		Example: "  starter webhook deliveries --as PARTNER --status dead",
	}
	cmd.Flags().StringVar((*string)(&q.Status), "status", "", "only waiting, delivered or dead ones")
	cmd.Flags().IntVar(&q.Limit, "limit", 50, "how many")
	complete(cmd, "status", webhook.Waiting, webhook.Delivered, webhook.Dead)
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		q.PartnerTenantID = partner
		found, err := book.WebhookDeliveries(ctx, q)
		if err != nil {
			return err
		}
		return c.printDeliveries(found.Items, found.Total)
	})
	return cmd
}

// deliveryView is a delivery as JSON.
type deliveryView struct {
	ID         string            `json:"id"`
	Event      webhook.EventName `json:"event"`
	ResourceID string            `json:"resourceId"`
	At         time.Time         `json:"at"`
	Status     webhook.Status    `json:"status"`
	Attempts   int               `json:"attempts"`
	NextAt     time.Time         `json:"nextAt,omitzero"`
	Latest     string            `json:"latest,omitempty"`
}

func deliveryOf(d webhook.Delivery) deliveryView {
	v := deliveryView{ID: d.ID, Event: d.Name, ResourceID: d.ResourceID, At: d.At, Status: d.Status, Attempts: d.Attempts, Latest: d.LastFault}
	if d.LastStatus != 0 {
		v.Latest = fmt.Sprint(d.LastStatus)
	}
	if d.Status == webhook.Waiting {
		v.NextAt = d.NextAt
	}
	return v
}

func (c *cli) printDeliveries(all []webhook.Delivery, total int) error {
	views := make([]deliveryView, len(all))
	rows := make([]table.Row, len(all))
	for i, d := range all {
		v := deliveryOf(d)
		views[i] = v
		rows[i] = table.Row{kernel.Seconds(v.At), string(v.Event), string(v.Status), v.Attempts, v.Latest, v.ID}
	}
	if c.output == outputJSON {
		return c.printJSON(map[string]any{"deliveries": views, "total": total})
	}
	c.printTable(table.Row{"When", "Event", "Status", "Attempts", "Latest", "Id"}, rows)
	if total > len(all) {
		c.say(fmt.Sprintf("%d of %d are shown; --limit says how many.", len(all), total))
	}
	return nil
}

func (c *cli) webhookRedeliver() *cobra.Command {
	var id, from, until string
	cmd := &cobra.Command{
		Use: "redeliver [ID]", Short: "Send an event again, or the dead letters of a time",
		Example: "  starter webhook redeliver --as PARTNER ID\n  starter webhook redeliver --as PARTNER --from 2031-03-03T00:00:00Z",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && from+until != "" {
				return errors.New("redeliver takes one id, or --from and --until")
			}
			id = strings.Join(args, "")
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "dead letters of what happened at or after this time (default: all)")
	cmd.Flags().StringVar(&until, "until", "", "dead letters of what happened before this time (default: now)")
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		if id != "" {
			_, err := book.RedeliverWebhook(ctx, command.Terms[webhook.Delivery]{Origin: c.origin()}, partner, id)
			if err == nil {
				c.say("It is sent again.")
			}
			return err
		}
		begin, end, err := times(from, until)
		if err != nil {
			return err
		}
		done, err := book.RedeliverDeadWebhooks(ctx, command.Terms[webhookstore.Redelivered]{Origin: c.origin()}, partner, begin, end)
		if err != nil {
			return err
		}
		c.say(fmt.Sprintf("Dead letters that are sent again: %d.", done.Count))
		if done.Skipped > 0 {
			c.say(fmt.Sprintf("Skipped, because the registration does not have their event: %d.", done.Skipped))
		}
		if done.More() {
			c.say("There may be more: run it again.")
		}
		return nil
	})
	return cmd
}

// times reads two times; an empty text is the zero time.
func times(from, until string) (begin, end time.Time, err error) {
	for _, given := range []struct {
		text string
		at   *time.Time
	}{{from, &begin}, {until, &end}} {
		if given.text == "" {
			continue
		}
		if *given.at, err = time.Parse(time.RFC3339, given.text); err != nil {
			return begin, end, &usageError{fmt.Errorf("%q must be a time such as 2031-03-03T00:00:00Z", given.text)}
		}
	}
	if !end.IsZero() && end.Before(begin) {
		return begin, end, &usageError{errors.New("--until must not be before --from")}
	}
	return begin, end, nil
}
