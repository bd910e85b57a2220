package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

// wantedDeliveries are the flags of webhook deliveries.
type wantedDeliveries struct {
	status, event, transfer, from, until string
	limit                                int
}

func (c *cli) webhookDeliveries() *cobra.Command {
	var id string
	var w wantedDeliveries
	cmd := &cobra.Command{
		Use: "deliveries [ID]", Short: "List what the partner was told, and is to be told, the newest first; or every attempt of one",
		Example: "  starter webhook deliveries --as PARTNER --status dead\n  starter webhook deliveries --as PARTNER --transfer TRANSFER --event complete-transfer\n" +
			"  starter webhook deliveries --as PARTNER ID -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && w.narrows() {
				return errors.New("deliveries takes one id, or flags that narrow the list")
			}
			if w.limit < 0 {
				return fmt.Errorf("--limit must be 0 or more, not %d", w.limit)
			}
			id = strings.Join(args, "")
			return nil
		},
	}
	cmd.Flags().StringVar(&w.status, "status", "", "only waiting, delivered or dead ones")
	cmd.Flags().StringVar(&w.event, "event", "", "only this event")
	cmd.Flags().StringVar(&w.transfer, "transfer", "", "only what is about this transfer")
	cmd.Flags().StringVar(&w.from, "from", "", "only what happened at or after this time")
	cmd.Flags().StringVar(&w.until, "until", "", "only what happened before this time")
	cmd.Flags().IntVar(&w.limit, "limit", 50, "at most this many, 0 for all")
	complete(cmd, "status", webhook.Waiting, webhook.Delivered, webhook.Dead)
	complete(cmd, "event", webhook.EventNames()...)
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		if id != "" {
			d, attempts, err := book.WebhookDelivery(ctx, partner, id)
			if err != nil {
				return err
			}
			return c.printAttempts(d, attempts)
		}
		q, err := w.search(partner)
		if err != nil {
			return err
		}
		found, total, err := deliveriesOf(ctx, book, q, w.limit)
		if err != nil {
			return err
		}
		return c.printDeliveries(found, total)
	})
	return cmd
}

func (w wantedDeliveries) narrows() bool { return w.status+w.event+w.transfer+w.from+w.until != "" }

func (w wantedDeliveries) search(partner string) (q webhookstore.Search, err error) {
	q.PartnerTenantID = partner
	var known bool
	if q.Status, known = kernel.Named(webhook.Status(w.status), webhook.Waiting, webhook.Delivered, webhook.Dead, ""); !known {
		return q, &usageError{errors.New("--status must be waiting, delivered or dead")}
	}
	if w.event != "" {
		events, err := webhook.ReadEvents([]string{w.event})
		if err != nil {
			return q, &usageError{err}
		}
		q.Event = events[0]
	}
	if w.transfer != "" {
		if q.ResourceID, err = kernel.ParseID("--transfer", w.transfer); err != nil {
			return q, &usageError{err}
		}
	}
	q.From, q.Until, err = times(w.from, w.until)
	return q, err
}

// mostAtOnce is how many deliveries are read at once.
const mostAtOnce = 500

// deliveriesOf reads at most limit deliveries, 0 for all, and tells how many there are in all.
func deliveriesOf(ctx context.Context, book records, q webhookstore.Search, limit int) (found []webhook.Delivery, total int, err error) {
	for {
		q.Limit = mostAtOnce
		if limit > 0 {
			q.Limit = min(mostAtOnce, limit-len(found))
		}
		page, err := book.WebhookDeliveries(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, page.Items...)
		if total == 0 {
			total = page.Total
		}
		if !page.More || len(found) == limit {
			return found, total, nil
		}
		last := found[len(found)-1]
		q.After = &webhookstore.Cursor{At: last.At, ID: last.ID}
	}
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

// attemptView is an attempt as JSON.
type attemptView struct {
	N        int       `json:"n"`
	At       time.Time `json:"at"`
	Status   int       `json:"status,omitempty"`
	Fault    string    `json:"fault,omitempty"`
	Millis   int64     `json:"milliseconds"`
	Response string    `json:"response,omitempty"`
}

// printAttempts shows a delivery with its attempts, the latest first.
func (c *cli) printAttempts(d webhook.Delivery, attempts []webhook.Attempt) error {
	views := make([]attemptView, len(attempts))
	rows := make([]table.Row, len(attempts))
	for i, a := range attempts {
		v := attemptView{N: a.N, At: a.At, Status: a.Status, Fault: a.Fault, Millis: a.Took.Milliseconds(), Response: a.Excerpt}
		views[i] = v
		came := v.Fault
		if v.Status != 0 {
			came = strings.TrimSpace(fmt.Sprint(v.Status, " ", v.Response))
		}
		rows[i] = table.Row{v.N, kernel.Seconds(v.At), v.Millis, came}
	}
	if c.output == outputJSON {
		return c.printJSON(struct {
			deliveryView
			Results []attemptView `json:"results"`
		}{deliveryOf(d), views})
	}
	if err := c.printDeliveries([]webhook.Delivery{d}, 1); err != nil || len(attempts) == 0 {
		return err
	}
	c.printTable(table.Row{"Attempt", "When", "Milliseconds", "What came of it"}, rows)
	return nil
}
