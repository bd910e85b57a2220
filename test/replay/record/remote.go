package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"time"

	"handover/config"
	"handover/internal/app"
	"handover/internal/billing/billingtest"
	"handover/internal/operatorview"
	"handover/internal/outage"
	"handover/internal/platform"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// remoteStage is a stage whose line items are moved by a billing system over HTTP.
type remoteStage struct {
	*stage
	server *httptest.Server
	system atomic.Pointer[billingtest.System]
	slow   atomic.Bool // it wants to be asked about accepted moves in an hour
	hear   func(key string) bool
}

const remoteToken = "recordings"

func newRemoteStage(ctx context.Context) (*remoteStage, error) {
	r := &remoteStage{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.slow.Load() {
			w.Header().Set("Retry-After", "3600")
		}
		r.system.Load().ServeHTTP(w, q)
	}))
	var err error
	r.stage, err = stageWith(ctx, platform.Options{
		Settings: func(c *config.Config) {
			c.Billing.Adapter, c.Billing.URL, c.Billing.Token, c.Billing.Poll = "http", r.server.URL, remoteToken, 200*time.Millisecond
		},
		Steps: func(steps *app.Steps) { r.hear = steps.Answers.Hear },
	})
	if err != nil {
		r.server.Close()
	}
	return r, err
}

func (r *remoteStage) close() {
	r.Stop()
	r.server.Close()
}

func (r *remoteStage) scenes() []scene {
	return []scene{
		r.single("http", r.moves), r.single("http-fenced", r.fenced), r.single("http-called-back", r.calledBack),
		{[]string{"outage"}, r.outage},
	}
}

// moves lets the billing system accept first and answer later.
func (r *remoteStage) moves(ctx context.Context) (string, error) {
	r.system.Store(&billingtest.System{Token: remoteToken, Accepts: true, Polls: 1})
	return r.submitted(ctx, customer("", ""))
}

// calledBack lets the billing system accept first and call back when it is done.
func (r *remoteStage) calledBack(ctx context.Context) (string, error) {
	r.system.Store(&billingtest.System{Token: remoteToken, Accepts: true})
	r.slow.Store(true)
	defer r.slow.Store(false)
	id, err := r.submitted(ctx, customer("", ""))
	if err != nil {
		return id, err
	}
	var items []transfer.LineItem
	err = until(ctx, "accepted", func() (bool, error) {
		items, err = r.Ledger.Items(ctx, id, 0, -1)
		return !slices.ContainsFunc(items, func(i transfer.LineItem) bool { return i.AcceptedAt.IsZero() }), err
	})
	for _, item := range items {
		r.hear(item.KeyIn(id))
	}
	return id, err
}

// outage takes the billing system away, and brings it back.
func (r *remoteStage) outage(ctx context.Context) ([]execution, error) {
	r.system.Store(&billingtest.System{Token: remoteToken, Fault: subscription.Fault{Transient: 1000}})
	id, err := r.submitted(ctx, customer("", "", ""))
	if err != nil {
		return nil, err
	}
	var shown execution
	err = until(ctx, "the outage shows", func() (bool, error) {
		described, err := r.Connection.DescribeWorkflowExecution(ctx, outage.WorkflowID, "")
		shown = execution{outage.WorkflowID, described.GetWorkflowExecutionInfo().GetExecution().GetRunId()}
		return err == nil, nil
	})
	if err != nil {
		return nil, err
	}
	r.system.Store(&billingtest.System{Token: remoteToken})
	if err := r.Connection.GetWorkflow(ctx, shown.workflowID, shown.runID).Get(ctx, nil); err != nil {
		return nil, err
	}
	return []execution{shown}, r.run(ctx, id, "is over", func(now operatorview.Snapshot) bool { return now.Transfer.Status.Final() })
}

// fenced gives up a line item that the billing system was asked to move, and then the other.
func (r *remoteStage) fenced(ctx context.Context) (string, error) {
	r.system.Store(&billingtest.System{Token: remoteToken, Fault: subscription.Fault{Transient: 1000}})
	id, err := r.submitted(ctx, customer("", ""))
	if err != nil {
		return id, err
	}
	if err := r.attempted(ctx, id, 1); err != nil {
		return id, err
	}
	if err := r.givesUp(ctx, id, 0); err != nil {
		return id, err
	}
	err = r.run(ctx, id, "has fenced one", func(now operatorview.Snapshot) bool { return now.Items.Failed == 1 })
	if err != nil {
		return id, err
	}
	return id, r.givesUp(ctx, id, 1)
}
