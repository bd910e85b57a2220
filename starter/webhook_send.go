package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// asked are the terms of a command about the partner's webhook, and what became of it, also when it was carried out before.
func asked[T any](c *cli, verb, partner, requestID string, said any, do func(command.Terms[T]) (T, error)) (T, error) {
	c.id = partner
	done, err := do(command.Terms[T]{Claim: c.claim("webhook "+verb, requestID, said), Answer: keptAnswer[T], Origin: c.origin()})
	var repeated *command.Repeated
	if errors.As(err, &repeated) {
		err = json.Unmarshal(repeated.Answer.Body, &done)
	}
	if err != nil {
		return done, unsureError(err, requestID)
	}
	return done, nil
}

// changing is the work of a command that changes something about the partner that --as names, under an id of its own.
func (c *cli) changing(cmd *cobra.Command, do func(ctx context.Context, book records, partner, requestID string) error) {
	c.ledgerFlag(cmd)
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		id, err := requestID()
		if err != nil {
			return err
		}
		return do(ctx, book, partner, id)
	})
}

// tell prints an answer: as JSON, or in a table of these lines.
func (c *cli) tell(answer any, rows ...table.Row) error {
	if c.output == outputJSON {
		return c.printJSON(answer)
	}
	c.printTable(nil, rows)
	return nil
}

func (c *cli) webhookUnregister() *cobra.Command {
	cmd := &cobra.Command{
		Use: "unregister", Short: "End the partner's registration: what waits is not sent any more", Args: cobra.NoArgs,
		Example: "  starter webhook unregister --as PARTNER",
	}
	c.changing(cmd, func(ctx context.Context, book records, partner, requestID string) error {
		type ended struct {
			URL       string `json:"url"`
			RequestID string `json:"requestId"`
		}
		done, err := asked(c, "unregister", partner, requestID, nil, func(terms command.Terms[webhook.Registration]) (webhook.Registration, error) {
			return book.UnregisterWebhook(ctx, terms, partner)
		})
		if err != nil {
			return err
		}
		return c.tell(ended{done.URL, requestID}, table.Row{"Ended", done.URL}, table.Row{"Request id", requestID})
	})
	return cmd
}

func (c *cli) webhookTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test", Short: "Send the partner a test event", Args: cobra.NoArgs,
		Example: "  starter webhook test --as PARTNER\n  starter webhook deliveries --as PARTNER ID",
	}
	c.changing(cmd, func(ctx context.Context, book records, partner, requestID string) error {
		type sent struct {
			ID        string `json:"id"`
			RequestID string `json:"requestId"`
		}
		id := kernel.DeriveID("webhook test of an operator", partner, requestID)
		done, err := asked(c, "test", partner, requestID, nil, func(terms command.Terms[webhook.Event]) (webhook.Event, error) {
			return book.TestWebhook(ctx, terms, partner, id)
		})
		if err != nil {
			return err
		}
		return c.tell(sent{done.ID, requestID}, table.Row{"Test", done.ID}, table.Row{"Request id", requestID})
	})
	return cmd
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
	c.changing(cmd, func(ctx context.Context, book records, partner, requestID string) error {
		if id != "" {
			return c.redeliverOne(ctx, book, partner, id, requestID)
		}
		begin, end, err := times(from, until)
		if err != nil {
			return err
		}
		done, err := asked(c, "redeliver", partner, requestID, []string{from, until}, func(terms command.Terms[webhookstore.Redelivered]) (webhookstore.Redelivered, error) {
			return book.RedeliverDeadWebhooks(ctx, terms, partner, begin, end)
		})
		if err != nil {
			return err
		}
		if done.More() {
			c.say("There may be more: run it again.")
		}
		return c.tell(struct {
			webhookstore.Redelivered
			RequestID string `json:"requestId"`
		}{done, requestID}, table.Row{"Dead letters that are sent again", done.Count},
			table.Row{"Skipped, because the registration does not have their event", done.Skipped}, table.Row{"Request id", requestID})
	})
	return cmd
}

func (c *cli) redeliverOne(ctx context.Context, book records, partner, id, requestID string) error {
	done, err := asked(c, "redeliver one", partner, requestID, id, func(terms command.Terms[webhook.Delivery]) (webhook.Delivery, error) {
		return book.RedeliverWebhook(ctx, terms, partner, id)
	})
	if err != nil {
		return err
	}
	return c.tell(struct {
		deliveryView
		RequestID string `json:"requestId"`
	}{deliveryOf(done), requestID}, table.Row{"Sent again", done.ID}, table.Row{"Request id", requestID})
}

// times reads two times; an empty text is the zero time.
func times(from, until string) (begin, end time.Time, err error) {
	for _, given := range []struct {
		flag, text string
		at         *time.Time
	}{{"--from", from, &begin}, {"--until", until, &end}} {
		if given.text == "" {
			continue
		}
		if *given.at, err = kernel.ReadTime(given.flag, given.text, kernel.TimeExample, time.RFC3339); err != nil {
			return begin, end, &usageError{err}
		}
	}
	if !end.IsZero() && end.Before(begin) {
		return begin, end, &usageError{errors.New("--until must not be before --from")}
	}
	return begin, end, nil
}
