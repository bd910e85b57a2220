package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

func (c *cli) resolveCommand() *cobra.Command {
	var r transferstore.Resolution
	cmd := &cobra.Command{
		Use:   "resolve ID",
		Short: "Say what became of a held line item, as an operator, on the ledger (R-26)",
		Long: "Say what became of a held line item, as an operator, on the ledger: one that was given up, and of which the billing\n" +
			"system did not say whether it moved. Look there first. A subscription that did not move is free for another\n" +
			"transfer; of one that moved the source's ends and the target gets the new one. The line item stays Failed.",
		Example: "  starter resolve 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001 --item 4 --not-moved --reason \"Still billed to the source, ticket 4711.\"\n" +
			"  starter resolve ID --item 7 --moved-to a1b2c3d4-0001-4000-8000-0000000000f1 --reason \"Billed to the target since May.\"",
		Args: c.aTransfer,
	}
	cmd.Flags().IntVar(&r.Ordinal, "item", 0, "number of the line item, as stuck shows it")
	notMoved := cmd.Flags().Bool("not-moved", false, "the source still has the subscription")
	cmd.Flags().StringVar(&r.MovedTo, "moved-to", "", "id of the new subscription that the target has of it at the billing system")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "how you know; the source reads it, and the target when it moved, so name no ids in it")
	c.ledgerFlag(cmd)
	requestID := c.requestIDFlag(cmd)
	mandatory(cmd, "item", "reason")
	cmd.MarkFlagsOneRequired("not-moved", "moved-to")
	cmd.MarkFlagsMutuallyExclusive("not-moved", "moved-to")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if err := checkResolution(&r, *notMoved); err != nil {
			return err
		}
		var err error
		if r.RequestID, err = requestID(); err != nil {
			return err
		}
		r.Actor = c.operator()
		return c.resolve(ctx, r)
	})
	return cmd
}

// checkResolution finds what is wrong before the ledger is opened. Error: *usageError.
func checkResolution(r *transferstore.Resolution, notMoved bool) error {
	if r.Ordinal < 0 {
		return &usageError{fmt.Errorf("--item must be the number of a line item, 0 or more, not %d", r.Ordinal)}
	}
	if !notMoved { // also when somebody writes --not-moved=false, which is no word about where it is
		id, err := kernel.ParseID("--moved-to", r.MovedTo)
		if err != nil {
			return &usageError{err}
		}
		r.MovedTo = id
	}
	return checkReason(r.Reason)
}

func (c *cli) resolve(ctx context.Context, r transferstore.Resolution) error {
	return c.withLedger(ctx, func(book records) error {
		said := r
		said.RequestID = ""
		done, err := book.ResolveHeld(ctx, c.id, r, command.Terms[transfer.LineItem]{
			Claim: c.claim("resolve", r.RequestID, said), Answer: keptAnswer[transfer.LineItem], Origin: c.origin(),
		})
		var repeated *command.Repeated
		if errors.As(err, &repeated) {
			err = json.Unmarshal(repeated.Answer.Body, &done)
		}
		if err != nil {
			return unsureError(err, r.RequestID)
		}
		return c.printResolved(resolved{
			TransferID: c.id, Item: done.Ordinal, SubscriptionID: done.SubscriptionID, MovedTo: r.MovedTo, RequestID: r.RequestID,
		})
	})
}
