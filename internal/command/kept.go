package command

// Requests that were answered, as they are kept: for 30 days, compressed, and large answers not at all when they can be rendered again.

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"handover/internal/kernel"
	"handover/internal/store"
)

// RequestsKept is how long a request is remembered. An older one counts as never sent.
const RequestsKept = 30 * 24 * time.Hour

// mostKept bounds the bodies of kept answers that can be rendered again, in bytes.
const mostKept = 4 << 10

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

// Requests are the requests of clients that were answered, in a database.
type Requests struct{ db *store.DB }

// New is the requests in the database.
func New(db *store.DB) *Requests { return &Requests{db: db} }

// Kept tells whether the request was answered before, without claiming it: nil when it was not. Errors: *Repeated; the refusal
// RequestIDReused.
func (r *Requests) Kept(ctx context.Context, c Claim) error {
	if c.Key == "" {
		return nil
	}
	before, err := store.Read(ctx, r.db, "look for a kept answer", func(tx store.Tx) (apiRequest, error) {
		found, _, err := store.One(ctx, tx, selectRequest, requestFields, c.id()...)
		return found, err
	})
	if err != nil || before.status == 0 || before.claimedAt.Before(r.db.Now().Add(-RequestsKept)) {
		return err
	}
	return before.repeatedBy(c)
}

// Keep remembers an answer that nothing in the ledger had to be asked for, such as the refusal of a request that cannot be
// read. Errors: *Repeated and RequestIDReused when another answer was kept first; InvalidInput.
func (r *Requests) Keep(ctx context.Context, c Claim, a Answer) error {
	_, err := Execute(ctx, r.db, "keep an answer", Terms[bool]{
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
func (r *Requests) ForgetRequests(ctx context.Context) (int64, error) {
	before := store.Stamp(r.db.Now().Add(-RequestsKept))
	var forgotten int64
	for {
		n, err := store.Write(ctx, r.db, "forget requests", func(tx store.Tx) (int64, error) { return tx.Exec(ctx, forgetRequests, before) })
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

// id is the request's primary key.
func (c Claim) id() []any {
	store.Lower(&c.CallerTenantID)
	return []any{c.CallerTenantID, c.Route, c.Key}
}
