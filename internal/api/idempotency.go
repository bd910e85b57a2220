package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"handover/internal/ledger"
)

// Why the same request gets the same answer.
//
// A write is claimed in the ledger under its caller, route and key before anything else happens, and its answer is kept
// there for 30 days. Who repeats a request gets the kept answer; while the first one still runs, 409; with another body, a
// refusal. The claim is a lease that the running request renews: when its process dies, the lease ends and a repetition
// takes over. It may do everything again, because every step below is idempotent under the same key: the id of a transfer
// and the ids of updates are derived from it, and a change in the ledger commits together with its result.

// lease is how long a claim outlives its process; renewEvery keeps it alive meanwhile.
const (
	lease      = 5 * time.Second
	renewEvery = lease / 4
)

// settleTimeout is how long an answer may take to be kept, after the client may have gone.
const settleTimeout = 5 * time.Second

type claimKey struct{}

// claimOf is the claim that the context's request holds; the zero claim when the client gave nothing to tell it by.
func claimOf(ctx context.Context) ledger.Claim {
	c, _ := ctx.Value(claimKey{}).(ledger.Claim)
	return c
}

// once answers a write at most once per key.
func (a *API) once(next http.HandlerFunc, r route) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		known := requestOf(req.Context())
		if known.key == "" {
			next(w, req)
			return
		}
		body, err := readBody(w, req, r.maxBody)
		if err != nil {
			a.explain(req.Context(), err).write(w, req)
			return
		}
		claim := ledger.Claim{
			CallerTenantID: known.caller.TenantID, Route: req.Method + " " + strings.ToLower(req.URL.Path), Key: known.key,
			Fingerprint: fingerprint(known.caller.UserID, req.URL.RawQuery, body), Owner: uuid.NewString(),
		}
		kept, err := a.Ledger.ClaimRequest(req.Context(), claim, lease)
		switch {
		case err != nil:
			a.explain(req.Context(), err).write(w, req)
		case kept != nil:
			replay(w, *kept)
		default:
			a.execute(next, w, req, claim, body)
		}
	}
}

// execute runs a claimed request and keeps its answer.
func (a *API) execute(next http.HandlerFunc, w http.ResponseWriter, req *http.Request, claim ledger.Claim, body []byte) {
	ctx, cancel := context.WithCancelCause(context.WithValue(req.Context(), claimKey{}, claim))
	defer cancel(nil)
	go a.renew(ctx, claim, cancel)
	req = req.WithContext(ctx)
	req.Body = io.NopCloser(bytes.NewReader(body))
	answer := &recorded{header: http.Header{}}
	defer func() {
		if !answer.settled {
			a.release(req.Context(), claim) // the handler broke; who repeats the request starts afresh
		}
	}()
	next(answer, req)
	cancel(nil)
	a.settle(w, req, claim, answer)
}

// renew keeps the claim while the request runs, and ends the request when somebody else has taken over.
func (a *API) renew(ctx context.Context, claim ledger.Claim, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.Ledger.RenewClaim(ctx, claim, lease); errors.Is(err, ledger.ErrClaimLost) {
				cancel(err)
				return
			}
		}
	}
}

// settle keeps the answer, then gives it. What is not the request's last word is not kept: a client that repeats it must
// get another chance.
func (a *API) settle(w http.ResponseWriter, req *http.Request, claim ledger.Claim, answer *recorded) {
	answer.settled = true
	if !answer.final() {
		a.release(req.Context(), claim)
		replay(w, answer.kept())
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), settleTimeout)
	defer cancel()
	kept, err := a.Ledger.AnswerRequest(ctx, claim, answer.kept())
	if err != nil {
		a.log(ctx).Warn("An answer could not be kept.", errorField(err))
		refuse(unavailable, "The request was carried out, but its answer could not be kept. Repeat the same request to get it.").again(lease).write(w, req)
		return
	}
	replay(w, kept)
}

// final tells an answer that a repetition gets again from one that asks for a repetition.
func (r *recorded) final() bool {
	return r.status < http.StatusInternalServerError && r.header.Get("Retry-After") == ""
}

func (a *API) release(ctx context.Context, claim ledger.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := a.Ledger.ReleaseClaim(ctx, claim); err != nil {
		a.log(ctx).Warn("A claim could not be released; it ends by itself.", errorField(err), zap.Duration("after", lease))
	}
}

// readBody reads the whole body of a write.
func readBody(w http.ResponseWriter, req *http.Request, most int64) ([]byte, error) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, most))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // the deadline was for the body, not for what comes of it
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fromFramework(http.StatusRequestEntityTooLarge, "", nil)
	case err != nil:
		return nil, fromFramework(http.StatusRequestTimeout, "", nil)
	}
	return body, nil
}

// fingerprint tells two requests apart that carry the same key.
func fingerprint(user, query string, body []byte) string {
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(user), []byte(query), body} {
		sum.Write(part)
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// recorded is an answer that is not given yet.
type recorded struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	settled bool
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

// keptHeaders are those headers of an answer that belong to it and not to the request it answers.
var keptHeaders = []string{"Content-Type", "ETag", "Location", "Retry-After"}

func (r *recorded) kept() ledger.Answer {
	kept := ledger.Answer{Status: r.status, Header: map[string]string{}, Body: r.body.Bytes()}
	for _, name := range keptHeaders {
		if value := r.header.Get(name); value != "" {
			kept.Header[name] = value
		}
	}
	return kept
}

// replay gives an answer that was kept.
func replay(w http.ResponseWriter, kept ledger.Answer) {
	for name, value := range kept.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(kept.Status)
	_, _ = w.Write(kept.Body) // a client that is gone asks again and gets the same
}
