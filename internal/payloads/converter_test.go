package payloads_test

import (
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"handover/internal/payloads"
)

// hear is a workflow that is given something and told something.
func hear(ctx workflow.Context, given string) (string, error) {
	var told converter.RawValue
	workflow.GetSignalChannel(ctx, "tell").Receive(ctx, &told)
	return given + " " + string(told.Payload().GetData()), nil
}

// written is how such a run stands in Temporal when the input and the signal were encrypted with these keys.
func written(t *testing.T, given, told payloads.Keys) *historypb.History {
	t.Helper()
	encoded := func(k payloads.Keys, value string) *commonpb.Payloads {
		p, err := k.ForClients().Data.ToPayloads(value)
		require.NoError(t, err)
		return p
	}
	h := &historypb.History{}
	add := func(e *historypb.HistoryEvent) {
		e.EventId = int64(len(h.Events) + 1)
		h.Events = append(h.Events, e)
	}
	task := func() {
		n := int64(len(h.Events))
		add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, Attributes: &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{
			WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{},
		}})
		add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, Attributes: &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
			WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: n + 1},
		}})
		add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{ScheduledEventId: n + 1, StartedEventId: n + 2},
		}})
	}
	add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{
			WorkflowType: &commonpb.WorkflowType{Name: "hear"}, TaskQueue: &taskqueuepb.TaskQueue{Name: "q"}, Input: encoded(given, "given"),
		},
	}})
	task()
	add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
		WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{SignalName: "tell", Input: encoded(told, "told")},
	}})
	task()
	add(&historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, Attributes: &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
		WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{
			Result: encoded(told, `given "told"`), WorkflowTaskCompletedEventId: int64(len(h.Events)),
		},
	}})
	return h
}

// replay runs the workflow code over the history, as a worker with these keys would.
func replay(t *testing.T, k payloads.Keys, h *historypb.History) error {
	t.Helper()
	c := k.ForWorkers()
	r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{DataConverter: c.Data, FailureConverter: c.Failure})
	require.NoError(t, err)
	r.RegisterWorkflow(hear)
	return r.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), proto.CloneOf(h))
}

func TestRunsGoOnWhileEncryptionChanges(t *testing.T) {
	t.Parallel()
	older := parse(t, "a:"+secret("a"))
	current := parse(t, "b:"+secret("b")+",a:"+secret("a"))
	for name, h := range map[string]*historypb.History{
		"plain": written(t, payloads.Keys{}, payloads.Keys{}), "encrypted": written(t, current, current),
		"switched on": written(t, payloads.Keys{}, older), "switched off": written(t, older, payloads.Keys{}), "a new key": written(t, older, current),
	} {
		require.NoError(t, replay(t, current, h), name)
	}
}

// A worker that lacks a key must not take what it cannot read for a run that failed or a signal that never came: the task fails,
// and goes to a worker that has the key.
func TestARunWaitsForItsKey(t *testing.T) {
	t.Parallel()
	mine, theirs, same := parse(t, "a:"+secret("a")), parse(t, "b:"+secret("b")), parse(t, "a:"+secret("b"))
	for name, c := range map[string]struct {
		h    *historypb.History
		k    payloads.Keys
		says string
	}{
		"input, without the key":     {written(t, theirs, mine), mine, `encrypted with the key "b"`},
		"signal, without the key":    {written(t, mine, theirs), mine, `encrypted with the key "b"`},
		"signal, without any key":    {written(t, payloads.Keys{}, theirs), payloads.Keys{}, `encrypted with the key "b"`},
		"signal, with the wrong key": {written(t, payloads.Keys{}, same), mine, `cannot be decrypted with the key "a"`},
		"input, with the wrong key":  {written(t, same, payloads.Keys{}), mine, `cannot be decrypted with the key "a"`},
	} {
		err := replay(t, c.k, c.h)
		require.ErrorContains(t, err, c.says, name)
		assert.NotContains(t, err.Error(), "nondeterminis", name)
	}
}

func TestClientsGetAnError(t *testing.T) {
	t.Parallel()
	p, err := parse(t, "a:"+secret("a")).ForClients().Data.ToPayloads(confidential)
	require.NoError(t, err)
	var text string
	err = parse(t, "b:"+secret("b")).ForClients().Data.FromPayloads(p, &text)
	require.ErrorAs(t, err, new(*payloads.UnknownKeyError))
	require.NoError(t, parse(t, "off,a:"+secret("a")).ForClients().Data.FromPayloads(p, &text))
	assert.Equal(t, confidential, text)
}

// What a failure says may quote names as well as any payload.
func TestFailuresAreEncrypted(t *testing.T) {
	t.Parallel()
	k := parse(t, "a:"+secret("a"))
	failed := temporal.NewApplicationErrorWithOptions(confidential, "Refused", temporal.ApplicationErrorOptions{
		Details: []any{confidential}, Cause: errors.New(confidential),
	})
	failure := k.ForWorkers().Failure.ErrorToFailure(failed)
	text, err := proto.Marshal(failure)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "Contoso")
	assert.Contains(t, string(text), "Refused", "its type stays readable: Temporal goes by it")

	for name, reader := range map[string]payloads.Keys{"encrypting": k, "off": parse(t, "off,a:"+secret("a"))} {
		var again *temporal.ApplicationError
		require.ErrorAs(t, reader.ForWorkers().Failure.FailureToError(proto.CloneOf(failure)), &again, name)
		assert.Equal(t, confidential, again.Message(), name)
		var detail string
		require.NoError(t, again.Details(&detail), name)
		assert.Equal(t, confidential, detail, name)
		require.ErrorContains(t, errors.Unwrap(again), confidential, name)
	}
	clear := payloads.Keys{}.ForWorkers().Failure.ErrorToFailure(failed)
	assert.Equal(t, confidential, clear.GetMessage(), "without keys failures are as they were")
}
