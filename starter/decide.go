package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

func (c *cli) submitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "submit ID",
		Short: "Approve a transfer as the source and name what moves (T2)",
		Long: "Approve a transfer as the source and name what moves. The answer comes once the line items exist;\n" +
			"the move goes on by itself, see watch. One item that cannot move refuses the whole submit (R-153).",
		Example: "  starter submit ID --all-eligible --product-type OnlineServicesNCE\n" +
			"  starter submit ID --item a1b2c3d4-0001-4000-8000-0000000000f1:OnlineServicesNCE\n" +
			"  starter submit ID --items-file items.txt --as PARTNER/USER",
		Args: c.aTransfer,
	}
	chosen := selectionFlags(cmd)
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		selected, err := chosen.parse(ctx, c.in)
		if err != nil {
			return err
		}
		return c.decide(ctx, requestID, kernel.RoleSource, func(ctx context.Context, service transfers, request string, by kernel.Actor) (transfer.Answer, error) {
			return service.Submit(ctx, c.id, transfer.Approval{RequestID: request, Actor: by, Selection: selected})
		})
	})
	return cmd
}

func (c *cli) cancelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cancel ID",
		Short:   "Withdraw a transfer as the target, while it is Pending (T3)",
		Example: "  starter cancel 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001",
		Args:    c.aTransfer,
	}
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		return c.decide(ctx, requestID, kernel.RoleTarget, func(ctx context.Context, service transfers, request string, by kernel.Actor) (transfer.Answer, error) {
			return service.Cancel(ctx, c.id, transfer.Decision{RequestID: request, Actor: by})
		})
	})
	return cmd
}

func (c *cli) declineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "decline ID",
		Short:   "Say no to a transfer as the source, while it is Pending (T7)",
		Example: "  starter decline 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001 --reason \"The customer stays with us.\"",
		Args:    c.aTransfer,
	}
	reason := cmd.Flags().String("reason", "", "why; the target reads it")
	requestID := c.requestIDFlag(cmd)
	cmd.RunE = c.work(func(ctx context.Context) error {
		if err := checkReason(*reason); err != nil {
			return err
		}
		return c.decide(ctx, requestID, kernel.RoleSource, func(ctx context.Context, service transfers, request string, by kernel.Actor) (transfer.Answer, error) {
			return service.Decline(ctx, c.id, transfer.Decision{RequestID: request, Actor: by, Reason: *reason})
		})
	})
	return cmd
}

// checkReason keeps a reason that would be refused from being sent at all. Error: *usageError.
func checkReason(reason string) error {
	if err := kernel.CheckText("reason", reason); err != nil {
		return &usageError{fmt.Errorf("--reason: %w", err)}
	}
	return nil
}

// decision brings one decision to the transfer.
type decision func(ctx context.Context, service transfers, requestID string, by kernel.Actor) (transfer.Answer, error)

// decide takes a decision as the party whose it is, and prints what the transfer is then.
func (c *cli) decide(ctx context.Context, requestID func() (string, error), role kernel.Role, take decision) error {
	request, err := requestID()
	if err != nil {
		return err
	}
	return c.withTransfers(ctx, func(ctx context.Context, service transfers) error {
		by, err := c.party(ctx, service, role)
		if err != nil {
			return err
		}
		answer, err := take(ctx, service, request, by)
		if err != nil {
			return unsureError(err, request)
		}
		return c.printReceipt(c.id, answer, request)
	})
}
