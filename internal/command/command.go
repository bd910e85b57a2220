// Package command is the frame of every command of a client: it is carried out once, however often it is sent, and always gets
// the same answer. The claim of the request, its effect and its answer are one transaction: a twin that comes meanwhile
// waits for the claim and then finds the answer, and after a crash there is either all of it or nothing. It knows nothing of what
// commands are about; a context carries its own out by Execute.
package command

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
)

// Claim is one command of a client on its way: who sent it, to what, under which key, and what it says. The zero Claim,
// with an empty key, asks for no idempotency: everything done under it is simply done.
type Claim struct {
	CallerTenantID string // at most 128 bytes; whoever comes through Temporal only claims it
	Route          string // method and path, or the door that it came through; at most 1,024 bytes
	Key            string // the client's name for the request, at most kernel.LongestRequestID bytes
	Fingerprint    string // of the content; two requests under one key must have the same
}

// Answer is what a client was told. A body beyond mostKept is not kept when the answer has a form: it is rendered again from
// the subject as it stands then.
type Answer struct {
	Status  int // HTTP, 100 to 599
	Header  map[string]string
	Body    []byte
	Subject string // id of what the answer is about
	Form    string // which rendering of the subject it is; empty when only the body tells
}

// Terms are what a command comes with besides its content. The zero value asks for nothing.
type Terms[T any] struct {
	Claim Claim
	// Match is asked about what the command would change, once it is permitted and before it is decided: its error, such as a
	// stale entity tag, ends the command without a trace. Nil accepts whatever that has become.
	Match func(T) error
	// Answer renders what is kept for a repetition, of the result or of the refusal. A refusal whose answer has no status
	// is not kept and leaves no trace; a result needs one. Nil keeps an empty 204.
	Answer func(result T, refusal *kernel.Refusal) (Answer, error)
	// Origin is through which door the command came, for the log.
	Origin kernel.Origin
	// ByRun says that the transfer's own run brings the command and looks by itself: nobody has to tell it.
	ByRun bool
}

// Repeated says that the very same request was answered before; it is to be answered with that again.
type Repeated struct{ Answer Answer }

func (*Repeated) Error() string { return "the request was answered before" }

// RequestsKept is how long a request is remembered. An older one counts as never sent.
const RequestsKept = 30 * 24 * time.Hour

// The bounds of what else identifies a request, in bytes; an index of PostgreSQL cannot hold much more.
const (
	longestCaller = 128
	longestRoute  = 1024
)

// mostKept bounds the bodies of kept answers that can be rendered again, in bytes.
const mostKept = 4 << 10

// id is the request's primary key.
func (c Claim) id() []any {
	store.Lower(&c.CallerTenantID)
	return []any{c.CallerTenantID, c.Route, c.Key}
}

func (c Claim) check() error {
	if len(c.CallerTenantID) > longestCaller {
		return kernel.Refuse(kernel.InvalidInput, "The partner's id may have %d characters; this one has more.", longestCaller)
	}
	if len(c.Key) > kernel.LongestRequestID || len(c.Route) > longestRoute {
		return kernel.Refuse(kernel.InvalidInput,
			"The request id may have %d characters and the address %d; this request has more.", kernel.LongestRequestID, longestRoute)
	}
	return nil
}

// apiRequest is a request as it is stored.
type apiRequest struct {
	fingerprint string
	claimedAt   time.Time
	status      int
	header      store.Optional // as JSON
	body        []byte         // compressed
	subject     string
	form        string
}

const ofRequest = ` WHERE caller_tenant_id = $1 AND route = $2 AND request_key = $3`

var (
	// claimRequest inserts the request, or takes over a row that is too old to count. It returns no row when the request was
	// answered before; until then it waits for whoever is answering it.
	claimRequest = store.Both(`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, claimed_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (caller_tenant_id, route, request_key) DO UPDATE SET fingerprint = excluded.fingerprint, claimed_at = excluded.claimed_at,
			status = NULL, header = NULL, body = NULL, answered_at = NULL, subject_id = '', form = ''
		WHERE api_requests.claimed_at < $6 RETURNING fingerprint`)
	selectRequest = store.Both(`SELECT fingerprint, claimed_at, COALESCE(status, 0), header, body, subject_id, form FROM api_requests` + ofRequest)
	storeAnswer   = store.Both(`UPDATE api_requests SET status = $4, header = $5, body = $6, answered_at = $7, subject_id = $8, form = $9` + ofRequest)
)

func requestFields(r *apiRequest) []any {
	return []any{&r.fingerprint, (*store.Stamp)(&r.claimedAt), &r.status, &r.header, &r.body, &r.subject, &r.form}
}

// Execute carries a command out under its terms, in one transaction with the claim and the answer. do must refuse before it
// writes anything: a refusal is an outcome like any other, and its answer is committed too. what names the command in errors.
//
// Errors: the refusal; *Repeated; RequestIDReused when the key was used for something else; InvalidInput for a caller, key or
// route that is too long; whatever else do and the answer fail with, and then nothing is kept.
func Execute[T any](ctx context.Context, db *store.DB, what string, terms Terms[T], do func(store.Tx) (T, error)) (T, error) {
	var nothing T
	if terms.Claim.Key == "" {
		return store.Write(ctx, db, what, do)
	}
	if err := terms.Claim.check(); err != nil {
		return nothing, err
	}
	var refused error
	result, err := store.Write(ctx, db, what, func(tx store.Tx) (T, error) {
		refused = nil
		if err := terms.Claim.take(ctx, tx, db.Now()); err != nil {
			return nothing, err
		}
		result, err := do(tx)
		var refusal *kernel.Refusal
		if err != nil && !errors.As(err, &refusal) {
			return nothing, err
		}
		answer, failed := terms.answer(result, refusal)
		switch {
		case failed != nil:
			return nothing, failed
		case err != nil && answer.Status == 0:
			return nothing, err
		}
		refused = err
		return result, terms.Claim.keep(ctx, tx, answer, db.Now())
	})
	if err == nil {
		err = refused
	}
	return result, err
}

