package workflows

import (
	"maps"
	"slices"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
)

// Registry is what workflows and activities are registered with: a worker or a test environment.
type Registry interface {
	worker.WorkflowRegistry
	worker.ActivityRegistry
}

// Register adds every workflow and activity to a worker, a replayer's twin or a test environment: one list for all. A
// transfer lives up to a month, so its runs move to the newest worker version by themselves; changes are gated and replayed.
func Register(r Registry, a *activities.Activities) {
	RegisterWorkflows(r)
	r.RegisterActivity(a)
}

// RegisterWorkflows is the part of Register that a replayer can take.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	for name, definition := range definitions() {
		r.RegisterWorkflowWithOptions(definition, workflow.RegisterOptions{Name: name, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
	}
}

// Types are the types of all workflows that are registered, in order.
func Types() []string { return slices.Sorted(maps.Keys(definitions())) }

// definitions are the workflows by their type.
func definitions() map[string]any {
	return map[string]any{TransferType: Transfer, MoveRangeType: MoveRange, BillingOutageType: BillingOutage}
}
