package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// claimOf is a client's request under the key.
func claimOf(key string) command.Claim {
	return command.Claim{CallerTenantID: targetID, Route: "PATCH /v1/customers/c/subscriptions/s", Key: key, Fingerprint: "f1"}
}

// claiming are terms with the claim alone.
func claiming[T any](key string) command.Terms[T] { return command.Terms[T]{Claim: claimOf(key)} }

// repeats asserts that the request was answered before and returns the answer.
func repeats(t *testing.T, err error) command.Answer {
	t.Helper()
	var repeated *command.Repeated
	require.ErrorAs(t, err, &repeated)
	return repeated.Answer
}

var created = command.Answer{
	Status: 201, Header: map[string]string{"Content-Type": "application/json", "Location": "/transfers/1"}, Body: []byte(`{"id":1}`),
}

// answering are terms that keep what is given to them.
func answering(key string, a command.Answer) command.Terms[transferstore.Outcome] {
	terms := claiming[transferstore.Outcome](key)
	terms.Answer = func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error) { return a, nil }
	return terms
}

// saying are terms that keep the id and state of the transfer, or the refusal's code and words.
func saying(key string) command.Terms[transferstore.Outcome] {
	terms := claiming[transferstore.Outcome](key)
	terms.Answer = func(made transferstore.Outcome, refusal *kernel.Refusal) (command.Answer, error) {
		if refusal != nil {
			return command.Answer{Status: refusal.HTTPStatus(), Body: []byte(refusal.Error())}, nil
		}
		return command.Answer{Status: 201, Header: map[string]string{"ETag": `"1"`}, Body: []byte(made.Transfer.ID + " " + string(made.Transfer.Status))}, nil
	}
	return terms
}

// a command is carried out once; every repetition gets the first answer and changes nothing.
func TestRequestIsRepeated(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		r := request("r1")
		made, err := f.Ledger.OpenTransfer(t.Context(), r, saying("k1"))
		require.NoError(t, err)
		require.Equal(t, idOf("r1"), made.Transfer.ID)
		shouting := saying("k1")
		shouting.Claim.CallerTenantID = strings.ToUpper(targetID)
		f.behind("DELETE FROM relationships")
		f.clock.advance(command.RequestsKept)
		before := f.contents()
		for _, terms := range []command.Terms[transferstore.Outcome]{saying("k1"), shouting} {
			again, err := f.Ledger.OpenTransfer(t.Context(), r, terms)
			require.Equal(t, command.Answer{Status: 201, Header: map[string]string{"ETag": `"1"`}, Body: []byte(idOf("r1") + " Pending")}, repeats(t, err))
			require.Zero(t, again)
			require.Equal(t, repeats(t, err), repeats(t, f.Kept(t.Context(), terms.Claim)))
		}
		require.Equal(t, before, f.contents())
	})
}

// another request under the same key is refused, whatever became of the first.
func TestRequestIDReused(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), saying("k1"))
		require.NoError(t, err)
		before := f.contents()
		other := saying("k1")
		other.Claim.Fingerprint = "f2"
		_, err = f.Ledger.OpenTransfer(t.Context(), request("r2"), other)
		said := refuses(t, err, kernel.RequestIDReused)
		require.Equal(t, "800002", said.Code)
		require.Equal(t, []string{"k1"}, said.Data)
		refuses(t, f.Kept(t.Context(), other.Claim), kernel.RequestIDReused)
		refuses(t, f.Keep(t.Context(), other.Claim, created), kernel.RequestIDReused)
		require.Equal(t, before, f.contents())
	})
}

