package main

// Would a worker of this build go on with every run that is open? Each history is replayed with the workflows of this build,
// which must ask for what the history says they asked for. A few are in memory at a time, however many are open.

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"handover/internal/payloads"
	"handover/workflows"
)

// replaysAtOnce bounds the histories in memory.
const replaysAtOnce = 4

// rehearsal replays the runs that are open.
type rehearsal struct {
	service  histories
	build    build
	filter   string        // of Temporal's index, empty for every run
	limit    int           // 0 for none
	patience time.Duration // for one answer of Temporal
	show     func(replayed int)

	mu    sync.Mutex
	found outcome
	more  bool // there are runs beyond the limit
}

// all replays every run. What was found when it cannot go on counts. Errors: those of histories, the context's.
func (r *rehearsal) all(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(replaysAtOnce)
	begun := 0
	for page := []byte(nil); ; {
		runs, next, err := r.list(ctx, page)
		if err != nil {
			group.Go(func() error { return err })
			return group.Wait()
		}
		for _, run := range runs {
			if r.limit > 0 && begun == r.limit {
				r.more = true
				return group.Wait()
			}
			begun++
			group.Go(func() error { return r.one(ctx, run) })
		}
		if page = next; len(page) == 0 {
			return group.Wait()
		}
	}
}

func (r *rehearsal) list(ctx context.Context, page []byte) ([]workflowRun, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	return r.service.OpenWorkflows(ctx, r.filter, page)
}

func (r *rehearsal) one(ctx context.Context, run workflowRun) error {
	patience, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	history, err := r.service.History(patience, run)
	switch {
	case errors.Is(err, errGone): // it ended meanwhile, and is nobody's to go on with
		return nil
	case err != nil:
		return err
	}
	divergence := r.build.replay(run, history)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found.add(run, divergence)
	r.show(r.found.total())
	return nil
}

// build is what a worker of this build brings to a run: its workflows, and how it reads what the run was given.
type build struct {
	register func(worker.WorkflowRegistry)
	payloads payloads.Converters
}

// thisBuild is the build of this program, with the keys of the settings.
func thisBuild(read loader) (build, error) {
	settings, err := read()
	if err != nil {
		return build{}, &usageError{err}
	}
	return build{workflows.RegisterWorkflows, settings.Payloads.EncryptionKeys.ForWorkers()}, nil
}

// replay has the workflows go through the history as the run's. The error says where they diverge from it; a run of which no
// task is done yet has decided nothing that they could diverge from. The history must not be used afterwards.
func (b build) replay(run workflowRun, history *historypb.History) error {
	history.Events = decided(history.GetEvents())
	if len(history.GetEvents()) == 0 {
		return nil
	}
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DataConverter: b.payloads.Data, FailureConverter: b.payloads.Failure,
	})
	if err != nil {
		return err
	}
	b.register(replayer)
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler)) // the error says it
	return replayer.ReplayWorkflowHistoryWithOptions(quiet, history, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: run.workflowID, RunID: run.runID},
	})
}

// decided leaves out the task that is not done: of a history that ends with one that was begun, or failed, the replayer does
// not compare what the tasks before it decided. Of a run whose first task is not done nothing is left.
func decided(events []*historypb.HistoryEvent) []*historypb.HistoryEvent {
	end := 0
	for i, e := range events {
		switch kind := e.GetEventType(); {
		case kind == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			end = len(events)
		case kind == enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED && end > 0:
			end = min(end, i)
		}
	}
	return events[:end]
}

// outcome is what became of the replays. Of the runs that diverge it keeps a few of each type.
type outcome struct {
	Types     []typeOutcome  `json:"types"`
	Diverging []divergingRun `json:"diverging"`
}

// typeOutcome counts the runs of one type.
type typeOutcome struct {
	Type     string `json:"type"`
	Replayed int    `json:"replayed"`
	Diverged int    `json:"diverged"`
}

// divergingRun is a run that does not replay, with the reason in one sentence.
type divergingRun struct {
	Type       string `json:"type"`
	WorkflowID string `json:"workflowId"`
	RunID      string `json:"runId"`
	Reason     string `json:"reason"`
}

func (o *outcome) add(run workflowRun, divergence error) {
	at, known := slices.BinarySearchFunc(o.Types, run.kind, func(t typeOutcome, kind string) int { return strings.Compare(t.Type, kind) })
	if !known {
		o.Types = slices.Insert(o.Types, at, typeOutcome{Type: run.kind})
	}
	counts := &o.Types[at]
	if divergence == nil {
		counts.Replayed++
		return
	}
	if counts.Diverged++; counts.Diverged <= mostListed {
		o.Diverging = append(o.Diverging, divergingRun{run.kind, run.workflowID, run.runID, reason(divergence)})
	}
}

func (o *outcome) total() int {
	return o.sum(func(t typeOutcome) int { return t.Replayed + t.Diverged })
}

func (o *outcome) diverged() int { return o.sum(func(t typeOutcome) int { return t.Diverged }) }

func (o *outcome) sum(count func(typeOutcome) int) int {
	all := 0
	for _, t := range o.Types {
		all += count(t)
	}
	return all
}

// details are what Temporal's replayer adds to the name of an event, a command or a local activity: everything in it, payloads too.
var details = regexp.MustCompile(`(?s): \(.*?\)(, replay command is |$)|, markerData: .*`)

// reason is the first sentence of what the replayer says, without what parties may have put into a history.
func reason(divergence error) string {
	said := details.ReplaceAllString(divergence.Error(), "$1")
	said, _, _ = strings.Cut(said, "\n")
	said, _, _ = strings.Cut(said, ". ")
	return strings.TrimSuffix(said, ".") + "."
}
