package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/outbox"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
	"handover/internal/webhook"
	webhookstore "handover/internal/webhook/store"
)

func (c *cli) sentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sent ID",
		Short: "Show what was sent to whom about a transfer, and what became of it",
		Long: "Show what was sent to whom about a transfer, from the ledger: every e-mail and every webhook event, sent, waiting or not\n" +
			"delivered, with the latest reason. --as PARTNER shows what that party was sent, and nothing of the others'.",
		Example: "  starter sent 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001\n  starter sent ID -o json | jq '.sent[] | select(.state == \"undelivered\")'",
		Args:    c.aTransfer,
	}
	c.ledgerFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		return c.withLedger(ctx, func(book records) error {
			about, err := book.Transfer(ctx, c.id)
			if err != nil {
				return err
			}
			audiences, err := c.audiences(about)
			if err != nil {
				return err
			}
			found, err := sentAbout(ctx, book, about, audiences)
			if err != nil {
				return err
			}
			return c.printSent(found)
		})
	})
	return cmd
}

// audiences are those of whom is shown what they were sent: all, or the party that --as names. Refusal: NotFound for a partner that is none.
func (c *cli) audiences(about transfer.Transfer) ([]transfer.Audience, error) {
	switch c.acting.PartnerTenantID {
	case "":
		return transfer.Audiences(), nil
	case about.SourceTenantID:
		return []transfer.Audience{transfer.ToSource}, nil
	case about.TargetTenantID:
		return []transfer.Audience{transfer.ToTarget}, nil
	}
	return nil, transfer.NoSuchTransfer()
}

// The JSON of what was sent.
type (
	sentView struct {
		Sent []sentOne `json:"sent"` // in the order in which it was owed
		Left int       `json:"left"` // older events besides, that are not shown
	}
	sentOne struct {
		Channel  string    `json:"channel"`            // email or webhook
		Mail     int64     `json:"mail,omitempty"`     // the e-mail's number
		Delivery string    `json:"delivery,omitempty"` // of a webhook event, its id
		Event    string    `json:"event"`
		Audience string    `json:"audience"`
		To       string    `json:"to"` // address; of a webhook the partner
		State    string    `json:"state"`
		OwedAt   time.Time `json:"owedAt"`
		At       time.Time `json:"at,omitzero"` // of the state, once it is one that lasts
		Attempts int       `json:"attempts"`
		Latest   string    `json:"latest,omitempty"` // why not
	}
)

// mostEvents bounds how many events of one partner are shown.
const mostEvents = 1000

// sentAbout reads what the audiences were sent, and are to be.
func sentAbout(ctx context.Context, book records, about transfer.Transfer, audiences []transfer.Audience) (sentView, error) {
	v := sentView{Sent: []sentOne{}}
	mails, err := book.Notifications(ctx, transferstore.Subject(about.ID))
	if err != nil {
		return v, err
	}
	for _, n := range mails {
		if slices.Contains(audiences, transfer.Audience(n.Audience)) {
			v.Sent = append(v.Sent, sentMail(n))
		}
	}
	for _, audience := range audiences {
		partner := map[transfer.Audience]string{transfer.ToSource: about.SourceTenantID, transfer.ToTarget: about.TargetTenantID}[audience]
		if partner == "" {
			continue
		}
		events, err := book.WebhookDeliveries(ctx, webhookstore.Search{PartnerTenantID: partner, ResourceID: about.ID, From: about.CreatedTime, Limit: mostEvents})
		if err != nil {
			return v, err
		}
		v.add(audience, events)
	}
	slices.SortStableFunc(v.Sent, func(a, b sentOne) int { return a.OwedAt.Compare(b.OwedAt) })
	return v, nil
}

func (v *sentView) add(to transfer.Audience, events store.Page[webhook.Delivery]) {
	v.Left += events.Total - len(events.Items)
	for _, d := range events.Items {
		one := deliveryOf(d)
		v.Sent = append(v.Sent, sentOne{
			Channel: "webhook", Delivery: d.ID, Event: string(d.Name), Audience: string(to), To: d.PartnerTenantID, State: string(d.Status), OwedAt: d.At, At: d.EndedAt,
			Attempts: d.Attempts, Latest: one.Latest,
		})
	}
}

func sentMail(n outbox.Notification) sentOne {
	one := sentOne{
		Channel: outbox.Email, Mail: n.ID, Event: n.Event, Audience: n.Audience, To: n.Recipient, State: "waiting", OwedAt: n.OwedAt, Attempts: n.Attempts,
		Latest: n.LastError,
	}
	switch {
	case n.Withdrawn:
		one.State, one.At = "withdrawn", n.EndedAt
	case n.Ended:
		one.State, one.At = "undelivered", n.EndedAt
	case !n.SentAt.IsZero():
		one.State, one.At, one.Latest = "sent", n.SentAt, ""
	}
	return one
}

func (c *cli) printSent(v sentView) error {
	if c.output == outputJSON {
		return c.printJSON(v)
	}
	if len(v.Sent) == 0 {
		c.say("Nobody was sent anything.")
		return nil
	}
	rows := make([]table.Row, 0, len(v.Sent))
	for _, s := range v.Sent {
		id := s.Delivery
		if s.Mail != 0 {
			id = fmt.Sprint(s.Mail)
		}
		rows = append(rows, table.Row{moment(s.OwedAt), s.Channel, id, s.Event, s.Audience, s.To, s.State, moment(s.At), s.Attempts, s.Latest})
	}
	c.printTable(table.Row{"owed", "by", "id", "event", "to", "address", "state", "since", "attempts", "latest"}, rows)
	if v.Left > 0 {
		c.say(fmt.Sprintf("%d older events are not shown.", v.Left))
	}
	return nil
}
