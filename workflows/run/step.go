package run

import (
	"cmp"
	"context"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Steps are the activities that the workflows of one context call. The SDK finds the name of an activity that is given as a
// method, but only the method's own: not the prefix that the context's were registered under, and a replayer, which registers
// none, has no other way to know it. So the name is made here, and the method lends its types.
type Steps struct {
	prefix string
	names  []string
}

// Under are the steps whose activities are registered under that prefix.
func Under(prefix string) *Steps { return &Steps{prefix: prefix} }

// Names are the names of all activities that are called, in order.
func (s *Steps) Names() []string { return slices.Sorted(slices.Values(s.names)) }

// name is the activity's, as RegisterActivityWithOptions makes it of a method.
func (s *Steps) name(method any) string {
	full := runtime.FuncForPC(reflect.ValueOf(method).Pointer()).Name()
	name := s.prefix + strings.TrimSuffix(full[strings.LastIndex(full, ".")+1:], "-fm")
	s.names = append(s.names, name)
	return name
}

// Call is a step with what it is given.
type Call[Result any] struct {
	activity string
	args     []any
	limit    time.Duration
}

// Within is the call with another limit for an attempt inside the workflow task.
func (c Call[Result]) Within(limit time.Duration) Call[Result] {
	c.limit = limit
	return c
}

// Step0 makes calls of a method that takes nothing.
func Step0[Result any](of *Steps, method func(context.Context) (Result, error)) func() Call[Result] {
	name := of.name(method)
	return func() Call[Result] { return Call[Result]{activity: name} }
}

// Step1 makes calls of a method.
func Step1[In, Result any](of *Steps, method func(context.Context, In) (Result, error)) func(In) Call[Result] {
	name := of.name(method)
	return func(in In) Call[Result] { return Call[Result]{activity: name, args: []any{in}} }
}

// Step2 makes calls of a method that takes two things.
func Step2[In1, In2, Result any](of *Steps, method func(context.Context, In1, In2) (Result, error)) func(In1, In2) Call[Result] {
	name := of.name(method)
	return func(one In1, two In2) Call[Result] { return Call[Result]{activity: name, args: []any{one, two}} }
}

// Told makes calls of a method that returns nothing.
func Told[In any](of *Steps, method func(context.Context, In) error) func(In) Call[any] {
	name := of.name(method)
	return func(in In) Call[any] { return Call[any]{activity: name, args: []any{in}} }
}

// AtOnce runs a step inside the workflow task, as a local activity, which costs one event. A local activity is run again when its
// workflow task is, so every step can be repeated. Error: what the second attempt met, too.
func AtOnce[Result any](ctx workflow.Context, summary string, c Call[Result]) (Result, error) {
	var result Result
	ctx = workflow.WithLocalActivityOptions(ctx, twiceAtOnce(summary, cmp.Or(c.limit, longestAtOnce)))
	err := workflow.ExecuteLocalActivity(ctx, c.activity, c.args...).Get(ctx, &result)
	return result, err
}

// UntilDone runs a step at once, and when that fails, as when the ledger cannot be reached, as a regular activity that is retried
// until it succeeds. The error is a refusal, or one that no retry cures.
func UntilDone[Result any](ctx workflow.Context, summary string, c Call[Result]) (Result, error) {
	result, err := AtOnce(ctx, summary, c)
	if err == nil || !isPassing(err) {
		return result, err
	}
	workflow.GetLogger(ctx).Warn("The step goes on as an activity that is retried.", "step", summary, "error", err)
	return Start(ctx, withoutEnd(summary), c).Get(ctx)
}

// Start runs a step as a regular activity, beside everything else.
func Start[Result any](ctx workflow.Context, options workflow.ActivityOptions, c Call[Result]) Started[Result] {
	return Started[Result]{workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), c.activity, c.args...)}
}

// Started is a step under way.
type Started[Result any] struct{ future workflow.Future }

// Get waits for its end.
func (s Started[Result]) Get(ctx workflow.Context) (Result, error) {
	var result Result
	err := s.future.Get(ctx, &result)
	return result, err
}
