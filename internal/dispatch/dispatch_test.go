package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"handover/internal/runs"
	transferstore "handover/internal/transfer/store"
	"handover/workflows/run"
)

func opened(id string) runs.Run {
	return runs.Run{WorkflowID: id, WorkflowType: "Thing", SubjectID: "s-" + id, FairKey: "key", Wanted: 1, Cause: runs.CauseOpened}
}

func many(n int) []runs.Run {
	all := make([]runs.Run, n)
	for i := range all {
		all[i] = opened(fmt.Sprintf("r%04d", i))
		all[i].FairKey = fmt.Sprintf("key %d", i%8)
	}
	return all
}

// scene is a dispatcher at work on a book and a Temporal, in a time of its own.
type scene struct {
	*Dispatcher
	t        *testing.T
	book     *book
	temporal *temporal
	metrics  *prometheus.Registry
}

func inBubble(t *testing.T, test func(s scene)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := scene{t: t, book: newBook(), temporal: newTemporal(), metrics: prometheus.NewRegistry()}
		var err error
		s.Dispatcher, err = New(Options{
			Book: s.book, Temporal: s.temporal, WorkflowTypes: []string{"Deed", "Thing"}, Metrics: s.metrics, Describe: describe,
		})
		require.NoError(t, err)
		test(s)
	})
}

func describe(_ context.Context, runs []runs.Run) (map[string]Start, error) {
	starts := map[string]Start{}
	for _, r := range runs {
		starts[r.WorkflowID] = Start{Options: client.StartWorkflowOptions{TaskQueue: "things", StaticSummary: r.SubjectID}, Input: r.SubjectID}
	}
	return starts, nil
}

// running lets the dispatcher work for that long.
func (s scene) running(d time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	defer cancel()
	s.Run(ctx)
}

// started lets the dispatcher work until it is ended.
func (s scene) started() (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	return ctx, func() {
		cancel()
		<-ended
	}
}

// together lets that many dispatchers work for that long.
func (s scene) together(n int, d time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	defer cancel()
	var programs sync.WaitGroup
	for range n {
		d, err := New(Options{Book: s.book, Temporal: s.temporal, Describe: s.Describe, WorkflowTypes: []string{"Deed", "Thing"}})
		require.NoError(s.t, err)
		programs.Go(func() { d.Run(ctx) })
	}
	programs.Wait()
}

// metric is the value of a metric, of the one with that label when there is any; 0 when nothing was counted.
func (s scene) metric(name, label string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	require.NoError(s.t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func (s scene) nudges(result string) float64 { return s.metric("handover_nudges_total", result) }

func TestHowARunIsTold(t *testing.T) {
	toldOnce := func(r runs.Run) runs.Run { r.Wanted, r.Told = 2, 1; return r }
	with := func(r runs.Run, c runs.Cause) runs.Run { r.Cause, r.CorrelationID = c, "c1"; return r }
	look := run.Nudge{N: 1, CorrelationID: "c1"}
	for name, c := range map[string]struct {
		run       runs.Run
		versioned bool
		start     Start
		want      call
	}{
		"opened":                    {run: opened("a"), want: call{conflict: failOnExisting, eager: true}},
		"opened, versioned workers": {run: opened("a"), versioned: true, want: call{conflict: failOnExisting}},
		"opened after it was told":  {run: toldOnce(opened("a")), want: call{conflict: useExisting, signal: "look", payload: run.Nudge{N: 2}}},
		"submitted before its opening was told": {run: with(opened("a"), transferstore.CauseSubmitted),
			start: Start{Signal: "approved", Payload: 7}, want: call{conflict: useExisting, signal: "approved", payload: 7}},
		"replaced": {run: with(opened("a"), runs.CauseReplaced), want: call{conflict: terminateExisting}},
		"resumed":  {run: with(opened("a"), runs.CauseResumed), want: call{conflict: useExisting, signal: "look", payload: look}},
		"watch":    {run: with(opened("a"), runs.CauseWatch), want: call{conflict: useExisting, signal: "look", payload: look}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s scene) {
				s.Versioned = c.versioned
				c.start.Options = client.StartWorkflowOptions{ID: "not this", TaskQueue: "things"}
				c.start.Input = "subject"
				s.Describe = func(context.Context, []runs.Run) (map[string]Start, error) {
					return map[string]Start{"a": c.start}, nil
				}
				s.book.add(c.run)
				s.running(time.Second / 2)
				c.want.id, c.want.kind, c.want.queue, c.want.input = "a", "Thing", "things", []any{"subject"}
				c.want.reuse = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
				require.Equal(s.t, []call{c.want}, s.temporal.called())
				require.Equal(s.t, c.run.Wanted, s.book.run("a").Told)
				require.InDelta(s.t, 1, s.nudges("told"), 0)
			})
		})
	}
}