func (t Terms[T]) answer(result T, refusal *kernel.Refusal) (Answer, error) {
	if t.Answer == nil {
		return Answer{Status: 204}, nil
	}
	return t.Answer(result, refusal)
}

// take makes the request this transaction's own, or says how it was answered before.
func (c Claim) take(ctx context.Context, tx store.Tx, now time.Time) error {
	args := append(c.id(), c.Fingerprint, store.Stamp(now), store.Stamp(now.Add(-RequestsKept)))
	if _, granted, err := store.One(ctx, tx, claimRequest, store.Value[string], args...); granted || err != nil {
		return err
	}
	r, _, err := store.One(ctx, tx, selectRequest, requestFields, c.id()...)
	if err != nil {
		return err
	}
	return r.repeatedBy(c)
}

// repeatedBy is how a request that came before answers another one under its key.
func (r apiRequest) repeatedBy(c Claim) error {
	if r.fingerprint != c.Fingerprint {
		return Reused(c.Key)
	}
	a, err := r.answer()
	if err != nil {
		return err
	}
	return &Repeated{a}
}

// Reused is the refusal of a request under a key that another one had.
func Reused(requestID string) error {
	return kernel.Refuse(kernel.RequestIDReused,
		"The request id was used for another request already; use a new one for every request.").About(requestID)
}

// keep stores the answer of the request that this transaction claimed.
func (c Claim) keep(ctx context.Context, tx store.Tx, a Answer, now time.Time) error {
	header, body, err := a.pack()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, storeAnswer, append(c.id(), a.Status, header, body, store.Stamp(now), a.Subject, a.Form)...)
	return err
}

// Requests are those of clients that were answered, in a database.
type Requests struct{ db *store.DB }

// New are those in the database.
func New(db *store.DB) *Requests { return &Requests{db: db} }

// Kept tells whether the request was answered before, without claiming it: nil when it was not. Errors: *Repeated; the refusal
// RequestIDReused.
func (q *Requests) Kept(ctx context.Context, c Claim) error {
	if c.Key == "" {
		return nil
	}
	r, err := store.Read(ctx, q.db, "look for a kept answer", func(tx store.Tx) (apiRequest, error) {
		r, _, err := store.One(ctx, tx, selectRequest, requestFields, c.id()...)
		return r, err
	})
	if err != nil || r.status == 0 || r.claimedAt.Before(q.db.Now().Add(-RequestsKept)) {
		return err
	}
	return r.repeatedBy(c)
}

// Keep remembers an answer that nothing in the ledger had to be asked for, such as the refusal of a request that cannot be
// read. Errors: *Repeated and RequestIDReused when another answer was kept first; InvalidInput.
func (q *Requests) Keep(ctx context.Context, c Claim, a Answer) error {
	_, err := Execute(ctx, q.db, "keep an answer", Terms[bool]{
		Claim: c, Answer: func(bool, *kernel.Refusal) (Answer, error) { return a, nil },
	}, func(store.Tx) (bool, error) { return true, nil })
	return err
}

// forgottenAtOnce keeps one transaction of ForgetRequests short.
const forgottenAtOnce = 500

// The rows are locked in a fixed order, so that programs that forget at once do not lock each other out.
var forgetRequests = store.Both(`DELETE FROM api_requests WHERE (caller_tenant_id, route, request_key) IN (
	SELECT caller_tenant_id, route, request_key FROM api_requests WHERE claimed_at < $1
	ORDER BY claimed_at, caller_tenant_id, route, request_key LIMIT ` + fmt.Sprint(forgottenAtOnce) + ` FOR UPDATE)`)

// ForgetRequests deletes the requests that are older than RequestsKept and tells how many. After an error those deleted
// so far are gone.
func (q *Requests) ForgetRequests(ctx context.Context) (int64, error) {
	before := store.Stamp(q.db.Now().Add(-RequestsKept))
	var forgotten int64
	for {
		n, err := store.Write(ctx, q.db, "forget requests", func(tx store.Tx) (int64, error) { return tx.Exec(ctx, forgetRequests, before) })
		forgotten += n
		if err != nil || n < forgottenAtOnce {
			return forgotten, err
		}
	}
}

// packers are kept because one takes most of a megabyte, for bodies of a few kilobytes.
var packers sync.Pool

// pack is the answer as it is stored: the header as JSON, the body compressed. Without a body, or with a large one that can
// be rendered again, the second is nil.
func (a Answer) pack() (header string, body any, err error) {
	text, err := json.Marshal(a.Header)
	if err != nil || len(a.Body) == 0 || a.Form != "" && len(a.Body) > mostKept {
		return string(text), nil, err
	}
	var packed bytes.Buffer
	z, kept := packers.Get().(*gzip.Writer)
	if !kept {
		z = gzip.NewWriter(nil)
	}
	defer packers.Put(z)
	z.Reset(&packed)
	if _, err = z.Write(a.Body); err == nil {
		err = z.Close()
	}
	return string(text), packed.Bytes(), err
}

// answer is the stored answer as it was given.
func (r apiRequest) answer() (Answer, error) {
	a := Answer{Status: r.status, Subject: r.subject, Form: r.form}
	if err := json.Unmarshal([]byte(r.header), &a.Header); err != nil || len(r.body) == 0 {
		return a, err
	}
	z, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		return a, err
	}
	a.Body, err = io.ReadAll(z)
	return a, err
}
