package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/transfer"
)

const lease = 30 * time.Second

// claimOf is one client's request, being executed by the owner.
func claimOf(owner string) Claim {
	return Claim{CallerTenantID: targetID, Route: "PATCH /v1/customers/c/subscriptions/s", Key: "k1", Fingerprint: "f1", Owner: owner}
}

var created = Answer{
	Status: 201, Header: map[string]string{"Content-Type": "application/json", "Location": "/transfers/1"}, Body: []byte(`{"id":1}`),
}

// claimed asserts that the claim is granted.
func (f fixture) claimed(c Claim) {
	f.t.Helper()
	answer, err := f.ClaimRequest(f.t.Context(), c, lease)
	require.NoError(f.t, err)
	require.Nil(f.t, answer)
}

// replayed asserts that the request was answered before.
func (f fixture) replayed(c Claim) Answer {
	f.t.Helper()
	answer, err := f.ClaimRequest(f.t.Context(), c, lease)
	require.NoError(f.t, err)
	require.NotNil(f.t, answer)
	return *answer
}

func (f fixture) notClaimed(c Claim, cause transfer.Cause) *transfer.Refusal {
	f.t.Helper()
	answer, err := f.ClaimRequest(f.t.Context(), c, lease)
	require.Nil(f.t, answer)
	return refuses(f.t, err, cause)
}

// the same request is executed once, and every repetition gets the same answer.
func TestRequestIsReplayed(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		f.claimed(claimOf("first"))
		refusal := f.notClaimed(claimOf("second"), transfer.BeingProcessed)
		require.Equal(t, "900104", refusal.Code)
		require.Equal(t, 409, refusal.HTTPStatus())

		said, err := f.AnswerRequest(t.Context(), claimOf("first"), created)
		require.NoError(t, err)
		require.Equal(t, created, said)
		require.Equal(t, created, f.replayed(claimOf("second")))
		require.Equal(t, created, f.replayed(claimOf("first")))
		shouting := claimOf("third")
		shouting.CallerTenantID = strings.ToUpper(targetID)
		require.Equal(t, created, f.replayed(shouting), "R-105")

		other := Answer{Status: 409, Header: map[string]string{}, Body: []byte("no")}
		said, err = f.AnswerRequest(t.Context(), claimOf("first"), other)
		require.NoError(t, err)
		require.Equal(t, created, said, "an answer that was given stays")
		require.NoError(t, f.ReleaseClaim(t.Context(), claimOf("first")))
		require.Equal(t, created, f.replayed(claimOf("second")), "after a release too")
	})
}

// requests differ by caller, by route and by key.
func TestRequestsAreScoped(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		f.claimed(claimOf("first"))
		before := f.rows("SELECT * FROM api_requests")
		for n, change := range []func(*Claim){
			func(c *Claim) { c.CallerTenantID = sourceID },
			func(c *Claim) { c.Route = "POST /v1/customers" },
			func(c *Claim) { c.Key = "K1" },
		} {
			c := claimOf("second")
			c.Fingerprint = "f2"
			change(&c)
			f.claimed(c)
			require.Len(t, f.rows("SELECT * FROM api_requests"), n+2)
		}
		require.Subset(t, f.rows("SELECT * FROM api_requests"), before)
	})
}

// another request under the same key is refused, whatever became of the first.
func TestRequestIDReused(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		other := claimOf("other")
		other.Fingerprint = "f2"
		f.claimed(claimOf("first"))
		require.Equal(t, "800002", f.notClaimed(other, transfer.RequestIDReused).Code)
		f.clock.advance(lease)
		f.notClaimed(other, transfer.RequestIDReused)
		f.claimed(claimOf("first"))
		_, err := f.AnswerRequest(t.Context(), claimOf("first"), created)
		require.NoError(t, err)
		f.notClaimed(other, transfer.RequestIDReused)
		require.Equal(t, created, f.replayed(claimOf("second")))

		_, err = f.AnswerRequest(t.Context(), other, Answer{Status: 200})
		require.ErrorIs(t, err, ErrClaimLost)
	})
}

// Of many executions of one request exactly one is let through, from two programs too; again when its lease has ended.
func TestOneClaimWins(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		second, err := Open(t.Context(), f.url, Options{Now: f.clock.Now})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, second.Close()) })
		for round := range 3 {
			const claimers = 16
			won := make(chan error, claimers)
			for n := range claimers {
				l := []*Ledger{f.Ledger, second}[n%2]
				go func() {
					answer, err := l.ClaimRequest(t.Context(), claimOf(fmt.Sprintf("%d of round %d", n, round)), lease)
					if answer != nil {
						err = errors.New("nobody has answered")
					}
					won <- err
				}()
			}
			winners := 0
			for range claimers {
				if err := <-won; err == nil {
					winners++
				} else {
					refuses(t, err, transfer.BeingProcessed)
				}
			}
			require.Equal(t, 1, winners)
			require.Len(t, f.rows("SELECT owner FROM api_requests"), 1)
			f.clock.advance(lease)
		}
	})
}