// A run that somebody else began may have looked before there was anything to see: it is told.
func TestOpenedWhileARunIsThere(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(opened("a"))
		s.temporal.answer = func(_ context.Context, n int) error {
			if n == 1 {
				return serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "", "")
			}
			return nil
		}
		s.running(time.Second / 2)
		calls := s.temporal.called()
		require.Len(s.t, calls, 2)
		require.Equal(s.t, []any{"look", run.Nudge{N: 1}, useExisting, false}, []any{calls[1].signal, calls[1].payload, calls[1].conflict, calls[1].eager})
		require.Equal(s.t, int64(1), s.book.run("a").Told)
		require.InDelta(s.t, 1, s.nudges("told"), 0)
	})
}

// A change that comes while Temporal is told is told next, at once.
func TestChangeDuringTheCall(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(opened("a"))
		s.temporal.answer = func(_ context.Context, n int) error {
			if n == 1 {
				s.book.raise("a", transferstore.CauseSubmitted)
			}
			return nil
		}
		s.running(time.Second / 2)
		require.Len(s.t, s.temporal.called(), 2)
		require.Equal(s.t, "look", s.temporal.called()[1].signal)
		require.Equal(s.t, run.Nudge{N: 2}, s.temporal.called()[1].payload)
		require.Equal(s.t, int64(2), s.book.run("a").Told)
	})
}

// A call that was taken, but whose answer was lost, is made again: the run only looks once more.
func TestAnswerIsLost(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(opened("a"))
		s.temporal.answer = func(_ context.Context, n int) error {
			if n == 1 {
				return serviceerror.NewUnavailable("connection lost")
			}
			return nil
		}
		s.running(3 * time.Second)
		require.Len(s.t, s.temporal.called(), 2)
		require.Equal(s.t, int64(1), s.book.run("a").Told)
		require.Zero(s.t, s.book.run("a").Attempts, "nobody was there, which is not its fault")
	})
}

// Several dispatchers tell each run once.
func TestFiveDispatchers(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(many(1000)...)
		s.temporal.answer = func(ctx context.Context, _ int) error { return sleep(ctx, 20*time.Millisecond) }
		s.together(5, 10*time.Second)
		require.Len(s.t, s.temporal.called(), 1000)
		require.Zero(s.t, s.book.waiting())
	})
}

// While Temporal is away one call a second finds that out, whatever is changed; when it is back everything is told at
// once. It may refuse at once or hang.
func TestTemporalIsAway(t *testing.T) {
	for name, answer := range map[string]func(context.Context, int) error{
		"refuses": func(context.Context, int) error { return serviceerror.NewUnavailable("no host") },
		"hangs":   func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s scene) {
				s.temporal.answer = answer
				s.book.add(many(1000)...)
				ctx, end := s.started()
				defer end()
				require.NoError(s.t, sleep(ctx, 5*time.Second))
				before := len(s.temporal.called())
				// Some begin while the breaker opens; then there is a probe a tick, the shortest being 0.8 s, and one for a poke.
				require.LessOrEqual(s.t, before, calling+openAfter+7, "the rest of the first round is not tried")
				for range 60 {
					require.NoError(s.t, sleep(ctx, time.Second))
					s.book.raise("r0500", transferstore.CauseSubmitted)
				}
				probes := len(s.temporal.called()) - before
				require.LessOrEqual(s.t, probes, 76)
				require.GreaterOrEqual(s.t, probes, 14)
				require.Equal(s.t, 1000, s.book.waiting())

				s.temporal.answerWith(nil)
				require.NoError(s.t, sleep(ctx, 10*time.Second))
				require.Zero(s.t, s.book.waiting(), "nothing waits for a back-off")
			})
		})
	}
}

