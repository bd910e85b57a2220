package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// The count rule of docs/benchmarks.md, a case for each of its rows.

type event = *historypb.HistoryEvent

func plain(kind enumspb.EventType) event { return &historypb.HistoryEvent{EventType: kind} }

func marker(name string, task int64) event {
	return &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_MARKER_RECORDED,
		Attributes: &historypb.HistoryEvent_MarkerRecordedEventAttributes{
			MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{MarkerName: name, WorkflowTaskCompletedEventId: task},
		},
	}
}

func activityStarted(attempt int32) event {
	return &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED,
		Attributes: &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
			ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{Attempt: attempt},
		},
	}
}

func upsert(names ...string) event {
	fields := map[string]*commonpb.Payload{}
	for _, name := range names {
		fields[name] = &commonpb.Payload{}
	}
	return &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		Attributes: &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{
			UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
				SearchAttributes: &commonpb.SearchAttributes{IndexedFields: fields},
			},
		},
	}
}

func taskCompleted(localRetries uint32) event {
	return &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{
				MeteringMetadata: &commonpb.MeteringMetadata{NonfirstLocalActivityExecutionAttempts: localRetries},
			},
		},
	}
}

func taskFailed(cause enumspb.WorkflowTaskFailedCause) event {
	return &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{
			WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{Cause: cause},
		},
	}
}

func signalled(id int64) event {
	return &historypb.HistoryEvent{EventId: id, EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED}
}

func TestCountActions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		events []event
		want   int
	}{
		"nothing happened":          {nil, 0},
		"a start":                   {[]event{plain(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)}, 1},
		"an update, accepted once":  {[]event{plain(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED), plain(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)}, 1},
		"a signal":                  {[]event{signalled(7)}, 1},
		"a signal with the start":   {[]event{plain(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED), signalled(2)}, 1},
		"a timer, also a fired one": {[]event{plain(enumspb.EVENT_TYPE_TIMER_STARTED), plain(enumspb.EVENT_TYPE_TIMER_FIRED)}, 1},
		"an activity":               {[]event{plain(enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), activityStarted(1), plain(enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)}, 1},
		"an activity tried 3 times": {[]event{plain(enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), activityStarted(3)}, 3},
		"a child":                   {[]event{plain(enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED), plain(enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)}, 2},
		"local activities share":    {[]event{marker("LocalActivity", 4), marker("LocalActivity", 4), marker("LocalActivity", 9)}, 2},
		"a version is free":         {[]event{marker("Version", 4), upsert("TemporalChangeVersion")}, 0},
		"a version and an activity": {[]event{marker("Version", 4), marker("LocalActivity", 4)}, 1},
		"retried local activities":  {[]event{taskCompleted(2)}, 2},
		"many of them":              {[]event{taskCompleted(1000)}, 100},
		"an upsert of several":      {[]event{upsert("TransferStatus", "TransferOverdue")}, 1},
		"an upsert and a version":   {[]event{upsert("TransferStatus", "TemporalChangeVersion")}, 1},
		"a reset":                   {[]event{taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW)}, 1},
		"a failed workflow task":    {[]event{taskFailed(enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR)}, 0},
		"workflow tasks, an ending": {[]event{plain(enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED), taskCompleted(0), plain(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)}, 0},
	} {
		assert.Equal(t, c.want, CountActions(c.events), name)
	}
}
