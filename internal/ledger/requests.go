package ledger

// Write requests of the API's clients: each is executed once, however often it is sent, and always gets the same answer
// . A claim says who executes a request now. It is a lease: once its owner is gone, a repetition takes over and
// finds in the row what the owner had changed in the ledger already. The row then keeps the answer.

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"handover/internal/transfer"
)

// Claim is one write request of a client on its way: who sent it, to what, under which key, and what it says. The zero
// Claim, with an empty key, asks for no idempotency: everything done under it is simply done.
type Claim struct {
	CallerTenantID string
	Route          string // method and path, at most 1,024 bytes
	Key            string // the client's name for the request, at most 255 bytes
	Fingerprint    string // of the content; two requests under one key must have the same
	Owner          string // of this execution; random, so that no two are the same
}

// Answer is what a client was told.
type Answer struct {
	Status int // HTTP, 100 to 599
	Header map[string]string
	Body   []byte
}

// RequestsKept is how long a request is remembered. An older one counts as never sent.
const RequestsKept = 30 * 24 * time.Hour

// ErrClaimLost says that the request is not this execution's any more: another one took over after the lease had ended.
// Whatever this one found out may be wrong by now; the client has to ask again.
var ErrClaimLost = errors.New("the request is being executed elsewhere by now; repeat it")

// The bounds of what identifies a request, in bytes; an index of PostgreSQL cannot hold much more.
const (
	longestKey   = 255
	longestRoute = 1024
)

// id is the request's primary key.
func (c Claim) id() []any {
	lower(&c.CallerTenantID)
	return []any{c.CallerTenantID, c.Route, c.Key}
}

// apiRequest is a request as it is stored.
type apiRequest struct {
	fingerprint string
	owner       string
	claimedAt   time.Time
	leaseUntil  time.Time
	result      optional // of the change in the ledger, as JSON
	status      int      // 0 while it is not answered
	header      optional // as JSON
	body        []byte   // compressed
}

const requestColumns = `fingerprint, owner, claimed_at, lease_until, result, COALESCE(status, 0), header, body`

func requestFields(r *apiRequest) []any {
	return []any{&r.fingerprint, &r.owner, (*stamp)(&r.claimedAt), (*stamp)(&r.leaseUntil), &r.result, &r.status, &r.header, &r.body}
}

const ofRequest = ` WHERE caller_tenant_id = $1 AND route = $2 AND request_key = $3`

var (
	// claimRequest inserts the request or locks the one that is there; either way it returns the row.
	claimRequest = both(`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, owner, claimed_at, lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (caller_tenant_id, route, request_key) DO UPDATE SET owner = api_requests.owner RETURNING ` + requestColumns)
	takeOver = both(`UPDATE api_requests SET fingerprint = $4, owner = $5, claimed_at = $6, lease_until = $7` + ofRequest)
	startNew = both(`UPDATE api_requests SET fingerprint = $4, owner = $5, claimed_at = $6, lease_until = $7,
		result = NULL, status = NULL, header = NULL, body = NULL, answered_at = NULL` + ofRequest)
)

// ClaimRequest asks to execute the request for as long as the lease. No answer means yes: the request is new, or its
// earlier owner's lease has ended, and what that one stored by once is kept. An answer means that the request was executed
// before and is to be answered with it. A claim that is repeated by its owner is granted again.
//
// Refusals: RequestIDReused when the key was used for something else; BeingProcessed while another owner's lease runs;
// InvalidInput for a key or route that is too long.
func (l *Ledger) ClaimRequest(ctx context.Context, c Claim, lease time.Duration) (*Answer, error) {
	if c.Key == "" {
		return nil, nil
	}
	if len(c.Key) > longestKey || len(c.Route) > longestRoute {
		return nil, transfer.Refuse(transfer.InvalidInput,
			"The request id may have %d characters and the address %d; this request has more.", longestKey, longestRoute)
	}
	return write(ctx, l, "claim request", func(s session) (*Answer, error) {
		now := l.now()
		args := append(c.id(), c.Fingerprint, c.Owner, stamp(now), stamp(now.Add(lease)))
		r, _, err := one(ctx, s, claimRequest, requestFields, args...)
		switch {
		case err != nil:
			return nil, err
		case r.claimedAt.Before(now.Add(-RequestsKept)):
			_, err = s.exec(ctx, startNew, args...)
			return nil, err
		case r.fingerprint != c.Fingerprint:
			return nil, reused(c.Key)
		case r.status != 0:
			a, err := r.answer()
			return &a, err
		case r.owner == c.Owner && r.claimedAt.Equal(now): // inserted just now
			return nil, nil
		case r.owner != c.Owner && now.Before(r.leaseUntil):
			return nil, transfer.Refuse(transfer.BeingProcessed,
				"A request with this request id is still being processed. Send it again in a few seconds to get its answer.").About(c.Key)
		}
		_, err = s.exec(ctx, takeOver, args...)
		return nil, err
	})
}

var renewClaim = both(`UPDATE api_requests SET lease_until = $5` + ofRequest + ` AND owner = $4`)

