package keeper_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"handover/internal/billing"
	"handover/internal/outage/keeper"
)

// frontend is as much of Temporal as a worker of activities needs: a backlog, from which tasks are fetched.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	backlog         chan string
	polling         atomic.Int64 // now
	fetched, failed atomic.Int64
	completed       atomic.Int64
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (f *frontend) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, nil
}

func (f *frontend) PollActivityTaskQueue(ctx context.Context, _ *workflowservice.PollActivityTaskQueueRequest) (*workflowservice.PollActivityTaskQueueResponse, error) {
	f.polling.Add(1)
	defer f.polling.Add(-1)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case key := <-f.backlog:
		f.fetched.Add(1)
		return &workflowservice.PollActivityTaskQueueResponse{
			TaskToken: []byte(key), ActivityId: key, ActivityType: &commonpb.ActivityType{Name: "Move"}, Attempt: 1,
			WorkflowType: &commonpb.WorkflowType{Name: "Transfer"}, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "w", RunId: "r"},
			ScheduledTime: timestamppb.Now(), CurrentAttemptScheduledTime: timestamppb.Now(), StartedTime: timestamppb.Now(),
			StartToCloseTimeout: durationpb.New(time.Minute), ScheduleToCloseTimeout: durationpb.New(time.Minute),
		}, nil
	}
}

func (f *frontend) RespondActivityTaskFailed(context.Context, *workflowservice.RespondActivityTaskFailedRequest) (*workflowservice.RespondActivityTaskFailedResponse, error) {
	f.failed.Add(1)
	return &workflowservice.RespondActivityTaskFailedResponse{}, nil
}

func (f *frontend) RespondActivityTaskCompleted(context.Context, *workflowservice.RespondActivityTaskCompletedRequest) (*workflowservice.RespondActivityTaskCompletedResponse, error) {
	f.completed.Add(1)
	return &workflowservice.RespondActivityTaskCompletedResponse{}, nil
}

// serve has the frontend answer until the test ends.
func (f *frontend) serve(t *testing.T) client.Client {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c, err := client.Dial(client.Options{HostPort: listener.Addr().String(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// The SDK's own worker leaves tasks where they are while the billing system is away, fetches one for a probe, and the rest when
// it is back.
func TestWorkerLeavesTasksInTheBacklog(t *testing.T) {
	t.Parallel()
	const tasks, pollers = 200, 2
	temporal := &frontend{backlog: make(chan string, tasks)}
	for n := range tasks {
		temporal.backlog <- fmt.Sprint(n)
	}
	remote := &system{answer: always(down)}
	b := billing.NewBreaker(billing.BreakerOptions{Spread: func(time.Duration) time.Duration { return time.Hour }})
	g := billing.Guard(remote, b)
	tuner, err := keeper.Tuner(keeper.NewSlots(b, 10))
	require.NoError(t, err)
	w := worker.New(temporal.serve(t), "moves", worker.Options{
		Tuner: tuner, DisableWorkflowWorker: true, MaxConcurrentActivityTaskPollers: pollers,
	})
	w.RegisterActivityWithOptions(func(ctx context.Context) error {
		if err := billing.Admits(g); err != nil {
			return err
		}
		_, err := g.Move(ctx, billing.Move{Key: activity.GetInfo(ctx).ActivityID})
		return err
	}, activity.RegisterOptions{Name: "Move"})
	require.NoError(t, w.Start())
	defer w.Stop()

	becomes := func(says string, is func() bool) {
		t.Helper()
		require.Eventually(t, is, 30*time.Second, time.Millisecond, says)
	}
	settled := func() bool { return temporal.polling.Load() == 0 && temporal.failed.Load() == temporal.fetched.Load() }
	becomes("the breaker is open and nobody fetches", func() bool { return b.Condition().Away && settled() })
	before := temporal.fetched.Load()
	require.Less(t, before, int64(tasks/2), "those that were under way when it went down")
	for probes := range int64(3) {
		b.ProbeNow()
		becomes("one probe", func() bool { return b.Condition().Futile == probes+1 && settled() })
		require.LessOrEqual(t, temporal.fetched.Load(), before+probes+1+pollers, "a task per probe, and those that were being fetched when it went down")
	}
	remote.says(always(nil))
	b.ProbeNow()
	becomes("all the others are done", func() bool { return temporal.completed.Load()+temporal.failed.Load() == tasks })
	require.LessOrEqual(t, temporal.failed.Load(), before+3+pollers)
}
