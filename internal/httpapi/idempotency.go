package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"handover/internal/command"
	"handover/internal/kernel"
)

// Why the same request gets the same answer.
//
// A write is one transaction of the ledger: the claim of the request, under its caller, route and key, what it does, and
// the very answer that the client gets. A twin waits in the database until the first one is committed and then finds that
// answer; after a crash there is either all of it or nothing. Who repeats a request gets the kept answer for 30 days; with
// another body, a refusal. What never came to a command, such as a change that is none, is kept as well, by itself. Not kept
// is an answer that asks for a repetition, and that to a body which was refused while it arrived: it says the same again.

// keepIn is how long an answer that no command kept may take to be kept, after the client may have gone.
const keepIn = 5 * time.Second

// handled is what a handler made of a write: its answer, or why there is none.
type handled struct {
	answer command.Answer
	err    error
}

// refusal is why the write was refused: by what the handler says, or by the command that it had answered.
func (h handled) refusal(answered *kernel.Refusal) error {
	if h.err == nil && answered != nil {
		return answered
	}
	return h.err
}

// RegisterWrite declares an operation that changes something. Its handler gives the answer as it was committed; the
// framework has only O described and its own rendering is left unread.
func RegisterWrite[I, O any](a *API, r Route, handle func(context.Context, *I) (command.Answer, error)) {
	r.write = true
	Register(a, r, func(ctx context.Context, in *I) (*O, error) {
		var h handled
		h.answer, h.err = handle(ctx, in)
		RequestOf(ctx).handled = &h
		return new(O), nil
	})
}

// once answers a write at most once per key.
func (a *API) once(next http.HandlerFunc, r Route) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		answer, err := a.answerFirst(next, req, r)
		var before *command.Repeated
		if errors.As(err, &before) {
			answer, err = r.again(req.Context(), before.Answer)
		}
		if err != nil {
			a.explain(req.Context(), err).write(w, req)
			return
		}
		give(w, answer)
	}
}

// answerFirst carries the request out, unless it was answered before: then the error is a *command.Repeated. What no command
// kept is kept here, when it is the last word.
func (a *API) answerFirst(next http.HandlerFunc, req *http.Request, r Route) (command.Answer, error) {
	ctx := req.Context()
	body := receivedBody(req)
	known := RequestOf(ctx)
	if !r.Rehearses || !dryRun(req) {
		known.claim = claimOf(known, req, body)
	}
	if err := a.options.Ledger.Kept(ctx, known.claim); err != nil {
		return command.Answer{}, err
	}
	unread := &recorded{header: http.Header{}}
	next(unread, req)
	answer := unread.answer() // of a request that the framework could not read
	if h := known.handled; h != nil {
		a.noteAttempt(req, r, h.refusal(known.refused))
		var before *command.Repeated
		if h.err == nil || errors.As(h.err, &before) {
			return h.answer, h.err
		}
		var err error
		if answer, err = a.explain(ctx, h.err).answer(acceptOf(ctx)); err != nil {
			return answer, err
		}
	}
	return answer, a.keep(ctx, known.claim, answer)
}

// claimOf is what the ledger knows the request by; the zero claim when the client gave nothing to tell it by.
func claimOf(known *Request, req *http.Request, body []byte) command.Claim {
	if known.key == "" {
		return command.Claim{}
	}
	return command.Claim{
		CallerTenantID: known.Caller.TenantID, Route: req.Method + " " + strings.ToLower(req.URL.Path), Key: known.key,
		Fingerprint: fingerprint(said{user: known.Caller.UserID, query: req.URL.RawQuery, body: body}),
	}
}

// keep remembers an answer that no command kept, if it is one that a repetition gets again.
func (a *API) keep(ctx context.Context, claim command.Claim, answer command.Answer) error {
	if claim.Key == "" || !final(answer) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepIn)
	defer cancel()
	return a.options.Ledger.Keep(ctx, claim, answer)
}

// said is what a request says, besides its caller, route and key: what another one under the same key may not say otherwise.
type said struct {
	user  string
	query string // as it was sent, unless it had to be put into the names of the description
	body  []byte // as it was sent, without its byte order mark
}

// fingerprint ends with a NUL: the fingerprints that are kept do.
func fingerprint(s said) string {
	return kernel.FingerprintOf([]byte(s.user), []byte(s.query), s.body, nil)
}

// dryRun tells whether the request asks for nothing to happen.
func dryRun(req *http.Request) bool {
	query, err := url.ParseQuery(req.URL.RawQuery)
	wanted, notBool := strconv.ParseBool(query.Get("dryRun"))
	return err == nil && notBool == nil && wanted
}

// recorded is an answer of the framework that is not given yet.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header { return r.header }

func (r *recorded) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorded) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorded) answer() command.Answer {
	return command.Answer{Status: r.status, Header: singles(r.header), Body: r.body.Bytes()}
}