// One run that Temporal never answers about does not keep the others from being told, nor the breaker open.
func TestOneRunThatHangs(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(opened("poison"))
		s.temporal.refuse = map[string]error{"poison": context.DeadlineExceeded}
		ctx, end := s.started()
		defer end()
		require.NoError(s.t, sleep(ctx, 20*time.Second))
		require.True(s.t, s.breaker.open())
		s.book.add(many(100)...)
		require.NoError(s.t, sleep(ctx, 5*time.Second))
		require.Equal(s.t, 1, s.book.waiting())
	})
}

// A failure that is an answer is the run's own: it backs off, and says why.
func TestTemporalFindsFault(t *testing.T) {
	for name, err := range map[string]error{
		"ResourceExhausted": serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "busy"),
		"InvalidArgument":   serviceerror.NewInvalidArgument("what the parties wrote"),
		"NotFound":          serviceerror.NewNamespaceNotFound("gone"),
		"PermissionDenied":  serviceerror.NewPermissionDenied("no", ""),
		"Unknown":           errors.New("what the parties wrote"),
		"DeadlineExceeded":  context.DeadlineExceeded, // while others are answered
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s scene) {
				s.book.add(append(many(10), opened("bad"))...)
				s.temporal.refuse = map[string]error{"bad": err}
				s.running(4 * time.Second)
				require.Equal(s.t, name, s.book.run("bad").LastError)
				require.Equal(s.t, 1, s.book.run("bad").Attempts)
				require.Equal(s.t, 1, s.book.waiting())
				require.InDelta(s.t, 1, s.nudges(name), 0)
				require.False(s.t, s.breaker.open())

				s.temporal.refuse = nil
				s.running(10 * time.Second)
				require.Zero(s.t, s.book.waiting(), "it is repeated for ever")
			})
		})
	}
}

// Who has very many waiting holds up nobody else for long.
func TestFairness(t *testing.T) {
	inBubble(t, func(s scene) {
		var merger []runs.Run
		for i := range 5000 {
			merger = append(merger, opened(fmt.Sprintf("m%04d", i)))
		}
		s.book.add(merger...)
		s.temporal.answer = func(ctx context.Context, _ int) error { return sleep(ctx, 50*time.Millisecond) }
		ctx, end := s.started()
		defer end()
		require.NoError(s.t, sleep(ctx, time.Second))
		other := opened("other")
		other.FairKey = "other"
		s.book.add(other)
		require.NoError(s.t, sleep(ctx, 200*time.Millisecond))
		require.Equal(s.t, int64(1), s.book.run("other").Told)
		require.Greater(s.t, s.book.waiting(), 4000)
		require.NoError(s.t, sleep(ctx, 20*time.Second))
		require.Zero(s.t, s.book.waiting(), "the cap costs no time while nobody else waits")
	})
}

// A dispatcher that is to end gives back what it was about to tell, and keeps what it told.
func TestEndInTheMiddle(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(many(64)...)
		s.temporal.answer = func(ctx context.Context, n int) error {
			if n <= 10 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		s.running(time.Second)
		require.Equal(s.t, 54, s.book.waiting())
		require.False(s.t, s.breaker.open())
		require.Zero(s.t, s.nudges("Canceled"))
		s.temporal.answer = nil
		s.running(time.Second / 2)
		require.Zero(s.t, s.book.waiting(), "nothing waits for a lease")
	})
}

// A dispatcher that died took nothing with it: what it claimed is due again.
func TestDeathInTheMiddle(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(many(10)...)
		_, err := s.book.ClaimRuns(s.t.Context(), atOnce, mostPerKey)
		require.NoError(s.t, err)
		s.running(time.Second)
		require.Empty(s.t, s.temporal.called())
		s.running(10 * time.Second)
		require.Zero(s.t, s.book.waiting())
	})
}

// A round that is slow leaves the rest to whoever claims it next: nothing is told under a lease that has run out.
func TestSlowTemporal(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(many(64)...)
		s.temporal.answer = func(ctx context.Context, _ int) error { return sleep(ctx, 2*time.Second) }
		s.together(2, 15*time.Second)
		require.Zero(s.t, s.book.waiting())
		require.Len(s.t, s.temporal.called(), 64)
	})
}

