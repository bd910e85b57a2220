package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"handover/internal/app"
	"handover/internal/command"
	"handover/internal/webhook"
	"handover/internal/world"
)

// deliveries are what partners are told over HTTP.
func (s *stage) deliveries() []scene {
	return []scene{
		{[]string{"delivery"}, s.toldInTheEnd},
		{[]string{"delivery-gone"}, s.toldNobody},
	}
}

// staysFor is how long a run stays that has nothing to tell: long enough for its timer to be set.
const staysFor = 3 * time.Second

// brief lets nobody wait for runs that stay.
func brief(steps *app.Steps) { steps.Delivery.Lingers = staysFor }

// told registers an endpoint for the partner, which answers in turn with these and then always with the last, and tests it.
func (s *stage) told(ctx context.Context, partner string, statuses ...int) ([]execution, error) {
	var n atomic.Int64
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[min(int(n.Add(1)), len(statuses))-1])
	}))
	context.AfterFunc(ctx, endpoint.Close)
	wish := webhook.Wish{URL: endpoint.URL, Events: []string{string(webhook.TestCreated)}}
	if _, err := s.Ledger.RegisterWebhook(ctx, command.Terms[webhook.Registration]{}, partner, wish, s.Settings.Webhooks.Addresses()); err != nil {
		return nil, err
	}
	shown := []execution{{workflowID: webhook.WorkflowID(partner)}}
	if err := s.test(ctx, partner); err != nil {
		return nil, err
	}
	return shown, until(ctx, "there is a run", func() (bool, error) {
		_, err := s.Connection.DescribeWorkflowExecution(ctx, shown[0].workflowID, "")
		return err == nil, nil // until it is told there is nobody to ask
	})
}

func (s *stage) test(ctx context.Context, partner string) error {
	_, err := s.Ledger.TestWebhook(ctx, command.Terms[webhook.Event]{}, partner, uuid.NewString())
	return err
}

// toldInTheEnd has the first attempt fail, the second one succeed, and another event come while the run has nothing to tell.
func (s *stage) toldInTheEnd(ctx context.Context) ([]execution, error) {
	partner := world.Demo().SourceTenantID
	shown, err := s.told(ctx, partner, http.StatusServiceUnavailable, http.StatusNoContent)
	if err != nil {
		return nil, err
	}
	err = until(ctx, "the test is heard", func() (bool, error) {
		now, err := s.Ledger.LookAtWebhook(ctx, partner, 1)
		return now.Waiting == 0, err
	})
	if err != nil {
		return nil, err
	}
	return shown, s.test(ctx, partner)
}

// toldNobody has the endpoint be gone.
func (s *stage) toldNobody(ctx context.Context) ([]execution, error) {
	return s.told(ctx, world.Demo().TargetTenantID, http.StatusGone)
}
