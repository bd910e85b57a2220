package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"handover/internal/transferclient"
	recorded "handover/test/replay"
	"handover/workflows"
	outages "handover/workflows/billing"
	deliveries "handover/workflows/delivery"
	cancellations "handover/workflows/subscriptions"
	processes "handover/workflows/transfers"
)

// recordings is the folder of the generation that the history is recorded in, the oldest one that has it.
func recordings(name string) string {
	for _, dir := range generations() {
		if _, err := os.Stat(recorded.File(dir, name)); err == nil {
			return dir
		}
	}
	return ""
}

// generations are the folders of the recorded histories.
func generations() []string {
	var dirs []string
	for _, g := range recorded.Generations() {
		dirs = append(dirs, g.Dir(filepath.Join("..", "test", "replay", recorded.Folder)))
	}
	return dirs
}

// openHistories is a Temporal in which these histories are open, two on a page of its index.
type openHistories struct {
	names  []string
	filter string
	before func(name string) error // a history is given out
	lists  func(page []byte) error // a page is

	mu           sync.Mutex
	atOnce, most int
}

func (o *openHistories) OpenWorkflows(ctx context.Context, filter string, page []byte) ([]workflowRun, []byte, error) {
	o.filter = filter
	if o.lists != nil {
		if err := o.lists(page); err != nil {
			return nil, nil, err
		}
	}
	at := slices.Index(o.names, string(page)) // -1 at the beginning
	from := max(at, 0)
	to := min(from+2, len(o.names))
	var runs []workflowRun
	for _, name := range o.names[from:to] {
		runs = append(runs, runOf(name))
	}
	if to == len(o.names) {
		return runs, nil, ctx.Err()
	}
	return runs, []byte(o.names[to]), ctx.Err()
}

func (o *openHistories) History(ctx context.Context, r workflowRun) (*historypb.History, error) {
	o.count(+1)
	defer o.count(-1)
	name := strings.TrimPrefix(r.runID, "run of ")
	if o.before != nil {
		if err := o.before(name); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, &unreachableError{ctx.Err()}
	}
	return recorded.Load(recordings(name), name)
}

func (o *openHistories) count(more int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.atOnce += more
	o.most = max(o.most, o.atOnce)
}

// runOf is the run with that history: what it was begun with names its workflow.
func runOf(name string) workflowRun {
	history, err := recorded.Load(recordings(name), name)
	if err != nil {
		panic(err) // a name that was never recorded
	}
	return workflowRun{kindOf(name), history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowId(), "run of " + name}
}

// kindOf is the type of the workflow whose history that is.
func kindOf(name string) string {
	switch {
	case strings.HasPrefix(name, "large-range"):
		return processes.RangeType
	case strings.HasPrefix(name, "cancellation"):
		return cancellations.CancellationType
	case strings.HasPrefix(name, "delivery"):
		return deliveries.Type
	case name == "outage":
		return outages.OutageType
	}
	return processes.Type
}

// replaying is a stage with these histories open and the workflows of this build.
func replaying(names ...string) (*stage, *openHistories) {
	open := &openHistories{names: names}
	s := &stage{workflows: workflows.RegisterWorkflows}
	s.service.histories = open
	return s, open
}

func allRecorded(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, dir := range generations() {
		names, err := recorded.Names(dir)
		require.NoError(t, err)
		all = append(all, names...)
	}
	slices.Sort(all)
	return slices.Compact(all)
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

// A run that was deleted since it was listed is nobody's to go on with.
func TestARunIsGone(t *testing.T) {
	t.Parallel()
	s, open := replaying("complete", "expired")
	open.before = func(name string) error {
		if name == "complete" {
			return errGone
		}
		return nil
	}
	require.Zero(t, s.run(t, "replay", "-o", "json"))
	assert.Equal(t, []typeOutcome{{Type: "Transfer", Replayed: 1}}, s.outcome(t).Types)
}

// What was found when it must stop is printed, and a divergence that was found counts in any case.
func TestReplayStops(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		workflows func(worker.WorkflowRegistry)
		interrupt bool
		status    int
		says      string
	}{
		"Temporal is silent":        {workflows.RegisterWorkflows, false, statusUnavailable, "2 runs were replayed, then: away"},
		"Ctrl-C":                    {workflows.RegisterWorkflows, true, statusInterrupted, "2 runs were replayed, then: interrupted"},
		"silent after a divergence": {changed, false, statusFailed, errDiverges.Error() + "; not all were tried: away"},
		"Ctrl-C after a divergence": {changed, true, statusFailed, errDiverges.Error() + "; not all were tried: context canceled"},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		two := make(chan struct{})
		r := &rehearsal{build: build{register: c.workflows}, patience: patience, show: func(replayed int) {
			if replayed == 2 {
				close(two)
			}
		}}
		r.service = &openHistories{names: []string{"complete", "expired", "cancelled", "declined"}, lists: func(page []byte) error {
			switch {
			case page == nil:
				return nil
			case c.interrupt:
				<-two
				interrupt()
				return nil
			}
			<-two
			return &unreachableError{serviceerror.NewUnavailable("away")}
		}}
		stopped := r.all(ctx)
		var printed bytes.Buffer
		starter := &cli{out: &printed}
		ended := ending(ctx, starter.printRehearsed(r.found, stopped))
		assert.Equal(t, c.status, ended.status, name)
		assert.Equal(t, c.says, ended.Message, name)
		assert.Contains(t, printed.String(), "Transfer", name)
	}
}

