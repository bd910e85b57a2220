package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/identity"
)

// Ledger is where repeated requests are known.
type Ledger interface {
	// Kept tells whether the request was answered before: *command.Repeated, or RequestIDReused for another one under its key.
	Kept(ctx context.Context, claim command.Claim) error
	// Keep keeps the answer to a request that came to no command. Errors: those of Kept.
	Keep(ctx context.Context, claim command.Claim, answer command.Answer) error
	// ForgetRequests forgets what is too old to be asked for, and says how many.
	ForgetRequests(ctx context.Context) (int64, error)
	// ForgetBeyond forgets each partner's oldest requests of those beyond so many, and says how many.
	ForgetBeyond(ctx context.Context, most int) (int64, error)
	// Held counts what is kept for repeated requests.
	Held(ctx context.Context) (command.Held, error)
	// NoteAttempt writes into a partner's log that a change it asked for was refused, once for each request that asks for the same.
	NoteAttempt(ctx context.Context, a activitylog.Attempt) error
	// Ping tells whether the ledger answers.
	Ping(ctx context.Context) error
}

// Options are what an API acts on and how much it allows.
type Options struct {
	Ledger  Ledger
	Tokens  Tokens
	Logger  *zap.Logger
	Metrics *prometheus.Registry // nil for none
	Version string
	About   string // what the API is for, for its description
	Tags    []Tag  // of operations, in the order in which the description has them

	// Admit is needed. It has the last word on a caller with a valid token: it refuses one that is not known here
	// (NotAPartner), and may put what it found into the context, for the handlers.
	Admit func(ctx context.Context, caller identity.Caller) (context.Context, error)

	// OperatorsTenant is the tenant whose tokens with the role Operator may call what operators call; empty for nobody's.
	OperatorsTenant string

	RequestsPerSecond float64 // of one partner; 0 for no limit
	Burst             int     // how many requests may come at once
	Now               func() time.Time
}

// Tag is a group of operations in the description.
type Tag struct{ Name, Description string }

// Operations are those of one context of the domain.
type Operations interface {
	// Register declares them, each by Register, RegisterWrite or RegisterStream.
	Register(a *API)
}

// API answers HTTP requests.
type API struct {
	options  Options
	huma     huma.API
	mux      *http.ServeMux
	handler  http.Handler
	routes   []Route
	faults   []error // of what was declared
	spelling spelling
	limits   *limiter
	bodies   *inFlight
	measured *measurements

	endStreams context.CancelFunc
	streaming  context.Context // ends with the program, long before its requests do
}

// New makes the API of these operations and the probes. It touches nothing until requests come. Errors: metrics that
// are registered already, operations that do not say by which right they are called, a description that cannot be written.
func New(o Options, all ...Operations) (*API, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{options: o, mux: http.NewServeMux(), limits: newLimiter(o.RequestsPerSecond, o.Burst), bodies: newInFlight()}
	a.streaming, a.endStreams = context.WithCancel(context.Background())
	var err error
	if a.measured, err = measure(o.Metrics); err != nil {
		return nil, err
	}
	useOwnErrors()
	a.huma = humago.New(a.mux, a.description())
	for _, some := range all {
		some.Register(a)
	}
	a.registerHealth()
	if err := errors.Join(a.faults...); err != nil {
		return nil, err
	}
	a.complete(a.huma.OpenAPI())
	a.spelling = spellingOf(a.routes)
	if err := a.serveDocuments(); err != nil {
		return nil, err
	}
	a.handler = a.everyRequest(a.mux)
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Mux is where handlers are added that are not part of the described API, such as the development issuer's.
func (a *API) Mux() *http.ServeMux { return a.mux }

// EndStreams ends the answers that would go on for as long as what they follow; all others are left to end by themselves.
func (a *API) EndStreams() { a.endStreams() }

// OpenAPI is the description of the API as JSON.
func (a *API) OpenAPI() ([]byte, error) { return describe(a.huma.OpenAPI()) }

// housekeepEvery is how often kept answers that nobody may ask for any more are forgotten.
const housekeepEvery = time.Hour

// Housekeep forgets what was kept for repeated requests once its 30 days are over or a partner has too much of it, and measures what
// is left, until the context ends.
func (a *API) Housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepEvery)
	defer tick.Stop()
	for {
		if err := a.tidy(ctx); err != nil && ctx.Err() == nil {
			a.options.Logger.Warn("Old answers could not be forgotten.", errorField(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tidy is one round of housekeeping.
func (a *API) tidy(ctx context.Context) error {
	_, old := a.options.Ledger.ForgetRequests(ctx)
	_, many := a.options.Ledger.ForgetBeyond(ctx, command.MostKept)
	held, err := a.options.Ledger.Held(ctx)
	if err == nil {
		a.measured.keptAnswers.Set(float64(held.Requests))
		a.measured.keptBytes.Set(float64(held.Bytes))
	}
	return errors.Join(old, many, err)
}
