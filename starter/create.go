package main

import (
	"context"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// newCommerce is the transferType that clients of ours send.
const newCommerce = 3

func (c *cli) createCommand() *cobra.Command {
	var r transfer.Request
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Request a transfer as the target (T1)",
		Long:  "Request a transfer as the target. Nothing moves until the source submits.\nThe same --request-id again finds the same transfer.",
		Example: "  starter create --customer c0a80101-0000-4000-8000-00000000c001 --email it@contoso.example \\\n" +
			"    --source 1f0c7a52-3b7e-4c0e-9a61-52d6f0b1a001 --source-name \"Northwind Cloud\" \\\n" +
			"    --target 2e9b1c44-90f3-4a2b-8d55-61a7c3d2b002",
		Args: nothing,
	}
	flags := cmd.Flags()
	flags.StringVar(&r.CustomerTenantID, "customer", "", "the customer's Microsoft ID")
	flags.StringVar(&r.CustomerEmail, "email", "", "where the customer is told")
	flags.StringVar(&r.CustomerName, "customer-name", "", "the customer's name, as the partners shall read it")
	flags.StringVar(&r.SourcePartnerTenantID, "source", "", "Microsoft ID of the partner who bills today")
	flags.StringVar(&r.SourcePartnerName, "source-name", "", "that partner's name")
	flags.StringVar(&r.TargetPartnerTenantID, "target", "", "Microsoft ID of the partner who will bill")
	flags.StringVar(&r.PartnerOnRecord, "partner-on-record", "", "PartnerID of the indirect reseller to credit")
	productTypes := productTypesFlag(cmd, "ask for these product types only; may be repeated")
	requestID := c.requestIDFlag(cmd)
	mandatory(cmd, "customer", "email", "source", "source-name", "target")
	cmd.RunE = c.work(func(ctx context.Context) error {
		r.TargetProductTypes, r.TransferType = productTypes(), newCommerce
		var err error
		if r.RequestID, err = requestID(); err != nil {
			return err
		}
		return c.create(ctx, r)
	})
	return cmd
}

func (c *cli) create(ctx context.Context, r transfer.Request) error {
	for _, id := range [][2]string{{"--customer", r.CustomerTenantID}, {"--source", r.SourcePartnerTenantID}, {"--target", r.TargetPartnerTenantID}} {
		if _, err := kernel.ParseID(id[0], id[1]); err != nil {
			return &usageError{err}
		}
	}
	if err := r.CheckTexts(); err != nil {
		return &usageError{err}
	}
	r.Actor = c.acting
	if c.as == "" {
		r.Actor = kernel.Actor{PartnerTenantID: r.TargetPartnerTenantID}
	}
	return c.withTransfers(ctx, func(ctx context.Context, service transfers) error {
		answer, err := service.Create(ctx, r)
		if err != nil {
			return unsureError(err, r.RequestID)
		}
		return c.printReceipt(transfer.NewID(r), answer, r.RequestID)
	})
}