// An execution that takes longer than its lease keeps it by renewing it.
func TestRenewClaim(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		f.claimed(claimOf("first"))
		for range 3 {
			f.clock.advance(lease - time.Second)
			require.NoError(t, f.RenewClaim(t.Context(), claimOf("first"), lease))
			f.notClaimed(claimOf("second"), transfer.BeingProcessed)
		}
		f.clock.advance(lease - time.Second)
		f.claimed(claimOf("first")) // its owner may ask again, as after a lost connection
		f.clock.advance(lease - time.Second)
		f.notClaimed(claimOf("second"), transfer.BeingProcessed)
		f.clock.advance(time.Second)
		f.claimed(claimOf("second"))
		unknown := claimOf("first")
		unknown.Key = "k2"
		require.ErrorIs(t, f.RenewClaim(t.Context(), unknown, lease), ErrClaimLost)
		_, err := f.AnswerRequest(t.Context(), unknown, created)
		require.ErrorIs(t, err, ErrClaimLost)
	})
}

// Requests are kept for 30 days; after that the key is free again, whether or not anybody tidied up.
func TestRequestsAreKept30Days(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		first, later, made := claimOf("first"), claimOf("later"), 0
		f.claimed(first)
		_, err := f.rename(first, &made)
		require.NoError(t, err)
		_, err = f.AnswerRequest(t.Context(), first, created)
		require.NoError(t, err)

		f.clock.advance(RequestsKept)
		require.Equal(t, created, f.replayed(claimOf("second")))
		forgotten, err := f.ForgetRequests(t.Context())
		require.NoError(t, err)
		require.Zero(t, forgotten)

		f.clock.advance(time.Microsecond)
		later.Fingerprint = "f2"
		f.claimed(later)
		_, err = f.AnswerRequest(t.Context(), first, created)
		require.ErrorIs(t, err, ErrClaimLost, "the key stands for another request now")
		result, err := f.rename(later, &made)
		require.NoError(t, err)
		require.Equal(t, "renamed by later", result)
		require.Equal(t, 2, made)
	})
}

func TestForgetRequests(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		const many = 2*forgottenAtOnce + 100
		f.claimed(claimOf("first"))
		f.behind(fmt.Sprintf(`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, owner, claimed_at, lease_until)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT caller_tenant_id, route, 'old ' || i, fingerprint, owner, claimed_at, lease_until FROM n, api_requests`, many))
		f.clock.advance(RequestsKept + time.Second)
		recent := claimOf("recent")
		recent.Key = "recent"
		f.claimed(recent)
		f.claimed(claimOf("again")) // k1, which is old: a new request from now on

		forgotten, err := f.ForgetRequests(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, many, forgotten)
		require.Equal(t, []string{"k1", "recent"}, f.rows("SELECT request_key FROM api_requests"))
	})
}

// What a client is told can be of any size and hold any byte.
func TestAnswersOfEveryKind(t *testing.T) {
	large := bytes.Repeat([]byte("every byte: \x00\xff\xfe and so on. "), 3<<20/28)
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		for n, answer := range []Answer{
			{Status: 200, Header: map[string]string{"ETag": `"x"`}, Body: large},
			{Status: 204, Header: map[string]string{}},
			{Status: 404},
		} {
			c := claimOf("first")
			c.Key = fmt.Sprintf("k%d", n)
			f.claimed(c)
			said, err := f.AnswerRequest(t.Context(), c, answer)
			require.NoError(t, err)
			require.Equal(t, answer.Status, said.Status)
			replay := f.replayed(c)
			require.Equal(t, answer.Status, replay.Status)
			require.Equal(t, answer.Header, replay.Header)
			require.True(t, bytes.Equal(answer.Body, replay.Body))
		}
		c := claimOf("first")
		c.Key = "none"
		f.claimed(c)
		_, err := f.AnswerRequest(t.Context(), c, Answer{})
		require.Error(t, err, "an answer has a status")
		sizes := f.rows("SELECT LENGTH(body) FROM api_requests WHERE status = 200")
		require.Len(t, sizes, 1)
		require.Less(t, len(sizes[0]), 6, "stored compressed")
	})
}

// What identifies a request fits into the index of either database, or is refused.
func TestLongestClaims(t *testing.T) {
	onBoth(t, worldOf(0), func(_ *testing.T, f fixture) {
		c := claimOf("first")
		c.Key, c.Route = incompressible(longestKey), incompressible(longestRoute)
		f.claimed(c)
		for _, change := range []func(*Claim){
			func(c *Claim) { c.Key += "x" },
			func(c *Claim) { c.Route += "x" },
		} {
			long := c
			change(&long)
			f.notClaimed(long, transfer.InvalidInput)
		}
	})
}

// incompressible is a text of that length in which little repeats.
func incompressible(length int) string {
	var text strings.Builder
	for n := 0; text.Len() < length; n++ {
		sum, _ := digest(n)
		text.WriteString(sum)
	}
	return text.String()[:length]
}

// A database that is away is told apart from a refusal, and the claim can be made again.
func TestClaimWithoutDatabase(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.ClaimRequest(gone, claimOf("first"), lease)
		require.ErrorIs(t, err, context.Canceled)
		_, err = f.ForgetRequests(gone)
		require.ErrorIs(t, err, context.Canceled)
		f.claimed(claimOf("first"))
	})
}
