package app

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	transferstore "handover/internal/transfer/store"
)

// reportContradictions has operators told of what a billing system moved although it had ended otherwise (I-8), whoever finds out.
// Error: the metric is registered already.
func reportContradictions(s Surroundings) error {
	count := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "handover_items_moved_after_end", Help: "Line items that the billing system moved although they had ended otherwise.",
	})
	if s.Metrics.Registry != nil {
		if err := s.Metrics.Registry.Register(count); err != nil {
			return fmt.Errorf("the metric of contradictions could not be made: %w", err)
		}
	}
	report := func(c transferstore.Contradiction) {
		count.Inc()
		s.Logger.Error("The billing system moved a line item that had ended otherwise. \"starter stuck\" lists it.", zap.String("transfer", c.TransferID),
			zap.Int("item", c.Ordinal), zap.String("targetSubscription", c.TargetSubscriptionID))
	}
	s.Steps.Transfers.Contradicted = report
	if s.Steps.Answers != nil {
		s.Steps.Answers.Contradicted = report
	}
	return nil
}
