package transfers_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// observer sees what runs ask of Temporal, and what stands in their histories. It also lifts the test environment's bound on
// endless retries.
type observer struct {
	interceptor.WorkerInterceptorBase
	metrics *counters

	mu         sync.Mutex
	attributes temporal.SearchAttributes
	scheduled  []string // steps by the names of activities, after "local " where they are, one for each time that a run asked for it
	ids        []string // of regular activities
	timers     []timer
	cancelled  int            // timers
	children   []string       // workflow ids, one for each time that a run asked for it
	begun      map[string]int // runs by workflow type
	working    map[string]int // runs under way by workflow id
	history    []string       // every payload and failure
	twice      func(step, first, second string)
}

type timer struct {
	after   time.Duration
	summary string
}

func newObserver() *observer {
	return &observer{metrics: &counters{counts: map[string]int64{}}, begun: map[string]int{}, working: map[string]int{}}
}

func (o *observer) note(what ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range what {
		o.history = append(o.history, inHistory(v))
	}
}

// inHistory is a value as it stands in a history.
func inHistory(v any) string {
	encoded, ok := v.(*commonpb.Payloads)
	if !ok {
		return asJSON(v)
	}
	var text strings.Builder
	for _, p := range encoded.GetPayloads() {
		text.Write(p.GetData())
	}
	return text.String()
}

func (o *observer) payloads() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.history, "\n")
}

func (o *observer) timerEnded() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cancelled++
}

// count is how often a step was asked for.
func (o *observer) count(step string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.scheduled {
		if s == step {
			n++
		}
	}
	return n
}

func (o *observer) steps() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.scheduled...)
}

func (o *observer) activityIDs() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.ids...)
}

func (o *observer) timersSet() []timer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]timer(nil), o.timers...)
}

func (o *observer) childIDs() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.children...)
}

// runs is how many runs of the type began.
func (o *observer) runs(workflowType string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.begun[workflowType]
}

func (o *observer) publish(attributes temporal.SearchAttributes) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attributes = attributes
}

func (o *observer) published() temporal.SearchAttributes {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.attributes
}

func (o *observer) keyword(name string) string {
	value, _ := o.published().GetKeyword(temporal.NewSearchAttributeKeyKeyword(name))
	return value
}

func (o *observer) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &inbound{observer: o}
	in.Next = next
	return in
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase
	observer *observer
}

func (in *inbound) ExecuteWorkflow(ctx workflow.Context, input *interceptor.ExecuteWorkflowInput) (any, error) {
	brought := strings.Contains(asJSON(input.Args), `"customerTenantId"`) // a request by the second door stands in its history
	if !brought {
		in.observer.note(input.Args)
	}
	defer in.observer.enters(workflow.GetInfo(ctx))()
	result, err := in.Next.ExecuteWorkflow(ctx, input)
	in.observer.note(result)
	if err != nil {
		in.observer.note(err.Error())
	}
	return result, err
}

// enters notes that a run is under way; what it returns, that it is over.
func (o *observer) enters(info *workflow.Info) (leaves func()) {
	id := info.WorkflowExecution.ID
	count := func(by int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.working[id] += by
	}
	o.mu.Lock()
	o.begun[info.WorkflowType.Name]++
	o.mu.Unlock()
	count(1)
	return func() { count(-1) }
}

// atWork tells whether a run of that id has begun and is not over.
func (o *observer) atWork(workflowID string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.working[workflowID] > 0
}

func (in *inbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	out := &outbound{observer: in.observer}
	out.Next = next
	return in.Next.Init(out)
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	observer *observer
}

func (out *outbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	o := out.observer
	o.mu.Lock()
	o.scheduled, o.ids = append(o.scheduled, name), append(o.ids, options.ActivityID)
	o.mu.Unlock()
	policy := *options.RetryPolicy
	policy.MaximumAttempts = 1_000_000
	return out.Next.ExecuteActivity(workflow.WithRetryPolicy(ctx, policy), name, args...)
}

func (out *outbound) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o := out.observer
	o.mu.Lock()
	o.scheduled = append(o.scheduled, "local "+name)
	o.mu.Unlock()
	return out.Next.ExecuteLocalActivity(ctx, name, args...)
}

func (out *outbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	o := out.observer
	o.mu.Lock()
	o.timers = append(o.timers, timer{d, options.Summary})
	o.mu.Unlock()
	return out.Next.NewTimerWithOptions(ctx, d, options)
}

func (out *outbound) ExecuteChildWorkflow(ctx workflow.Context, name string, args ...any) workflow.ChildWorkflowFuture {
	o := out.observer
	o.mu.Lock()
	o.children = append(o.children, workflow.GetChildWorkflowOptions(ctx).WorkflowID)
	o.mu.Unlock()
	return out.Next.ExecuteChildWorkflow(ctx, name, args...)
}

func (out *outbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	o := out.observer
	o.mu.Lock()
	o.attributes = temporal.NewSearchAttributes(append([]temporal.SearchAttributeUpdate{o.attributes.Copy()}, updates...)...)
	o.mu.Unlock()
	return out.Next.UpsertTypedSearchAttributes(ctx, updates...)
}

func (o *observer) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &attempted{observer: o}
	in.Next = next
	return in
}

type attempted struct {
	interceptor.ActivityInboundInterceptorBase
	observer *observer
}

func (in *attempted) ExecuteActivity(ctx context.Context, input *interceptor.ExecuteActivityInput) (any, error) {
	o, name := in.observer, activity.GetInfo(ctx).ActivityType.Name
	if name != "transfer.Command" && name != "transfer.RecordRefusal" { // what a client brought stands in the history anyway
		o.note(input.Args)
	}
	result, err := in.Next.ExecuteActivity(ctx, input)
	o.note(result)
	if err != nil {
		o.note(err.Error())
	}
	if o.twice == nil || err != nil {
		return result, err
	}
	second, err := in.Next.ExecuteActivity(ctx, input)
	if err == nil {
		o.twice(name, inHistory(result), inHistory(second))
	}
	return second, err
}

// counters are the counters of a metrics handler, whatever their tags.
type counters struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (c *counters) count(name string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[name]
}

func (c *counters) WithTags(map[string]string) client.MetricsHandler { return c }
func (c *counters) Counter(name string) client.MetricsCounter        { return counter{c, name} }
func (c *counters) Gauge(string) client.MetricsGauge                 { return client.MetricsNopHandler.Gauge("") }
func (c *counters) Timer(string) client.MetricsTimer                 { return client.MetricsNopHandler.Timer("") }

type counter struct {
	of   *counters
	name string
}

func (c counter) Inc(by int64) {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.counts[c.name] += by
}

// said is what was logged, warnings and worse.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (s *said) WithAttrs([]slog.Attr) slog.Handler               { return s }
func (s *said) WithGroup(string) slog.Handler                    { return s }
func (s *said) Handle(_ context.Context, r slog.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, r.Message)
	return nil
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}
