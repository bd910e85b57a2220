package dispatch

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"handover/internal/ledger"
	"handover/internal/runs"
)

var (
	_ Book     = (*ledger.Ledger)(nil)
	_ Temporal = client.Client(nil)
)

// sleep waits in the time of the test.
func sleep(ctx context.Context, d time.Duration) error {
	wait(ctx, d, nil)
	return ctx.Err()
}

// book keeps runs as the ledger does, in memory.
type book struct {
	mu         sync.Mutex
	runs       map[string]*runs.Run
	woken      []chan struct{}
	failing    error // of every claim
	unrecorded int   // how many records are yet to fail
	overdue    []runs.Run
	watches    int
	followed   []runs.Wanted
	over       []runs.Wanted
}

func newBook() *book { return &book{runs: map[string]*runs.Run{}} }

func (b *book) add(runs ...runs.Run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range runs {
		r.DueAt, r.Since = time.Now(), time.Now()
		b.runs[r.WorkflowID] = &r
	}
	b.poke()
}

func (b *book) poke() {
	for _, woken := range b.woken {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
}

func (b *book) raise(id string, cause runs.Cause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.runs[id]
	r.Wanted++
	r.Cause, r.DueAt, r.Attempts = cause, time.Now(), 0
	b.poke()
}

func (b *book) run(id string) runs.Run {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.runs[id]
}

func (b *book) ids() (ids []string) {
	for id := range b.runs {
		ids = append(ids, id)
	}
	return ids
}

func (b *book) waiting() int {
	n, _, _ := b.RunsWaiting(context.Background())
	return n
}

func (b *book) Subscribe() (<-chan struct{}, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	woken := make(chan struct{}, 1)
	b.woken = append(b.woken, woken)
	return woken, func() {}
}

func (b *book) ClaimRuns(_ context.Context, limit, perKey int) ([]runs.Run, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var due []*runs.Run
	for _, r := range b.runs {
		if r.Told < r.Wanted && !r.DueAt.After(time.Now()) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *runs.Run) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.WorkflowID, b.WorkflowID))
	})
	keys := map[string]int{}
	var claimed []runs.Run
	for _, r := range due {
		if keys[r.FairKey]++; keys[r.FairKey] > perKey || len(claimed) == limit {
			continue
		}
		r.Attempts++
		r.DueAt = time.Now().Add(5 * time.Second << (r.Attempts - 1))
		claimed = append(claimed, *r)
	}
	return claimed, b.failing
}

func (b *book) RunsTold(ctx context.Context, told []runs.Run) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unrecorded > 0 {
		b.unrecorded--
		return serviceerror.NewUnavailable("away")
	}
	for _, t := range told {
		r := b.runs[t.WorkflowID]
		r.Told, r.Attempts, r.LastError = max(r.Told, t.Wanted), 0, ""
	}
	return ctx.Err()
}

func (b *book) RunsFailed(ctx context.Context, codes map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, code := range codes {
		b.runs[id].LastError = code
	}
	return ctx.Err()
}

func (b *book) RunsReturned(ctx context.Context, returned []runs.Run) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, back := range returned {
		if r := b.runs[back.WorkflowID]; r.DueAt.Equal(back.DueAt) {
			r.DueAt, r.Attempts = time.Now(), back.Attempts-1
		}
	}
	return ctx.Err()
}

func (b *book) RunsWaiting(context.Context) (count int, since time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.runs {
		if r.Told < r.Wanted {
			count++
			if since.IsZero() || r.Since.Before(since) {
				since = r.Since
			}
		}
	}
	return count, since, nil
}

func (b *book) Watch(context.Context) (int, error) {
	b.mu.Lock()
	b.watches++
	b.mu.Unlock()
	overdue := b.overdue
	b.overdue = nil
	b.add(overdue...)
	return len(overdue), nil
}

func (b *book) FollowedRuns(_ context.Context, after string, _ int) ([]runs.Wanted, error) {
	at := 1 + slices.IndexFunc(b.followed, func(w runs.Wanted) bool { return w.SubjectID == after })
	return b.followed[at:min(at+2, len(b.followed))], nil
}

func (b *book) OverRuns(_ context.Context, workflowIDs []string) ([]runs.Wanted, error) {
	return slices.DeleteFunc(slices.Clone(b.over), func(w runs.Wanted) bool { return !slices.Contains(workflowIDs, w.WorkflowID) }), nil
}

func (b *book) WantRuns(_ context.Context, wanted ...runs.Wanted) error {
	for _, w := range wanted {
		b.add(runs.Run{WorkflowID: w.WorkflowID, WorkflowType: w.WorkflowType, SubjectID: w.SubjectID, FairKey: w.FairKey, Wanted: 1, Cause: w.Cause})
	}
	return nil
}

// call is what Temporal was asked.
type call struct {
	id, kind, queue string
	reuse           enumspb.WorkflowIdReusePolicy
	conflict        enumspb.WorkflowIdConflictPolicy
	eager           bool
	input           []any
	signal          string // empty for a start
	payload         any
}

const (
	failOnExisting    = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	useExisting       = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	terminateExisting = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
)

// temporal takes note of calls and answers them as it is told to.
type temporal struct {
	mu      sync.Mutex
	calls   []call
	answer  func(ctx context.Context, n int) error // to the n-th call, from 1; nil accepts
	refuse  map[string]error                       // by workflow id
	pages   [][]string                             // of the list of open runs
	status  map[string]enumspb.WorkflowExecutionStatus
	listing error
	query   string
}

func newTemporal() *temporal { return &temporal{} }

func (f *temporal) called() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *temporal) answerWith(answer func(context.Context, int) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *temporal) take(ctx context.Context, c call) error {
	f.mu.Lock()
	f.calls = append(f.calls, c)
	n, answer, refusal := len(f.calls), f.answer, f.refuse[c.id]
	f.mu.Unlock()
	if refusal != nil {
		return refusal
	}
	if answer == nil {
		return nil
	}
	return answer(ctx, n)
}

func callOf(o client.StartWorkflowOptions, kind any, input []any) call {
	return call{
		id: o.ID, kind: kind.(string), queue: o.TaskQueue, reuse: o.WorkflowIDReusePolicy, conflict: o.WorkflowIDConflictPolicy,
		eager: o.EnableEagerStart, input: input,
	}
}

func (f *temporal) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, kind any, input ...any) (client.WorkflowRun, error) {
	return nil, f.take(ctx, callOf(o, kind, input))
}

func (f *temporal) SignalWithStartWorkflow(ctx context.Context, _, signal string, payload any, o client.StartWorkflowOptions, kind any, input ...any) (client.WorkflowRun, error) {
	c := callOf(o, kind, input)
	c.signal, c.payload = signal, payload
	return nil, f.take(ctx, c)
}

func (f *temporal) ListWorkflow(_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	f.query = request.GetQuery()
	at := len(request.GetNextPageToken())
	response := &workflowservice.ListWorkflowExecutionsResponse{}
	if at < len(f.pages) {
		for _, id := range f.pages[at] {
			response.Executions = append(response.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id}})
		}
	}
	if at+1 < len(f.pages) {
		response.NextPageToken = make([]byte, at+1)
	}
	return response, f.listing
}

func (f *temporal) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if refusal := f.refuse[id]; refusal != nil {
		return nil, refusal
	}
	status, known := f.status[id]
	if !known {
		return nil, serviceerror.NewNotFound("no such run")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: status}}, nil
}
