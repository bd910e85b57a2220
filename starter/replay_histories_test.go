package main

// A Temporal in which recorded histories are open.

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"

	recorded "handover/test/replay"
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
