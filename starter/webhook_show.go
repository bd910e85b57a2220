package main

import (
	"context"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/webhook"
)

func (c *cli) webhookShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show", Short: "Show the partner's registration, and how its endpoint does", Args: cobra.NoArgs,
		Example: "  starter webhook show --as PARTNER",
	}
	c.ledgerFlag(cmd)
	cmd.RunE = c.ofPartner(func(ctx context.Context, book records, partner string) error {
		r, err := book.Webhook(ctx, partner)
		if err != nil {
			return err
		}
		return c.printRegistration(r, "")
	})
	return cmd
}

// registrationView is a registration as JSON.
type registrationView struct {
	URL          string              `json:"url"`
	Events       []webhook.EventName `json:"events"`
	Format       webhook.Format      `json:"format"`
	ModifiedAt   time.Time           `json:"modifiedAt"`
	FailingSince time.Time           `json:"failingSince,omitzero"`
	RestsUntil   time.Time           `json:"restsUntil,omitzero"`
	OffAt        time.Time           `json:"offAt,omitzero"`
	SwitchedOff  webhook.Why         `json:"switchedOff,omitempty"`
	Secret       string              `json:"secret,omitempty"` // that was made at it
}

// printRegistration shows a registration, with the secret that was made for it.
func (c *cli) printRegistration(r webhook.Registration, secret string) error {
	v := registrationView{
		URL: r.URL, Events: r.Events, Format: r.Format, ModifiedAt: r.ModifiedAt, FailingSince: r.Health.FailingSince, RestsUntil: r.Health.RestsUntil,
		OffAt: r.Health.OffAt, SwitchedOff: r.Health.Why, Secret: secret,
	}
	if c.output == outputJSON {
		return c.printJSON(v)
	}
	rows := []table.Row{{"URL", v.URL}, {"Format", string(v.Format)}}
	for _, event := range v.Events {
		rows = append(rows, table.Row{"Event", string(event)})
	}
	for _, since := range []struct {
		name string
		at   time.Time
	}{{"Fails since", v.FailingSince}, {"Rests until", v.RestsUntil}, {"Switched off at", v.OffAt}} {
		if !since.at.IsZero() {
			rows = append(rows, table.Row{since.name, kernel.Seconds(since.at)})
		}
	}
	if v.SwitchedOff != "" {
		rows = append(rows, table.Row{"Because", string(v.SwitchedOff)})
	}
	if secret != "" {
		rows = append(rows, table.Row{"Secret, shown once", secret})
	}
	c.printTable(nil, rows)
	return nil
}
