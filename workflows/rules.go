package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"handover/internal/transfer"
)

// rulesOf are the rules of that number. A worker that does not know them fails the task instead of going on by others: a newer
// one, which wrote the number, takes the run over.
func rulesOf(number int) transfer.RunRules {
	rules, known := transfer.RunRulesOf(number)
	if !known {
		panic(fmt.Sprintf("this worker does not know the rules %d of runs; a newer one has to take this run over", number))
	}
	return rules
}

// isCrowded tells that the history of this run should begin afresh.
func isCrowded(ctx workflow.Context, b *inbox, rules transfer.RunRules) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || rules.Crowded(info.GetCurrentHistoryLength(), info.GetCurrentHistorySize(), b.signals)
}
