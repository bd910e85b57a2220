package replay

import enumspb "go.temporal.io/api/enums/v1"

// Shape is what a recorded history must be, so that an accident of the recording is not taken for proof.
type Shape struct {
	About    string
	Events   int // in all
	Contains counts
}

type counts map[enumspb.EventType]int

// The telling types of events.
const (
	signaled    = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
	completed   = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
	failed      = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED
	terminated  = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED
	afresh      = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
	stepped     = enumspb.EVENT_TYPE_MARKER_RECORDED
	timerSet    = enumspb.EVENT_TYPE_TIMER_STARTED
	timerFired  = enumspb.EVENT_TYPE_TIMER_FIRED
	itemBegun   = enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
	itemEnded   = enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
	itemStopped = enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
	rangeBegun  = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
	rangeEnded  = enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED
)
