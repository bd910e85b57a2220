package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"handover/internal/kernel"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// selection is which subscriptions a submit names, as the command line says it.
type selection struct {
	items        []string // SUB or SUB:TYPE
	file         string   // of the same, a list or a table; "-" for standard input
	allEligible  bool
	productTypes func() []subscription.ProductType
}

func selectionFlags(cmd *cobra.Command) *selection {
	s := &selection{}
	cmd.Flags().StringArrayVar(&s.items, "item", nil, "a subscription to move, SUB or SUB:TYPE; may be repeated")
	cmd.Flags().StringVar(&s.file, "items-file", "", "file with one SUB or SUB:TYPE per line, or a table (CSV) with the ids under subscriptionId; - for standard input")
	cmd.Flags().BoolVar(&s.allEligible, "all-eligible", false, "move everything that can be moved")
	s.productTypes = productTypesFlag(cmd, "with --all-eligible: these product types only; may be repeated")
	cmd.MarkFlagsMutuallyExclusive("item", "all-eligible")
	cmd.MarkFlagsMutuallyExclusive("items-file", "all-eligible")
	return s
}

// parse reads the selection, files included. Every error is a *usageError.
func (s *selection) parse(ctx context.Context, stdin io.Reader) (transfer.Selection, error) {
	selected := transfer.Selection{AllEligible: s.allEligible, ProductTypes: s.productTypes()}
	if s.allEligible {
		return selected, nil
	}
	if len(selected.ProductTypes) > 0 {
		return selected, &usageError{errors.New("--product-type narrows --all-eligible; a list names types itself, as SUB:TYPE")}
	}
	for _, text := range s.items {
		pick, err := parsePick(text)
		if err != nil {
			return selected, &usageError{fmt.Errorf("--item: %w", err)}
		}
		selected.LineItems = append(selected.LineItems, pick)
	}
	listed, err := s.readFile(ctx, stdin)
	if err != nil {
		return selected, &usageError{fmt.Errorf("--items-file: %w", err)}
	}
	selected.LineItems = append(selected.LineItems, listed...)
	if len(selected.LineItems) == 0 {
		return selected, &usageError{errors.New("name line items with --item or --items-file, or use --all-eligible")}
	}
	return selected, nil
}

func (s *selection) readFile(ctx context.Context, stdin io.Reader) ([]transfer.Pick, error) {
	if s.file == "" {
		return nil, nil
	}
	text, err := readText(ctx, stdin, s.file)
	if err != nil {
		return nil, err
	}
	return readPicks(text)
}

// parsePick reads SUB or SUB:TYPE. Whether the type is known is for the service to say.
func parsePick(text string) (transfer.Pick, error) {
	name, productType, typed := strings.Cut(text, ":")
	id, err := kernel.ParseID("the subscription id", name)
	if err != nil {
		return transfer.Pick{}, err
	}
	if typed && (productType == "" || strings.ContainsAny(productType, ": \t")) {
		return transfer.Pick{}, fmt.Errorf("%.80q must be SUB or SUB:TYPE, such as %s:%s", text, id, subscription.OnlineServicesNCE)
	}
	return transfer.Pick{SubscriptionID: id, ProductType: subscription.ProductType(productType)}, nil
}
