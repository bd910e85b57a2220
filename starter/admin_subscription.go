package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"handover/internal/administration"
	administrationstore "handover/internal/administration/store"
	"handover/internal/kernel"
	"handover/internal/subscription"
)

func (c *cli) adminSubscriptionCommand() *cobra.Command {
	put := &cobra.Command{
		Use:   "put SUBSCRIPTION",
		Short: "Add a subscription, or change name, quantity, price, renewal, status and credited reseller",
		Long: "Add a subscription, or change name, quantity, price, renewal, status and credited reseller of one, by the rules by\n" +
			"which its owner may. --status deleted cancels it. Who bills it, and what it is, never changes: a transfer moves it.",
		Example: "  starter admin subscription put 55555555-0101-4000-8000-000000000001 --partner PARTNER --customer CUSTOMER \\\n" +
			"    --product-type OnlineServicesNCE --offer m365-business-premium:0001 --name \"Microsoft 365 Business Premium\" \\\n" +
			"    --quantity 25 --unit-price 22.00 --billing-cycle monthly --term P1Y --created 2026-03-02 --term-ends 2027-03-01\n" +
			"  starter admin subscription put 55555555-0101-4000-8000-000000000001 --quantity 30",
		Args: cobra.ExactArgs(1),
	}
	e := editing[subscription.Subscription](put)
	subscriptionFlags(put, e)
	c.administering(put, func(args []string) administrationstore.Proposal {
		return func(ctx context.Context, known administrationstore.Known) (administration.Changes, error) {
			s, there, err := known.Subscription(ctx, args[0])
			if err != nil {
				return administration.Changes{}, err
			}
			if !there {
				s = subscription.Subscription{ID: args[0], Quantity: 1, Status: subscription.Active}
			}
			err = e.apply(&s)
			return administration.Changes{World: administration.World{Subscriptions: []subscription.Subscription{s}}}, err
		}
	})
	get := c.looking(&cobra.Command{Use: "get SUBSCRIPTION", Short: "Show a subscription", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, book records, args []string) error {
			s, err := book.Subscription(ctx, args[0])
			if err != nil {
				return err
			}
			return c.printSubscriptions(s)
		})
	list := &cobra.Command{
		Use: "list", Short: "List what a partner bills a customer for, ended ones included",
		Example: "  starter admin subscription list --customer CUSTOMER", Args: cobra.NoArgs,
	}
	customer := list.Flags().String("customer", "", customerHelp)
	partner := list.Flags().String("partner", "", partnerHelp)
	list.MarkFlagsOneRequired("customer", "partner")
	c.looking(list, func(ctx context.Context, book records, _ []string) error {
		all, err := book.Subscriptions(ctx, *customer, *partner)
		if err != nil {
			return err
		}
		return c.printSubscriptions(all...)
	})
	return group("subscription", "What is billed, by whom, to whom", put, get, list)
}

func subscriptionFlags(cmd *cobra.Command, e *edits[subscription.Subscription]) {
	type one = subscription.Subscription
	e.text("partner", "Microsoft ID of the partner who bills it", func(s *one) *string { return &s.PartnerTenantID })
	e.text("customer", customerHelp, func(s *one) *string { return &s.CustomerTenantID })
	e.text("product-type", "such as OnlineServicesNCE or AzurePlan", func(s *one) *string { return (*string)(&s.ProductType) })
	complete(cmd, "product-type", subscription.ProductTypes()...)
	e.text("offer", "id of the offer", func(s *one) *string { return &s.OfferID })
	e.text("name", "friendly name", func(s *one) *string { return &s.FriendlyName })
	e.number("quantity", "units; 1 for a new one that says nothing", func(s *one) *int { return &s.Quantity })
	e.read("unit-price", "per unit and billing cycle, such as 22.00", func(s *one, text string) error {
		amount, ok := subscription.ParsePrice(text)
		if !ok {
			return fmt.Errorf("must be %s, not %q", subscription.PriceExample, kernel.Clip(text))
		}
		s.UnitPriceMinor = amount
		return nil
	})
	e.text("billing-cycle", "monthly, annual, one_time, none or unknown", func(s *one) *string { return (*string)(&s.BillingCycle) })
	complete(cmd, "billing-cycle", subscription.BillingCycles()...)
	e.text("term", "duration of the term, such as P1Y; with --term-ends", func(s *one) *string { return &s.TermDuration })
	e.read("created", "when it was bought: "+kernel.MomentExample, momentFlag(func(s *one) *time.Time { return &s.CreationDate }))
	e.read("term-ends", "last day of the term", momentFlag(func(s *one) *time.Time { return &s.CommitmentEndDate }))
	e.text("status", "active, suspended, or deleted to cancel; active for a new one that says nothing", func(s *one) *string { return (*string)(&s.Status) })
	complete(cmd, "status", subscription.Statuses()...)
	e.flag("auto-renew", "whether it renews by itself at the end of its term", func(s *one) *bool { return &s.AutoRenew })
	e.text("parent", "id of the base of an add-on, or of what a reservation is scoped to", func(s *one) *string { return &s.ParentID })
	e.text("partner-on-record", "PartnerID of the credited reseller; empty for nobody", func(s *one) *string { return &s.PartnerOnRecord })
	e.text("sandbox-fault", "a fault of the built-in sandbox, see docs/world.md", func(s *one) *string { return &s.SandboxFault })
}

func momentFlag[T any](field func(*T) *time.Time) func(*T, string) error {
	return func(record *T, text string) (err error) {
		*field(record), err = momentOf(text)
		return err
	}
}

func momentOf(text string) (time.Time, error) {
	if at, ok := kernel.ParseMoment(text); ok {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("must be %s, not %q", kernel.MomentExample, kernel.Clip(text))
}

func (c *cli) printSubscriptions(all ...subscription.Subscription) error {
	if c.output == outputJSON {
		return c.printJSON(all)
	}
	rows := make([]table.Row, len(all))
	for i, s := range all {
		rows[i] = table.Row{s.ID, string(s.ProductType), s.FriendlyName, strconv.Itoa(s.Quantity), string(s.Status), s.PartnerTenantID, s.CustomerTenantID}
	}
	c.printTable(table.Row{"subscription", "type", "name", "quantity", "status", "partner", "customer"}, rows)
	return nil
}
