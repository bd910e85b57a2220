package main

import (
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// CountActions is how many billable actions Temporal Cloud counts for the history of one run, by the rule written down in
// docs/benchmarks.md. What leaves no event is not in it: queries, rejected updates, heartbeats. Children have histories of
// their own.
func CountActions(events []*historypb.HistoryEvent) int {
	actions := 0
	marked := map[int64]bool{} // workflow tasks whose markers were counted
	for _, e := range events {
		actions += actionsOf(e, marked)
	}
	return actions
}

// single are the events that are one action each.
var single = []enumspb.EventType{
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
	enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
	enumspb.EVENT_TYPE_TIMER_STARTED,
	enumspb.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED,
	enumspb.EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED,
}

// startEventID is the id of the event that begins every history.
const startEventID = 1

func actionsOf(e *historypb.HistoryEvent, marked map[int64]bool) int {
	switch kind := e.GetEventType(); {
	case slices.Contains(single, kind):
		return 1
	case kind == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		return once(e.GetEventId() != startEventID+1) // a signal that came with the start is part of it
	case kind == enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
		return 2 // the intent, and the attempt
	case kind == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
		return max(0, int(e.GetActivityTaskStartedEventAttributes().GetAttempt())-1) // retries
	case kind == enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		return once(upsertCounts(e.GetUpsertWorkflowSearchAttributesEventAttributes()))
	case kind == enumspb.EVENT_TYPE_MARKER_RECORDED:
		return once(markerCounts(e.GetMarkerRecordedEventAttributes(), marked))
	case kind == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		return localRetries(e.GetWorkflowTaskCompletedEventAttributes())
	case kind == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		return once(e.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW)
	}
	return 0
}

func once(counts bool) int {
	if counts {
		return 1
	}
	return 0
}

// changeVersion is the search attribute in which the SDK notes workflow versions, which costs nothing.
const changeVersion = "TemporalChangeVersion"

// upsertCounts tells that the upsert is more than such a note.
func upsertCounts(a *historypb.UpsertWorkflowSearchAttributesEventAttributes) bool {
	fields := a.GetSearchAttributes().GetIndexedFields()
	_, version := fields[changeVersion]
	return !version || len(fields) > 1
}

// versionMarker is the marker of workflow.GetVersion, which costs nothing.
const versionMarker = "Version"

// markerCounts tells that the marker is the first of its workflow task: all local activities of one task are one action.
func markerCounts(a *historypb.MarkerRecordedEventAttributes, marked map[int64]bool) bool {
	task := a.GetWorkflowTaskCompletedEventId()
	if a.GetMarkerName() == versionMarker || marked[task] {
		return false
	}
	marked[task] = true
	return true
}

// mostLocalRetries is the most that the retries of local activities in one workflow task are counted as.
const mostLocalRetries = 100

func localRetries(a *historypb.WorkflowTaskCompletedEventAttributes) int {
	return min(mostLocalRetries, int(a.GetMeteringMetadata().GetNonfirstLocalActivityExecutionAttempts()))
}