// Race row 36, found.md A3: once the key is forgotten, the same create is refused with the transfer that it opened and how
// that stands, so that nobody opens another by mistake.
func TestForgottenKeyNamesItsTransfer(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), saying("r1"))
		require.NoError(t, err)
		f.clock.advance(31 * 24 * time.Hour)
		_, err = f.Expire(t.Context(), idOf("r1"))
		require.NoError(t, err)
		for range 2 {
			_, err = f.ForgetRequests(t.Context())
			require.NoError(t, err)
			require.NoError(t, f.Kept(t.Context(), claimOf("r1")))
			_, err = f.Ledger.OpenTransfer(t.Context(), request("r1"), saying("r1"))
			said := refuses(t, err, kernel.RequestIDReused)
			require.Equal(t, []string{idOf("r1")}, said.Data)
			require.Contains(t, said.Message, "Expired")
			require.Equal(t, said.Error(), string(repeats(t, f.Kept(t.Context(), claimOf("r1"))).Body), "from now on that is the answer")
			f.clock.advance(31 * 24 * time.Hour)
		}
		require.Len(t, f.rows("SELECT id FROM transfers"), 1)
	})
}

// Race row 4: a refusal is an answer like any other, and its only trace.
func TestRefusalIsKept(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		before := f.contents()
		cancel := func(terms command.Terms[transferstore.Outcome]) error {
			_, err := f.Ledger.Cancel(t.Context(), tr.ID, transfer.Decision{RequestID: "d1", Actor: asSource}, terms)
			return err
		}
		said := refuses(t, cancel(saying("k1")), kernel.WrongParty)
		require.Equal(t, said.Error(), string(repeats(t, cancel(saying("k1"))).Body))
		f.behind("DELETE FROM api_requests")
		require.Equal(t, before, f.contents())

		for what, answer := range map[string]func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error){
			"an answer without a status": func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error) { return command.Answer{}, nil },
			"an answer that fails": func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error) {
				return command.Answer{}, errors.New("cannot be rendered")
			},
		} {
			terms := saying("k2")
			terms.Answer = answer
			require.Error(t, cancel(terms), what)
			require.Equal(t, before, f.contents(), what)
		}
	})
}

// A command whose answer cannot be kept is not carried out.
func TestCommandNeedsItsAnswer(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		before := f.contents()
		failing := saying("k1")
		failing.Answer = func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error) {
			return command.Answer{}, errors.New("cannot be rendered")
		}
		for _, terms := range []command.Terms[transferstore.Outcome]{failing, answering("k1", command.Answer{})} {
			_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), terms)
			require.Error(t, err)
			require.Equal(t, before, f.contents())
		}
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), saying("k1"))
		require.NoError(t, err)
	})
}

// What a caller takes the transfer for is asked after the permission and before the decision, and may end the command.
func TestMatchEndsACommand(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		before := f.contents()
		asked := 0
		terms := saying("k1")
		stale := errors.New("stale")
		terms.Match = func(now transferstore.Outcome) error {
			asked++
			require.Equal(t, transferstore.Outcome{Transfer: tr}, now)
			return stale
		}
		sales := kernel.Actor{PartnerTenantID: targetID, UserID: "sales@target.example"}
		for cause, by := range map[kernel.Cause]kernel.Actor{transfer.NotFound: asStranger, kernel.NotAdminAgent: sales} {
			unkept := terms
			unkept.Answer = func(transferstore.Outcome, *kernel.Refusal) (command.Answer, error) { return command.Answer{}, nil }
			_, err := f.Ledger.Cancel(t.Context(), tr.ID, transfer.Decision{Actor: by}, unkept)
			refuses(t, err, cause)
		}
		require.Zero(t, asked, "nobody learns what is not theirs")
		_, err := f.Ledger.Cancel(t.Context(), tr.ID, transfer.Decision{Actor: asTarget}, terms)
		require.ErrorIs(t, err, stale)
		_, err = f.Ledger.Submit(t.Context(), tr.ID, everything(""), terms)
		require.ErrorIs(t, err, stale)
		require.Equal(t, 2, asked)
		require.Equal(t, before, f.contents())
	})
}

// Without a key there is no idempotency, and nothing is kept.
func TestNoClaim(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		none := saying("")
		_, err := f.Ledger.OpenTransfer(t.Context(), request("r1"), none)
		require.NoError(t, err)
		_, err = f.Ledger.OpenTransfer(t.Context(), request("r1"), none)
		refuses(t, err, kernel.RequestIDReused)
		require.NoError(t, f.Keep(t.Context(), none.Claim, created))
		require.NoError(t, f.Kept(t.Context(), none.Claim))
		require.Empty(t, f.rows("SELECT * FROM api_requests"))
	})
}

