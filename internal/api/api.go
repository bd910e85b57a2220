package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"handover/internal/identity"
	"handover/internal/ledger"
	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Tokens tells who a bearer token speaks for; *identity.Verifier is one.
type Tokens interface {
	Verify(ctx context.Context, raw string) (identity.Caller, error)
	Ready(ctx context.Context) error
}

// Options are what the API acts on and how much it allows.
type Options struct {
	Ledger  *ledger.Ledger
	Tokens  Tokens
	Policy  transfer.Policy
	Rules   subscription.Rules // of changes of subscriptions
	Logger  *zap.Logger
	Metrics *prometheus.Registry
	Version string

	RequestsPerSecond float64 // of one partner; 0 for no limit
	Burst             int     // how many requests may come at once
	InvitationURL     string  // where a customer accepts a reseller relationship; {partnerId} stands for the partner
	Now               func() time.Time
}

// API answers HTTP requests.
type API struct {
	Options
	huma     huma.API
	mux      *http.ServeMux
	handler  http.Handler
	routes   []route
	limits   *limiter
	turns    *turns
	bodies   *inFlight
	measured *measurements

	endStreams context.CancelFunc
	streaming  context.Context // ends with the program, long before its requests do
}

// New makes the API. It touches nothing until requests come.
func New(o Options) (*API, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{
		Options: o, mux: http.NewServeMux(), limits: newLimiter(o.RequestsPerSecond, o.Burst), turns: newTurns(), bodies: newInFlight(),
	}
	a.streaming, a.endStreams = context.WithCancel(context.Background())
	var err error
	if a.measured, err = measure(o.Metrics); err != nil {
		return nil, err
	}
	useOwnErrors()
	a.huma = humago.New(a.mux, a.description())
	a.registerAll()
	a.complete(a.huma.OpenAPI())
	if err := a.serveDocuments(); err != nil {
		return nil, err
	}
	a.handler = a.everyRequest(a.mux)
	return a, nil
}

// registerAll declares every operation.
func (a *API) registerAll() {
	a.registerTransfers()
	a.registerDecisions()
	a.registerSearch()
	a.registerEligibility()
	a.registerReport()
	a.registerProgress()
	a.registerCustomers()
	a.registerSubscriptions()
	a.registerAgreements()
	a.registerPartners()
	a.registerAudit()
	a.registerHealth()
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Mux is where handlers are added that are not part of the described API, such as the development issuer's.
func (a *API) Mux() *http.ServeMux { return a.mux }

// EndStreams ends the answers that would go on for as long as their transfers; all others are left to end by themselves.
func (a *API) EndStreams() { a.endStreams() }

// OpenAPI is the description of the API as JSON.
func (a *API) OpenAPI() ([]byte, error) { return describe(a.huma.OpenAPI()) }

// Describe is the description of the API as JSON, without serving it.
func Describe() ([]byte, error) {
	a, err := New(Options{Version: "1"})
	if err != nil {
		return nil, err
	}
	return a.OpenAPI()
}

// housekeepEvery is how often kept answers that nobody may ask for any more are forgotten.
const housekeepEvery = time.Hour

// Housekeep forgets what was kept for repeated requests once its 30 days are over, until the context ends.
func (a *API) Housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepEvery)
	defer tick.Stop()
	for {
		if _, err := a.Ledger.ForgetRequests(ctx); err != nil && ctx.Err() == nil {
			a.Logger.Warn("Old answers could not be forgotten.", errorField(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
