package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
)

// history is every event of the workflow's latest run.
func (s *stage) history(ctx context.Context, workflowID string) ([]*historypb.HistoryEvent, error) {
	return s.historyOf(ctx, workflowID, "")
}

// historyOf is every event of one run.
func (s *stage) historyOf(ctx context.Context, workflowID, runID string) ([]*historypb.HistoryEvent, error) {
	var events []*historypb.HistoryEvent
	found := s.Connection.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for found.HasNext() {
		event, err := found.Next()
		if err != nil {
			return nil, fmt.Errorf("the history of %s: %w", workflowID, err)
		}
		events = append(events, event)
	}
	return events, nil
}

// smallTransfer makes one small transfer, with all its e-mail, and returns its history; none of a contender that has none.
func (s *stage) smallTransfer(ctx context.Context, c contender) ([]*historypb.HistoryEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, _, err := s.unhurried(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := settled(ctx, c, smallItems, id); err != nil {
		return nil, err
	}
	if c.workflowID(id) == "" {
		return nil, nil
	}
	return s.history(ctx, c.workflowID(id))
}

// unhurried makes one small transfer as people do: it waits for its source until nothing is being done for it any more. It
// also tells how many statements it took to find that out.
func (s *stage) unhurried(ctx context.Context, c contender) (id string, asked int64, err error) {
	if id, err = create(ctx, c, smallItems); err != nil {
		return id, 0, err
	}
	if asked, err = s.waits(ctx, c, id); err != nil {
		return id, asked, err
	}
	return id, asked, c.finish(ctx, id, approval())
}

// waits returns when the run of a new transfer was begun and only waits, and its e-mail was sent, and how many statements it
// took to find out.
func (s *stage) waits(ctx context.Context, c contender, id string) (statements int64, err error) {
	if c.workflowID(id) == "" {
		return c.on().quiet(ctx)
	}
	err = until(ctx, "the run of transfer "+id+" does not come to rest", func() (bool, error) {
		run, err := s.Connection.DescribeWorkflowExecution(ctx, c.workflowID(id), "")
		var missing *serviceerror.NotFound
		if errors.As(err, &missing) {
			return false, nil // the dispatcher is about to start it
		}
		return err == nil && run.GetPendingWorkflowTask() == nil && len(run.GetPendingActivities()) == 0, err
	})
	if err != nil {
		return 0, err
	}
	return c.on().quiet(ctx)
}

// sampled is how many transfers row 8 looks at.
const sampled = 5

// statements is how many statements a small transfer sends to the ledger from its creation until its last e-mail is
// recorded, whoever sends them. The idle platform looks for work now and then; so it is the median of some transfers.
func (s *stage) statements(ctx context.Context, c contender) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var sent []float64
	for range sampled {
		before := c.on().Statements()
		id, askedBefore, err := s.unhurried(ctx, c)
		if err != nil {
			return 0, err
		}
		if err := c.rest(ctx, id); err != nil {
			return 0, err
		}
		asked, err := c.on().quiet(ctx)
		if err != nil {
			return 0, err
		}
		sent = append(sent, float64(c.on().Statements()-before-askedBefore-asked))
	}
	return median(sent), nil
}

// sizes are how many events the runs of a transfer have.
type sizes struct {
	parent   int
	children []int
}

func (s sizes) biggest() int {
	most := s.parent
	for _, n := range s.children {
		most = max(most, n)
	}
	return most
}

// historySizes counts the events of a transfer's run and of its children.
func (s *stage) historySizes(ctx context.Context, workflowID string) (sizes, error) {
	parent, err := s.history(ctx, workflowID)
	if err != nil {
		return sizes{}, err
	}
	counted := sizes{parent: len(parent)}
	for _, event := range parent {
		if event.GetEventType() != enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED {
			continue
		}
		child, err := s.history(ctx, event.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution().GetWorkflowId())
		if err != nil {
			return sizes{}, err
		}
		counted.children = append(counted.children, len(child))
	}
	return counted, nil
}

// load is what one transfer did to this process and to the histories.
type load struct {
	took   time.Duration
	before float64 // MB of live heap
	peak   float64
	after  float64
	sizes  sizes
}

// weigh makes one transfer of that many items and watches the heap meanwhile. Server, worker and client share the process,
// so the worker's share is less than what is seen.
func (s *stage) weigh(ctx context.Context, c contender, items int) (load, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l := load{before: liveHeap()}
	began := time.Now()
	peak := watchHeap()
	id, err := complete(ctx, c, items)
	l.peak, l.took = peak(), time.Since(began)
	if err != nil {
		return l, err
	}
	if err := settled(ctx, c, items, id); err != nil {
		return l, err
	}
	l.after = liveHeap()
	l.sizes, err = s.historySizes(ctx, c.workflowID(id))
	return l, err
}

// liveHeap is what is reachable now, in MB.
func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// heapEvery is how often the heap is looked at; each look is a collection.
const heapEvery = 200 * time.Millisecond

// watchHeap looks at the heap until the returned function is called, which tells the most that was seen.
func watchHeap() (stop func() float64) {
	end, most := make(chan struct{}), make(chan float64)
	go func() {
		tick := time.NewTicker(heapEvery)
		defer tick.Stop()
		peak := liveHeap()
		for {
			select {
			case <-end:
				most <- max(peak, liveHeap())
				return
			case <-tick.C:
				peak = max(peak, liveHeap())
			}
		}
	}()
	return func() float64 {
		close(end)
		return <-most
	}
}