// requests differ by caller, by route and by key.
func TestRequestsAreScoped(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		require.NoError(t, f.Keep(t.Context(), claimOf("k1"), created))
		require.Equal(t, created, repeats(t, f.Keep(t.Context(), claimOf("k1"), command.Answer{Status: 409})), "an answer that was given stays")
		before := f.rows("SELECT * FROM api_requests")
		for n, change := range []func(*command.Claim){
			func(c *command.Claim) { c.CallerTenantID = sourceID },
			func(c *command.Claim) { c.Route = "POST /v1/customers" },
			func(c *command.Claim) { c.Key = "K1" },
		} {
			c := claimOf("k1")
			c.Fingerprint = "f2"
			change(&c)
			require.NoError(t, f.Kept(t.Context(), c))
			require.NoError(t, f.Keep(t.Context(), c, created))
			require.Len(t, f.rows("SELECT * FROM api_requests"), n+2)
		}
		require.Subset(t, f.rows("SELECT * FROM api_requests"), before)
	})
}

// Requests are kept for 30 days; after that the key is free again, whether or not anybody tidied up.
func TestRequestsAreKept30Days(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		require.NoError(t, f.Keep(t.Context(), claimOf("k1"), created))
		f.clock.advance(command.RequestsKept)
		require.Equal(t, created, repeats(t, f.Kept(t.Context(), claimOf("k1"))))
		require.Equal(t, created, repeats(t, f.Keep(t.Context(), claimOf("k1"), command.Answer{Status: 409})))
		forgotten, err := f.ForgetRequests(t.Context())
		require.NoError(t, err)
		require.Zero(t, forgotten)

		f.clock.advance(time.Microsecond)
		later := claimOf("k1")
		later.Fingerprint = "f2"
		require.NoError(t, f.Kept(t.Context(), later))
		second := command.Answer{Status: 200, Subject: "s", Form: "submitted"}
		require.NoError(t, f.Keep(t.Context(), later, second))
		require.Equal(t, second, repeats(t, f.Kept(t.Context(), later)), "nothing of the first is left")
		refuses(t, f.Kept(t.Context(), claimOf("k1")), kernel.RequestIDReused)
	})
}

func TestForgetRequests(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		const many = 2*500 + 100 // more than two transactions of 500
		require.NoError(t, f.Keep(t.Context(), claimOf("k1"), created))
		f.behind(fmt.Sprintf(`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, claimed_at, status, header, answered_at)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT caller_tenant_id, route, 'old ' || i, fingerprint, claimed_at, status, header, answered_at FROM n, api_requests`, many))
		f.clock.advance(command.RequestsKept + time.Second)
		require.NoError(t, f.Keep(t.Context(), claimOf("recent"), created))
		require.NoError(t, f.Keep(t.Context(), claimOf("k1"), created), "an old one is a new request from now on")

		forgotten, err := f.ForgetRequests(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, many, forgotten)
		require.Equal(t, []string{"k1", "recent"}, f.rows("SELECT request_key FROM api_requests"))
	})
}