// A book that is away, or cannot say how runs are started, is asked again.
func TestBookIsAway(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(many(10)...)
		s.book.failing = errors.New("away")
		s.running(3 * time.Second)
		require.Empty(s.t, s.temporal.called())
		s.book.failing = nil

		known := s.Describe
		s.Describe = func(context.Context, []runs.Run) (map[string]Start, error) { return nil, errors.New("away") }
		s.running(3 * time.Second)
		require.Empty(s.t, s.temporal.called())
		require.Equal(s.t, 10, s.book.waiting())
		s.Describe = func(ctx context.Context, runs []runs.Run) (map[string]Start, error) {
			starts, err := known(ctx, runs)
			delete(starts, "r0000")
			return starts, err
		}
		s.running(time.Second)
		require.Equal(s.t, "NotDescribed", s.book.run("r0000").LastError)
		require.Equal(s.t, 1, s.book.waiting())
	})
}

// What was told, but could not be recorded, is told again once its lease is over, and not before.
func TestRecordingFails(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.add(many(20)...)
		s.book.unrecorded = 1
		s.running(2 * time.Second)
		require.Len(s.t, s.temporal.called(), 20)
		s.running(8 * time.Second)
		require.Len(s.t, s.temporal.called(), 40)
		require.Zero(s.t, s.book.waiting())
	})
}

func TestWatchAndReconcileByTheClock(t *testing.T) {
	inBubble(t, func(s scene) {
		s.book.overdue = []runs.Run{opened("a")}
		s.book.followed = []runs.Wanted{wanted("lost")}
		s.running(90 * time.Second)
		require.Equal(s.t, 1, s.book.watches)
		require.Equal(s.t, int64(1), s.book.run("a").Told)
		require.Equal(s.t, int64(1), s.book.run("lost").Told)
		require.InDelta(s.t, 1, s.metric("handover_runs_raised_total", "watch"), 0)
		require.InDelta(s.t, 1, s.metric("handover_runs_raised_total", "reconcile"), 0)
	})
}

func TestWaitingIsMeasured(t *testing.T) {
	inBubble(t, func(s scene) {
		s.temporal.answer = func(context.Context, int) error { return serviceerror.NewUnavailable("no host") }
		s.book.add(many(3)...)
		s.running(time.Minute)
		require.InDelta(s.t, 3, s.metric("handover_runs_waiting", ""), 0)
		require.InDelta(s.t, 50, s.metric("handover_runs_waiting_age_seconds", ""), 12)
		s.temporal.answer = nil
		s.running(time.Minute)
		require.Zero(s.t, s.metric("handover_runs_waiting", ""))
		require.Zero(s.t, s.metric("handover_runs_waiting_age_seconds", ""))
	})
}

func wanted(id string) runs.Wanted {
	return runs.Wanted{WorkflowID: id, WorkflowType: "Thing", SubjectID: id, FairKey: "key", Cause: runs.CauseWatch}
}

// Only what is neither listed nor open when it is asked about is started again.
func TestReconcile(t *testing.T) {
	inBubble(t, func(s scene) {
		s.temporal.pages = [][]string{{"listed 1", "stranger", "over"}, {"listed 2", "over since"}}
		s.temporal.status = map[string]enumspb.WorkflowExecutionStatus{
			"just started": enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
			"ended":        enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
			"over":         enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, // as after a restore
			"over since":   enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
		}
		s.book.over = []runs.Wanted{wanted("over"), wanted("over since"), wanted("long over")}
		for _, id := range []string{"listed 1", "listed 2", "just started", "ended", "deleted"} {
			s.book.followed = append(s.book.followed, wanted(id))
		}
		report, err := s.Reconcile(s.t.Context())
		require.NoError(s.t, err)
		require.Equal(s.t, Report{Running: 5, Followed: 5, Asked: 3, Raised: 2, Over: 1}, report)
		require.Equal(s.t, "WorkflowType IN ('Deed', 'Thing') AND ExecutionStatus = 'Running'", s.temporal.query)
		raised := s.book.ids()
		slices.Sort(raised)
		require.Equal(s.t, []string{"deleted", "ended", "over"}, raised)

		s.temporal.refuse = map[string]error{"ended": serviceerror.NewUnavailable("no host")}
		report, err = s.Reconcile(s.t.Context())
		require.ErrorContains(s.t, err, "no host")
		require.Zero(s.t, report.Raised, "what cannot be asked about is not taken for gone")
		s.temporal.listing = serviceerror.NewUnavailable("no host")
		_, err = s.Reconcile(s.t.Context())
		require.ErrorContains(s.t, err, "list the open runs")
	})
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	_, err := New(Options{Metrics: registry})
	require.NoError(t, err)
	_, err = New(Options{Metrics: registry})
	require.Error(t, err)
}
