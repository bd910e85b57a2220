// Package workflows is the register of all processes: what a worker hosts, a replayer replays and a namespace has to know. Each
// room holds the processes of one context, in run/ stands how they are run.
//
//	transfers/      the life of a transfer, and the children that move the line items of a large one
//	subscriptions/  the end of a subscription that was scheduled
//	billing/        the time while the billing system is away
//	delivery/       what a partner is told over HTTP, and when again
//	run/            steps, inbox, alarm: whatever a run is about
package workflows

import (
	"maps"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handover/activities"
	"handover/workflows/billing"
	"handover/workflows/delivery"
	"handover/workflows/subscriptions"
	"handover/workflows/transfers"
)

// Registry is what workflows and activities are registered with: a worker or a test environment.
type Registry interface {
	worker.WorkflowRegistry
	worker.ActivityRegistry
}

// Register adds every workflow and activity to a worker or a test environment: one list for all. A transfer lives up to a month,
// so its runs move to the newest worker version by themselves; changes are gated and replayed.
func Register(r Registry, a activities.Activities) {
	RegisterWorkflows(r)
	a.Register(r)
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
	return map[string]any{
		transfers.Type: transfers.Transfer, transfers.RangeType: transfers.MoveRange,
		subscriptions.CancellationType: subscriptions.ScheduledCancellation, billing.OutageType: billing.Outage,
		delivery.Type: delivery.Delivery,
	}
}

// SearchAttributes are the types of all search attributes by name, for registering them with a namespace.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	types := map[string]enumspb.IndexedValueType{}
	for _, key := range transfers.SearchAttributes() {
		types[key.GetName()] = key.GetValueType()
	}
	return types
}