// E5: one partner's kept answers are bounded: beyond so many the oldest are forgotten, those of others stay, and what is kept is counted.
func TestKeptAnswersOfAPartnerAreBounded(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		other := claimOf("other")
		other.CallerTenantID = sourceID
		require.NoError(t, f.Keep(t.Context(), other, created))
		const many, most = 2*500 + 100, 40 // more than two transactions of 500
		f.behind(fmt.Sprintf(`INSERT INTO api_requests (caller_tenant_id, route, request_key, fingerprint, claimed_at, status, header, answered_at)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT '%s', route, 'old ' || i, fingerprint, claimed_at, status, header, answered_at FROM n, api_requests`, many, targetID))
		for n := range most {
			f.clock.advance(time.Second)
			require.NoError(t, f.Keep(t.Context(), claimOf(fmt.Sprintf("new %02d", n)), created))
		}
		forgotten, err := f.ForgetBeyond(t.Context(), many+most)
		require.NoError(t, err)
		require.Zero(t, forgotten, "no more than that")
		forgotten, err = f.ForgetBeyond(t.Context(), most)
		require.NoError(t, err)
		require.EqualValues(t, many, forgotten)
		require.Len(t, f.rows("SELECT request_key FROM api_requests WHERE request_key LIKE 'new %'"), most)
		repeats(t, f.Kept(t.Context(), other))

		held, err := f.Held(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, most+1, held.Requests)
		require.Greater(t, held.Bytes, int64(most*len(created.Body)))
	})
}

// What a client was told can be of any size and hold any byte. A large body is kept only where it cannot be rendered again.
func TestAnswersOfEveryKind(t *testing.T) {
	large := bytes.Repeat([]byte("every byte: \x00\xff\xfe and so on. "), 3<<20/28)
	most, more := bytes.Repeat([]byte("x"), 4<<10), bytes.Repeat([]byte("x"), 4<<10+1)
	header := map[string]string{"ETag": `"x"`}
	for name, c := range map[string]struct {
		given    command.Answer
		bodyLeft bool
	}{
		"large, without a form":  {command.Answer{Status: 200, Header: header, Body: large}, true},
		"4 kB with a form":       {command.Answer{Status: 200, Header: header, Body: most, Subject: "t", Form: "submitted"}, true},
		"over 4 kB with a form":  {command.Answer{Status: 200, Header: header, Body: more, Subject: "t", Form: "submitted"}, false},
		"without a body":         {command.Answer{Status: 204, Header: map[string]string{}}, true},
		"without header or body": {command.Answer{Status: 404}, true},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
				require.NoError(t, f.Keep(t.Context(), claimOf("k1"), c.given))
				kept, want := repeats(t, f.Kept(t.Context(), claimOf("k1"))), c.given
				if !c.bodyLeft {
					want.Body = nil
				}
				require.True(t, bytes.Equal(want.Body, kept.Body))
				kept.Body, want.Body = nil, nil
				require.Equal(t, want, kept)
				for _, size := range f.rows("SELECT COALESCE(LENGTH(body), 0) FROM api_requests") {
					require.Less(t, len(size), 6, "stored compressed")
				}
			})
		})
	}
}

// What identifies a request fits into the index of either database, or is refused.
func TestLongestClaims(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		c := claimOf(incompressible(kernel.LongestRequestID))
		c.CallerTenantID, c.Route = incompressible(128), incompressible(1024)
		require.NoError(t, f.Keep(t.Context(), c, created))
		for _, change := range []func(*command.Claim){
			func(c *command.Claim) { c.Key += "x" },
			func(c *command.Claim) { c.Route += "x" },
			func(c *command.Claim) { c.CallerTenantID = incompressible(128 << 10) }, // whoever may signal may claim to be anybody
		} {
			long := c
			change(&long)
			refuses(t, f.Keep(t.Context(), long, created), kernel.InvalidInput)
		}
	})
}

// incompressible is a text of that length in which little repeats.
func incompressible(length int) string {
	var text strings.Builder
	for n := 0; text.Len() < length; n++ {
		sum := sha256.Sum256([]byte{byte(n)})
		text.WriteString(hex.EncodeToString(sum[:]))
	}
	return text.String()[:length]
}

// A database that is away is told apart from a refusal, and the request can be sent again.
func TestClaimWithoutDatabase(t *testing.T) {
	onBoth(t, worldOf(0), func(t *testing.T, f fixture) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, f.Keep(gone, claimOf("k1"), created), context.Canceled)
		require.ErrorIs(t, f.Kept(gone, claimOf("k1")), context.Canceled)
		_, err := f.ForgetRequests(gone)
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, f.Keep(t.Context(), claimOf("k1"), created))
	})
}
