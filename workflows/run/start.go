package run

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// TaskQueue is where runs and their steps on the ledger are worked on. It is called after the first context that had any.
const TaskQueue = "transfers"

// StartOptions are how a run with this id is started, by whoever starts it. A needless start does no harm, because a run knows
// only an id and looks: so the id may be used again, and a run that is open is used as it is.
func StartOptions(workflowID, summary string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       workflowID,
		TaskQueue:                TaskQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            summary,
	}
}
