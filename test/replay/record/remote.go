package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"handover/config"
	"handover/internal/billing/billingtest"
	"handover/internal/operatorview"
	"handover/internal/platform"
	"handover/internal/transfer"
)

// remoteStage is a stage whose line items are moved by a billing system over HTTP.
type remoteStage struct {
	*stage
	server *httptest.Server
	system atomic.Pointer[billingtest.System]
}

const remoteToken = "recordings"

func newRemoteStage(ctx context.Context) (*remoteStage, error) {
	r := &remoteStage{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.system.Load().ServeHTTP(w, q) }))
	var err error
	r.stage, err = stageWith(ctx, platform.Options{Settings: func(c *config.Config) {
		c.Billing.Adapter, c.Billing.URL, c.Billing.Token, c.Billing.Poll = "http", r.server.URL, remoteToken, 200*time.Millisecond
	}})
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
	return []scene{r.single("http", r.moves), r.single("http-fenced", r.fenced)}
}

// moves lets the billing system accept first and answer later.
func (r *remoteStage) moves(ctx context.Context) (string, error) {
	r.system.Store(&billingtest.System{Token: remoteToken, Accepts: true, Polls: 1})
	return r.submitted(ctx, customer("", ""))
}

// fenced gives up a line item that the billing system was asked to move, and then the other.
func (r *remoteStage) fenced(ctx context.Context) (string, error) {
	r.system.Store(&billingtest.System{Token: remoteToken, Fault: transfer.Fault{Transient: 1000}})
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
