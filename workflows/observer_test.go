package workflows_test

import (
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// observer sees what a run asks of Temporal. It also lifts the test environment's bound on endless retries.
type observer struct {
	interceptor.WorkerInterceptorBase
	attributes temporal.SearchAttributes // as published so far
	activities []string                  // regular ones, by id
	timers     []time.Duration
	closing    func() // when the workflow function returns
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
	if in.observer.closing != nil {
		defer in.observer.closing()
	}
	return in.Next.ExecuteWorkflow(ctx, input)
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
	out.observer.activities = append(out.observer.activities, options.ActivityID)
	policy := *options.RetryPolicy
	policy.MaximumAttempts = 1_000_000
	return out.Next.ExecuteActivity(workflow.WithRetryPolicy(ctx, policy), name, args...)
}

func (out *outbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	out.observer.attributes = temporal.NewSearchAttributes(append([]temporal.SearchAttributeUpdate{out.observer.attributes.Copy()}, updates...)...)
	return out.Next.UpsertTypedSearchAttributes(ctx, updates...)
}
