package run

import (
	"fmt"

	"go.temporal.io/sdk/workflow"
)

// RulesOf are the rules of that number. A worker that does not know them fails the task instead of going on by others: a newer
// one, which wrote the number, takes the run over.
func RulesOf[Rules any](number int, of func(int) (Rules, bool)) Rules {
	rules, known := of(number)
	if !known {
		panic(fmt.Sprintf("this worker does not know the rules %d of runs; a newer one has to take this run over", number))
	}
	return rules
}

// IsCrowded tells that the history of this run, which has received that many signals, should begin afresh: Temporal suggests it,
// or the rule says so.
func IsCrowded(ctx workflow.Context, signals int, rule func(events, bytes, signals int) bool) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || rule(info.GetCurrentHistoryLength(), info.GetCurrentHistorySize(), signals)
}
