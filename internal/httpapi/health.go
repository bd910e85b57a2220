package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health says whether the API can do its work.
type Health struct {
	Status string `json:"status" enum:"ok,unavailable" doc:"Whether requests can be answered."`
	Ledger string `json:"ledger,omitempty" doc:"Whether the ledger answers; without it nothing does."`
	Tokens string `json:"tokens,omitempty" doc:"Whether the issuer's keys are at hand; without them nobody is let in."`
}

// probes are the operations that the API has by itself.
const probes = "Operations"

type healthAnswer struct {
	Status int
	Body   Health
}

func (a *API) registerHealth() {
	RegisterOpen(a, Route{
		ID: "isAlive", Method: http.MethodGet, Path: "/healthz", Tag: probes, Extension: true, probe: true,
		Summary: "Whether the process answers", Description: "For liveness probes. It asks nothing else.",
	}, func(context.Context, *struct{}) (*healthAnswer, error) {
		return &healthAnswer{Status: http.StatusOK, Body: Health{Status: "ok"}}, nil
	})
	RegisterOpen(a, Route{
		ID: "isReady", Method: http.MethodGet, Path: "/readyz", Tag: probes, Extension: true, probe: true,
		Summary: "Whether requests can be answered", Description: "For readiness probes: 503 while the ledger or the token issuer does not answer.",
	}, a.ready)
	if a.options.Metrics != nil {
		a.mux.Handle("GET /metrics", promhttp.HandlerFor(a.options.Metrics, promhttp.HandlerOpts{}))
	}
}

// readyIn bounds what /readyz waits for: probes usually give up after a second.
const readyIn = 800 * time.Millisecond

func (a *API) ready(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	answer := &healthAnswer{Status: http.StatusOK, Body: Health{Status: "ok"}}
	parts := []struct {
		ask  func(context.Context) error
		says *string
	}{
		{a.options.Ledger.Ping, &answer.Body.Ledger},
		{a.options.Tokens.Ready, &answer.Body.Tokens},
	}
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	var asking sync.WaitGroup
	for _, part := range parts {
		*part.says = "ok"
		asking.Go(func() {
			if part.ask(ctx) != nil {
				*part.says = "unavailable"
			}
		})
	}
	asking.Wait()
	if answer.Body.Ledger != "ok" || answer.Body.Tokens != "ok" {
		answer.Status, answer.Body.Status = http.StatusServiceUnavailable, "unavailable"
	}
	return answer, nil
}
