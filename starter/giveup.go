package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"handover/internal/command"
	"handover/internal/kernel"
	transferstore "handover/internal/transfer/store"
)

func (c *cli) giveUpCommand() *cobra.Command {
	var g transferstore.GivingUp
	cmd := &cobra.Command{
		Use:   "give-up ID",
		Short: "End the retries of line items, as an operator, on the ledger (R-26)",
		Long: "End the retries of line items, as an operator, on the ledger: all that are named, or none. An item that no\n" +
			"billing system was asked to move is Failed at once; its subscription stays with the source. Of any other the\n" +
			"billing system is asked first what became of it. The transfer ends once no item is running.",
		Example: "  starter give-up 8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001 --item 4 --item 7 --reason \"The offer was withdrawn.\"\n" +
			"  starter give-up ID --failing --reason \"The billing system is gone.\" --ledger postgres://handover@db/handover",
		Args: c.aTransfer,
	}
	cmd.Flags().IntSliceVar(&g.Ordinals, "item", nil, "number of a line item, as get shows it; may be repeated")
	cmd.Flags().BoolVar(&g.Failing, "failing", false, "every line item that was tried and still runs")
	cmd.Flags().StringVar(&g.Reason, "reason", "", "why; the source reads it")
	c.ledgerFlag(cmd)
	requestID := c.requestIDFlag(cmd)
	mandatory(cmd, "reason")
	cmd.MarkFlagsOneRequired("item", "failing")
	cmd.MarkFlagsMutuallyExclusive("item", "failing")
	cmd.RunE = c.work(func(ctx context.Context) error {
		if err := checkGivingUp(&g); err != nil {
			return err
		}
		var err error
		if g.RequestID, err = requestID(); err != nil {
			return err
		}
		g.Actor = c.operator()
		return c.giveUp(ctx, g)
	})
	return cmd
}

// checkGivingUp finds what is wrong before the ledger is opened, and names each line item once. Error: *usageError.
func checkGivingUp(g *transferstore.GivingUp) error {
	slices.Sort(g.Ordinals)
	g.Ordinals = slices.Compact(g.Ordinals)
	if !g.Failing && len(g.Ordinals) == 0 {
		return &usageError{errors.New("--item must be the number of a line item")}
	}
	if len(g.Ordinals) > 0 && g.Ordinals[0] < 0 {
		return &usageError{fmt.Errorf("--item must be the number of a line item, 0 or more, not %d", g.Ordinals[0])}
	}
	return checkReason(g.Reason)
}

func (c *cli) giveUp(ctx context.Context, g transferstore.GivingUp) error {
	return c.withLedger(ctx, func(book records) error {
		said := g
		said.RequestID = ""
		done, err := book.GiveUp(ctx, c.id, g, command.Terms[transferstore.GivenUp]{
			Claim: c.claim("give-up", g.RequestID, said), Answer: keptAnswer[transferstore.GivenUp], Origin: c.origin(),
		})
		var repeated *command.Repeated
		if errors.As(err, &repeated) {
			err = json.Unmarshal(repeated.Answer.Body, &done)
		}
		if err != nil {
			return unsureError(err, g.RequestID)
		}
		return c.printGivenUp(done, g.RequestID)
	})
}

// operators is under whose name the requests of operators are remembered.
const operators = "operator"

// claim makes a repeated command safe. What is said leaves the request id out.
func (c *cli) claim(verb, requestID string, said any) command.Claim {
	text, err := json.Marshal(said)
	if err != nil {
		panic(err) // plain values
	}
	return command.Claim{
		CallerTenantID: operators, Route: "starter " + verb + " " + c.id, Key: requestID, Fingerprint: kernel.FingerprintOf(text)[:32],
	}
}

// keptAnswer is what is kept for a repetition. A refusal is not: it may be another one the next time.
func keptAnswer[T any](done T, refusal *kernel.Refusal) (kept command.Answer, err error) {
	if refusal == nil {
		kept.Status = http.StatusOK
		kept.Body, err = json.Marshal(done)
	}
	return kept, err
}
