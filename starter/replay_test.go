package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	recorded "handover/test/replay"
	"handover/workflows"
	outages "handover/workflows/billing"
	deliveries "handover/workflows/delivery"
	cancellations "handover/workflows/subscriptions"
	processes "handover/workflows/transfers"
)

// replaying is a stage with these histories open and the workflows of this build.
func replaying(names ...string) (*stage, *openHistories) {
	open := &openHistories{names: names}
	s := &stage{workflows: workflows.RegisterWorkflows}
	s.service.histories = open
	return s, open
}

// changed are the workflows of a build in which transfers begin with a timer.
func changed(r worker.WorkflowRegistry) {
	withATimer := func(ctx workflow.Context, in processes.Input) (processes.Receipt, error) {
		if err := workflow.Sleep(ctx, 1); err != nil {
			return processes.Receipt{}, err
		}
		return processes.Transfer(ctx, in)
	}
	r.RegisterWorkflowWithOptions(withATimer, workflow.RegisterOptions{Name: processes.Type})
	r.RegisterWorkflowWithOptions(processes.MoveRange, workflow.RegisterOptions{Name: processes.RangeType})
	r.RegisterWorkflowWithOptions(outages.Outage, workflow.RegisterOptions{Name: outages.OutageType})
	r.RegisterWorkflowWithOptions(deliveries.Delivery, workflow.RegisterOptions{Name: deliveries.Type})
	r.RegisterWorkflowWithOptions(cancellations.ScheduledCancellation, workflow.RegisterOptions{Name: cancellations.CancellationType})
}

func (s *stage) outcome(t *testing.T) outcome {
	t.Helper()
	var o outcome
	require.NoError(t, json.Unmarshal(s.stdout.Bytes(), &o), s.stdout.String())
	return o
}

func TestEveryOpenRunReplays(t *testing.T) {
	t.Parallel()
	names := allRecorded(t)
	s, open := replaying(names...)
	require.Zero(t, s.run(t, "replay", "-o", "json", "--query", "TransferOverdue = true"), s.stderr.String())
	want := map[string]int{}
	for _, name := range names {
		want[kindOf(name)]++
	}
	got := map[string]int{}
	for _, kind := range s.outcome(t).Types {
		got[kind.Type] = kind.Replayed
		assert.Zero(t, kind.Diverged)
	}
	assert.Equal(t, want, got)
	assert.Equal(t, workflows.Types(), slices.Sorted(maps.Keys(got)), "a type without a recording")
	assert.Contains(t, s.stdout.String(), `"diverging": []`)
	assert.Empty(t, s.stderr.String())
	assert.Equal(t, "TransferOverdue = true", open.filter)
	assert.LessOrEqual(t, open.most, replaysAtOnce)
	assert.True(t, s.service.closed)
}

func TestReplayAsATable(t *testing.T) {
	t.Parallel()
	s, _ := replaying("complete", "outage", "large-range", "expired")
	require.Zero(t, s.run(t, "replay"))
	s.golden(t, "replay")
}

func TestABuildThatDivergesIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := replaying("complete", "large-range", "expired")
	s.workflows = changed
	require.Equal(t, statusFailed, s.run(t, "replay", "-o", "json"))
	found := s.outcome(t)
	assert.Equal(t, []typeOutcome{{Type: "MoveRange", Replayed: 1}, {Type: "Transfer", Diverged: 2}}, found.Types)
	slices.SortFunc(found.Diverging, func(a, b divergingRun) int { return strings.Compare(a.RunID, b.RunID) })
	const reason = "[TMPRL1100] During replay, a matching Timer command was expected in history event position 6."
	assert.Equal(t, []divergingRun{
		{"Transfer", runOf("complete").workflowID, "run of complete", reason}, {"Transfer", runOf("expired").workflowID, "run of expired", reason},
	}, found.Diverging)
	assert.JSONEq(t, `{"code":"","cause":"DoesNotReplay","data":[],
		"message":"a worker of this build could not go on with the runs above; do not deploy it"}`, s.stderr.String())

	s, _ = replaying("expired")
	s.workflows = changed
	require.Equal(t, statusFailed, s.run(t, "replay"))
	assert.Equal(t, "TYPE      REPLAYED  DIVERGED\nTransfer         0         1\n"+runOf("expired").workflowID+": "+reason+"\n", s.stdout.String())
}