// RenewClaim makes the lease last that long from now. Error: ErrClaimLost.
func (l *Ledger) RenewClaim(ctx context.Context, c Claim, lease time.Duration) error {
	if c.Key == "" {
		return nil
	}
	_, err := write(ctx, l, "renew claim", func(s session) (int64, error) {
		renewed, err := s.exec(ctx, renewClaim, append(c.id(), c.Owner, stamp(l.now().Add(lease)))...)
		if err == nil && renewed == 0 {
			err = ErrClaimLost
		}
		return renewed, err
	})
	return err
}

var (
	lockRequest = both(`SELECT ` + requestColumns + ` FROM api_requests` + ofRequest + ` FOR UPDATE`)
	storeAnswer = both(`UPDATE api_requests SET status = $4, header = $5, body = $6, answered_at = $7` + ofRequest)
	storeResult = both(`UPDATE api_requests SET result = $4` + ofRequest)
)

// AnswerRequest stores the answer and returns what the client is to be told: this answer or, where the request was
// answered before, that one, so that everybody hears the same. Error: ErrClaimLost, when another owner has taken over and
// has not answered yet.
func (l *Ledger) AnswerRequest(ctx context.Context, c Claim, a Answer) (Answer, error) {
	if c.Key == "" {
		return a, nil
	}
	header, body, err := a.pack()
	if err != nil {
		return Answer{}, err
	}
	return write(ctx, l, "answer request", func(s session) (Answer, error) {
		r, exists, err := one(ctx, s, lockRequest, requestFields, c.id()...)
		switch {
		case err != nil:
			return Answer{}, err
		case !exists || r.fingerprint != c.Fingerprint:
			return Answer{}, ErrClaimLost
		case r.status != 0:
			return r.answer()
		case r.owner != c.Owner:
			return Answer{}, ErrClaimLost
		}
		_, err = s.exec(ctx, storeAnswer, append(c.id(), a.Status, header, body, stamp(l.now()))...)
		return a, err
	})
}

var (
	dropClaim = both(`DELETE FROM api_requests` + ofRequest + ` AND owner = $4 AND status IS NULL AND result IS NULL`)
	endLease  = both(`UPDATE api_requests SET lease_until = $5` + ofRequest + ` AND owner = $4`)
)

// ReleaseClaim gives the claim up without an answer, so that a repetition is executed at once. What once stored is kept;
// otherwise the request counts as never sent. A claim that is lost or answered stays as it is.
func (l *Ledger) ReleaseClaim(ctx context.Context, c Claim) error {
	if c.Key == "" {
		return nil
	}
	_, err := write(ctx, l, "release claim", func(s session) (int64, error) {
		dropped, err := s.exec(ctx, dropClaim, append(c.id(), c.Owner)...)
		if err != nil || dropped > 0 {
			return dropped, err
		}
		return s.exec(ctx, endLease, append(c.id(), c.Owner, stamp(l.now()))...)
	})
	return err
}

// forgottenAtOnce keeps one transaction of ForgetRequests short.
const forgottenAtOnce = 500

// The rows are locked in a fixed order, so that programs that forget at once do not lock each other out.
var forgetRequests = both(`DELETE FROM api_requests WHERE (caller_tenant_id, route, request_key) IN (
	SELECT caller_tenant_id, route, request_key FROM api_requests WHERE claimed_at < $1
	ORDER BY claimed_at, caller_tenant_id, route, request_key LIMIT ` + fmt.Sprint(forgottenAtOnce) + ` FOR UPDATE)`)

// ForgetRequests deletes the requests that are older than RequestsKept and tells how many. After an error those deleted
// so far are gone.
func (l *Ledger) ForgetRequests(ctx context.Context) (int64, error) {
	before := stamp(l.now().Add(-RequestsKept))
	var forgotten int64
	for {
		n, err := write(ctx, l, "forget requests", func(s session) (int64, error) { return s.exec(ctx, forgetRequests, before) })
		forgotten += n
		if err != nil || n < forgottenAtOnce {
			return forgotten, err
		}
	}
}

// once makes a change in the ledger once for a request, however often the request is executed: the result is stored in the
// transaction that makes the change, and whoever comes later gets it instead of making the change again. A refused change
// stores nothing. T must survive JSON. Error: ErrClaimLost.
func once[T any](ctx context.Context, s session, c Claim, do func() (T, error)) (T, error) {
	if c.Key == "" {
		return do()
	}
	var result T
	r, exists, err := one(ctx, s, lockRequest, requestFields, c.id()...)
	switch {
	case err != nil:
		return result, err
	case !exists || r.owner != c.Owner:
		return result, ErrClaimLost
	case r.result != "":
		return result, json.Unmarshal([]byte(r.result), &result)
	}
	if result, err = do(); err != nil {
		return result, err
	}
	text, err := json.Marshal(result)
	if err != nil {
		return result, err
	}
	_, err = s.exec(ctx, storeResult, append(c.id(), string(text))...)
	return result, err
}

// pack is the answer as it is stored: the header as JSON, the body compressed. Without a body the second is nil.
func (a Answer) pack() (header string, body any, err error) {
	text, err := json.Marshal(a.Header)
	if err != nil || len(a.Body) == 0 {
		return string(text), nil, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err = z.Write(a.Body); err == nil {
		err = z.Close()
	}
	return string(text), packed.Bytes(), err
}

// answer is the stored answer as it was given.
func (r apiRequest) answer() (Answer, error) {
	a := Answer{Status: r.status}
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