// patience is more than a fake needs for an answer.
const patience = time.Minute

func TestTemporalIsSilentAtOnce(t *testing.T) {
	t.Parallel()
	s, open := replaying("complete")
	open.lists = func([]byte) error { return &unreachableError{serviceerror.NewUnavailable("away")} }
	assert.Equal(t, statusUnavailable, s.run(t, "replay"))
	assert.Equal(t, "starter: 0 runs were replayed, then: away\n", s.stderr.String())

	s, open = replaying("complete")
	open.before = func(string) error { return &unreachableError{serviceerror.NewUnavailable("away")} }
	assert.Equal(t, statusUnavailable, s.run(t, "replay"))

	s, _ = replaying()
	s.connectErr = &unreachableError{errors.New("nobody there")}
	assert.Equal(t, statusUnavailable, s.run(t, "replay"))
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

func TestOpenWorkflowsReadsOnePageOfTheIndex(t *testing.T) {
	t.Parallel()
	for filter, more := range map[string]string{"": "", "A = 1 OR B = 2": " AND (A = 1 OR B = 2)"} {
		s, connection := temporal(t)
		asked := mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool {
			return string(r.NextPageToken) == "page 2" && r.PageSize == runsPerPage &&
				r.Query == "ExecutionStatus = 'Running' AND WorkflowType IN ('BillingOutage', 'Delivery', 'MoveRange', 'ScheduledCancellation', 'Transfer')"+more
		})
		connection.On("ListWorkflow", mock.Anything, asked).Return(&workflowservice.ListWorkflowExecutionsResponse{
			Executions: []*workflowpb.WorkflowExecutionInfo{{
				Type: &commonpb.WorkflowType{Name: "Transfer"}, Execution: &commonpb.WorkflowExecution{WorkflowId: "transfer/1", RunId: freshID},
			}},
			NextPageToken: []byte("page 3"),
		}, nil)
		runs, next, err := s.OpenWorkflows(t.Context(), filter, []byte("page 2"))
		require.NoError(t, err)
		assert.Equal(t, []workflowRun{{"Transfer", "transfer/1", freshID}}, runs)
		assert.Equal(t, "page 3", string(next))
	}
}

func TestOpenWorkflowsWithoutAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		filter string
		err    error
		status int
	}{
		"silent":                       {"", serviceerror.NewUnavailable("away"), statusUnavailable},
		"a filter it cannot read":      {"what?", serviceerror.NewInvalidArgument("invalid query"), statusUsage},
		"silent, asked with a filter":  {"A = 1", serviceerror.NewUnavailable("away"), statusUnavailable},
		"our own question is not good": {"", serviceerror.NewInvalidArgument("invalid query"), statusUnavailable},
	} {
		s, connection := temporal(t)
		connection.On("ListWorkflow", mock.Anything, mock.Anything).Return(nil, c.err)
		_, _, err := s.OpenWorkflows(t.Context(), c.filter, nil)
		assert.Equal(t, c.status, ending(t.Context(), err).status, name)
	}
}

func TestHistoryIsRead(t *testing.T) {
	t.Parallel()
	run := workflowRun{"Transfer", "transfer/1", freshID}
	read := func(err error) (*historypb.History, error) {
		s, connection := temporal(t)
		events := &mocks.HistoryEventIterator{}
		events.On("HasNext").Return(true).Twice()
		events.On("HasNext").Return(false)
		events.On("Next").Return(&historypb.HistoryEvent{EventId: 1}, nil).Once()
		events.On("Next").Return(&historypb.HistoryEvent{EventId: 2}, err)
		connection.On("GetWorkflowHistory", mock.Anything, "transfer/1", freshID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Return(events)
		return s.History(t.Context(), run)
	}
	history, err := read(nil)
	require.NoError(t, err)
	assert.Len(t, history.GetEvents(), 2)
	_, err = read(serviceerror.NewNotFound("no such run"))
	require.ErrorIs(t, err, errGone)
	_, err = read(serviceerror.NewUnavailable("away"))
	require.ErrorIs(t, err, transferclient.ErrUnavailable)
}