// However many diverge, a few are named and the rest counted.
func TestOfManyThatDivergeAFewAreNamed(t *testing.T) {
	t.Parallel()
	const more = 5
	s, _ := replaying()
	s.service.histories = &manyOpen{name: "expired", runs: mostListed + more}
	s.workflows = changed
	require.Equal(t, statusFailed, s.run(t, "replay"))
	assert.Equal(t, mostListed, strings.Count(s.stdout.String(), "TMPRL1100"))
	assert.True(t, strings.HasSuffix(s.stdout.String(), "\nand 5 more\n"), s.stdout.String())
}

// manyOpen is a Temporal in which the same history is open several times.
type manyOpen struct {
	openHistories
	name string
	runs int
}

func (o *manyOpen) OpenWorkflows(context.Context, string, []byte) ([]workflowRun, []byte, error) {
	return slices.Repeat([]workflowRun{runOf(o.name)}, o.runs), nil, nil
}

func TestNothingIsOpen(t *testing.T) {
	t.Parallel()
	s, _ := replaying()
	require.Zero(t, s.run(t, "replay"))
	assert.Equal(t, "No run is open that this could be tried with.\n", s.stderr.String())
	assert.Empty(t, s.stdout.String())

	s, _ = replaying()
	require.Zero(t, s.run(t, "replay", "-o", "json"))
	assert.JSONEq(t, `{"types":[],"diverging":[]}`, s.stdout.String())
}

func TestReplayOfSome(t *testing.T) {
	t.Parallel()
	for limit, more := range map[string]string{"3": "There are more than these 3; --limit 0 replays all.\n", "4": "", "0": ""} {
		s, _ := replaying("complete", "expired", "cancelled", "declined")
		require.Zero(t, s.run(t, "replay", "--limit", limit, "-o", "json"))
		assert.Equal(t, more, s.stderr.String(), limit)
		want := 4
		if limit == "3" {
			want = 3
		}
		assert.Equal(t, []typeOutcome{{Type: "Transfer", Replayed: want}}, s.outcome(t).Types)
	}
}

func TestProgressOfReplay(t *testing.T) {
	t.Parallel()
	s, _ := replaying("complete")
	s.terminal = true
	require.Zero(t, s.run(t, "replay"))
	assert.Equal(t, "\r\x1b[K1 runs replayed\r\x1b[K", s.stderr.String())
}

// Until its first task is done a run has decided nothing, whatever build comes; from then on it can be diverged from, at every
// length that a history is ever seen in.
func TestReplayAtEveryMoment(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"complete", "expired", "restored", "terminated"} {
		whole, err := recorded.Load(recordings(name), name)
		require.NoError(t, err)
		for cut := 1; cut <= len(whole.GetEvents()); cut++ {
			if cut < len(whole.GetEvents()) && isDecision(whole.GetEvents()[cut]) {
				continue // it was written together with the one before it
			}
			begun := func() *historypb.History {
				return &historypb.History{Events: proto.CloneOf(whole).GetEvents()[:cut]}
			}
			require.NoError(t, build{register: workflows.RegisterWorkflows}.replay(runOf(name), begun()), "the first %d events of %s", cut, name)
			const undecided = 3 // started; a task scheduled, and begun
			assert.Equal(t, cut > undecided, build{register: changed}.replay(runOf(name), begun()) != nil, "the first %d events of %s", cut, name)
		}
	}
}

