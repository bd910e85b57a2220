// When the server is of use: a client can reach it, and the namespace is there with every search attribute.

package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/backoff"
	"go.temporal.io/server/common/log"
)

// readyTimeout bounds the wait for a service that has been started. Starting takes one to three seconds.
const readyTimeout = time.Minute

func (e *Engine) awaitFrontend(ctx context.Context) error {
	policy := backoff.NewExponentialRetryPolicy(20 * time.Millisecond).
		WithMaximumInterval(time.Second).
		WithExpirationInterval(readyTimeout)
	return e.unlessDead(func() error {
		return backoff.ThrottleRetryContext(ctx, e.answers, policy, nil)
	})
}

// answers counts the workflows by every search attribute, which the frontend refuses while it does not know one.
func (e *Engine) answers(ctx context.Context) error {
	c, err := client.DialContext(ctx, client.Options{
		HostPort:  e.Address(),
		Namespace: e.options.Namespace,
		Logger:    log.NewSdkLogger(e.logger),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	conditions := []string{"WorkflowType IS NOT NULL"}
	for name := range e.options.SearchAttributes {
		conditions = append(conditions, fmt.Sprintf("`%s` IS NOT NULL", name))
	}
	_, err = c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: strings.Join(conditions, " AND ")})
	return err
}
