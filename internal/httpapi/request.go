package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"handover/internal/activitylog"
	"handover/internal/command"
	"handover/internal/identity"
	"handover/internal/kernel"
)

// Request is what is known of a request while it is answered.
type Request struct {
	Caller identity.Caller // who asks, once admitted

	id          string // MS-RequestId, made up when the client sent none
	key         string // what makes a repetition recognisable; empty when the client sent nothing to tell it by
	correlation string
	locale      string
	route       string // of the operation, for logs and metrics

	ofPartner bool            // the caller is a partner's, and has a log
	claim     command.Claim   // of a write that the client can repeat
	handled   *handled        // what became of a write, once its handler was called
	refused   *kernel.Refusal // that a command was answered with
}

// ID is the request id that the log names a decision by, and that the ids of new things are made of.
func (r *Request) ID() string {
	if r.key != "" {
		return r.key
	}
	return r.id
}

// Actor is the caller as the domain knows it.
func (r *Request) Actor() kernel.Actor {
	return kernel.Actor{PartnerTenantID: r.Caller.TenantID, UserID: r.Caller.UserID}
}

// By is the caller as the activity log names it.
func (r *Request) By() activitylog.By {
	return activitylog.By{
		PartnerTenantID: r.Caller.TenantID, UserID: r.Caller.UserID, UserPrincipalName: r.Caller.PrincipalName,
		ApplicationID: r.Caller.ApplicationID, CorrelationID: r.correlation, SalesAgentOnly: !r.Caller.Has(identity.AdminAgent),
	}
}

type requestKey struct{}

// RequestOf is the request that the context belongs to; an empty one for a context of none.
func RequestOf(ctx context.Context) *Request {
	r, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		return &Request{}
	}
	return r
}

// The headers that identify a request and, repeated, its answer.
const (
	requestIDHeader      = "MS-RequestId"
	correlationIDHeader  = "MS-CorrelationId"
	idempotencyKeyHeader = "Idempotency-Key"
	localeHeader         = "X-Locale"
)

// single are the headers that have one value: of two, one would be ignored.
var single = []string{
	requestIDHeader, correlationIDHeader, idempotencyKeyHeader, localeHeader, "Authorization", "Content-Type", "MS-ContinuationToken",
}

// lists are the headers that are lists, in however many lines they come.
var lists = []string{"Accept", "If-Match", "If-None-Match"}

// longestKey bounds what a client may send as one of these.
const longestKey = kernel.LongestRequestID

// everyRequest is the outermost layer: it gives the request its ids, the answer its headers, survives a panic, and leaves a
// log line and a measurement behind.
func (a *API) everyRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := a.options.Now()
		known, bad := identify(r)
		answer := &answered{ResponseWriter: w}
		setHeaders(w.Header(), known, r)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, known))
		defer func() {
			broken := recover()
			if broken == http.ErrAbortHandler { //nolint:errorlint // it is a panic's value, not an error that was returned
				a.note(r, known, answer.status, a.options.Now().Sub(began))
				panic(broken)
			}
			if broken != nil {
				a.log(r.Context()).Error("A request broke the program.", zap.String("panic", fmt.Sprint(broken)), zap.ByteString("stack", debug.Stack()))
				if answer.status == 0 {
					Refuse(unexpected, "Something went wrong here. Repeat the same request; if it persists, give the operator the MS-RequestId.").write(answer, r)
				}
			}
			a.note(r, known, answer.status, a.options.Now().Sub(began))
		}()
		if bad != nil {
			bad.write(answer, r)
			return
		}
		r = a.spelling.read(r)
		next.ServeHTTP(answer, r)
	})
}

// identify reads the headers that identify the request and makes up what is missing.
func identify(r *http.Request) (*Request, *Error) {
	known := &Request{
		id: r.Header.Get(requestIDHeader), correlation: r.Header.Get(correlationIDHeader),
		locale: r.Header.Get(localeHeader), key: r.Header.Get(idempotencyKeyHeader),
	}
	var bad *Error
	for name, value := range map[string]*string{
		requestIDHeader: &known.id, correlationIDHeader: &known.correlation, localeHeader: &known.locale, idempotencyKeyHeader: &known.key,
	} {
		if !plain(*value) {
			bad = Refuse(badRequest, "The header %s must be at most %d printable ASCII characters.", name, longestKey)
			*value = ""
		}
	}
	for _, name := range single {
		if times := len(r.Header.Values(name)); times > 1 {
			bad = Refuse(givenTwice, "The header %s is given %d times. Give it once.", name, times)
		}
	}
	if known.key == "" {
		known.key = known.id
	}
	if known.id == "" {
		known.id = uuid.NewString()
	}
	if known.correlation == "" {
		known.correlation = uuid.NewString()
	}
	if known.locale == "" {
		known.locale = "en-US"
	}
	return known, bad
}

func plain(text string) bool {
	if len(text) > longestKey {
		return false
	}
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// setHeaders writes the headers that every answer has: its ids, and what keeps browsers from doing harm with it.
func setHeaders(h http.Header, known *Request, r *http.Request) {
	h.Set(requestIDHeader, known.id)
	h.Set(correlationIDHeader, known.correlation)
	h.Set(localeHeader, known.locale)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// log is the logger of a request. It says who asked for what, in ids: never a token, a query, a body or an address.
func (a *API) log(ctx context.Context) *zap.Logger {
	r := RequestOf(ctx)
	return a.options.Logger.With(zap.String("requestId", r.id), zap.String("correlationId", r.correlation), zap.String("route", r.route),
		zap.String("partner", r.Caller.TenantID))
}

func errorField(err error) zap.Field { return zap.String("error", err.Error()) }

// note leaves the log line and the measurement of a request.
func (a *API) note(r *http.Request, known *Request, status int, took time.Duration) {
	if known.route == "" {
		known.route = routeOf(r)
	}
	a.measured.requests.WithLabelValues(known.route, strconv.Itoa(status)).Observe(took.Seconds())
	a.log(r.Context()).Info("Answered.", zap.Int("status", status), zap.Duration("took", took))
}

// routeOf names what serves the request by its pattern, never by its path: paths carry ids.
func routeOf(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return "unknown"
	}
	return strings.ReplaceAll(r.Pattern, `"`, "")
}

// measurements are the API's own metrics.
type measurements struct {
	requests    *prometheus.HistogramVec
	keptAnswers prometheus.Gauge
	keptBytes   prometheus.Gauge
}

func measure(registry *prometheus.Registry) (*measurements, error) {
	m := &measurements{requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "handover_http_request_seconds",
		Help:    "How long requests took, by route and status.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route", "status"}),
		keptAnswers: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_kept_answers", Help: "Answers kept for repeated requests, in the whole ledger; counted once an hour.",
		}),
		keptBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "handover_kept_answers_bytes", Help: "Size of the answers kept for repeated requests, as they are stored; counted once an hour.",
		}),
	}
	if registry == nil {
		return m, nil
	}
	return m, errors.Join(registry.Register(m.requests), registry.Register(m.keptAnswers), registry.Register(m.keptBytes))
}