// isDecision tells an event that was written because a workflow task asked for it.
func isDecision(e *historypb.HistoryEvent) bool {
	m := e.ProtoReflect()
	attributes := m.Get(m.WhichOneof(m.Descriptor().Oneofs().ByName("attributes"))).Message()
	asked := attributes.Descriptor().Fields().ByName("workflow_task_completed_event_id")
	return asked != nil && attributes.Get(asked).Int() > 0
}

func TestReplayOfAFile(t *testing.T) {
	t.Parallel()
	const name = "large-range"
	file := recorded.File(recordings(name), name)
	s, _ := replaying()
	require.Zero(t, s.run(t, "replay", "--history", file, "-o", "json"), s.stderr.String())
	assert.Equal(t, []typeOutcome{{Type: "MoveRange", Replayed: 1}}, s.outcome(t).Types)
	assert.False(t, s.service.connected, "a file needs no Temporal")

	content, err := os.ReadFile(recorded.File(recordings("complete"), "complete"))
	require.NoError(t, err)
	for encoding, text := range encodings(string(content)) { // B5: as a shell of Windows redirects it
		s, _ = replaying()
		s.stdin = string(text)
		require.Zero(t, s.run(t, "replay", "--history", "-"), "%s: %s", encoding, s.stderr.String())
	}
	s, _ = replaying()
	s.stdin, s.workflows = string(content), changed
	require.Equal(t, statusFailed, s.run(t, "replay", "--history", "-", "-o", "json"))
	found := s.outcome(t).Diverging
	require.Len(t, found, 1)
	assert.Regexp(t, "^transfer/", found[0].WorkflowID)
}

func TestReplayCannotBeUsedLikeThat(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		"--limit must be 0 or more, not -1":              {"--limit", "-1"},
		"no such file":                                   {"--history", "no-such.json"},
		"- is no history: ":                              {"--history", "-"},
		"its first event is not the start of a workflow": {"--history", emptyHistory(t)},
		"[history limit] were all set":                   {"--history", "x", "--limit", "1"},
		"[history query] were all set":                   {"--history", "x", "--query", "y"},
		"\"complete.json\" belongs to none":              {"complete.json"},
	} {
		s, _ := replaying("complete")
		s.stdin = "no json"
		assert.Equal(t, statusUsage, s.run(t, append([]string{"replay"}, args...)...), says)
		assert.Contains(t, s.stderr.String(), says)
		assert.Empty(t, s.stdout.String())
	}
	s, open := replaying()
	open.lists = func([]byte) error { return &usageError{errors.New("--query: what?")} }
	assert.Equal(t, statusUsage, s.run(t, "replay", "--query", "what?"))
}

func emptyHistory(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "empty.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"events":[]}`), 0o600))
	return path
}

// The replayer quotes whole events, with what parties put into them.
func TestReasonsAreOneSentenceWithoutPayloads(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"[TMPRL1100] nondeterministic workflow: missing replay command for MarkerRecorded: (MarkerName:LocalActivity, Details:map[data:(Contoso Bakery)])": "[TMPRL1100] nondeterministic workflow: missing replay command for MarkerRecorded.",
		"[TMPRL1100] nondeterministic workflow: history event is TimerStarted: (Contoso (Bakery)), replay command is StartTimer: (it@contoso\n)":           "[TMPRL1100] nondeterministic workflow: history event is TimerStarted, replay command is StartTimer.",
		"[TMPRL1100] code executed local activity transfer.Look, but history event found Look, markerData: payloads:{data:\"Contoso. Bakery\"}\nresult":    "[TMPRL1100] code executed local activity transfer.Look, but history event found Look.",
		"[TMPRL1100] a Timer was expected. However, it did not come.":                                                                                      "[TMPRL1100] a Timer was expected.",
		"assignment to entry in nil map\ngoroutine 1": "assignment to entry in nil map.",
	} {
		assert.Equal(t, want, reason(errors.New(said)))
	}
}
