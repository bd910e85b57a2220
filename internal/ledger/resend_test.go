package ledger

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

var postmaster = kernel.Actor{Operator: true, UserID: "postmaster"}

// undelivered opens a transfer one of whose e-mails is undelivered, one sent, and one withdrawn.
func (f fixture) undelivered(requestID string) (id string, owed []outbox.Owed) {
	f.t.Helper()
	id = f.pending(requestID).ID
	owed = f.claimMail("relay", 50, 50)
	require.Len(f.t, owed, 3)
	require.NoError(f.t, f.RecordMail(f.t.Context(), "relay", []outbox.MailResult{
		{ID: owed[0].ID, Outcome: outbox.MailUndelivered, Reason: "no such mailbox"},
		{ID: owed[1].ID, Outcome: outbox.MailSent},
		{ID: owed[2].ID, Outcome: outbox.MailWithdrawn, Reason: "nobody needs it"},
	}))
	return id, owed
}

// resend is the operator's word under the request id.
func (f fixture) resend(w outbox.Which, requestID string) (Resent, error) {
	f.t.Helper()
	return f.ResendMail(f.t.Context(), w, postmaster, command.Terms[Resent]{
		Claim: command.Claim{CallerTenantID: "operator", Route: "mail resend", Key: requestID, Fingerprint: "same"},
		Answer: func(_ Resent, refusal *kernel.Refusal) (answer command.Answer, err error) {
			if refusal == nil {
				answer.Status = http.StatusOK
			}
			return answer, nil
		},
		Origin: kernel.Origin{Via: kernel.ByOperator, Operator: "root"},
	})
}

// R-204, I-4: what could not be delivered is listed, and sent again by an operator's word: once, under its own Message-ID, for as long
// as if it were owed from now on. Both parties' logs say so, and not to whom.
func TestUndeliveredMailIsSentAgain(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id, owed := f.undelivered("r1")
		f.clock.advance(100 * time.Hour)
		listed, count, err := f.UndeliveredMail(t.Context(), outbox.Subject{}, 10)
		require.NoError(t, err)
		require.Equal(t, 1, count)
		require.Len(t, listed, 1)
		require.Equal(t, owed[0].ID, listed[0].ID)
		require.Equal(t, "no such mailbox", listed[0].LastError)
		require.Equal(t, start, listed[0].EndedAt)
		listed, count, err = f.UndeliveredMail(t.Context(), transferstore.Subject(newID(99)), 10)
		require.NoError(t, err)
		require.Zero(t, count)
		require.Empty(t, listed)

		before := f.contents()
		for _, not := range []int64{owed[1].ID, owed[2].ID, 4711} {
			_, err = f.resend(outbox.Which{IDs: []int64{owed[0].ID, not}}, "refused")
			require.ErrorIs(t, err, kernel.InvalidInput)
		}
		require.Equal(t, before, f.contents(), "all that are named, or none")

		done, err := f.resend(outbox.Which{IDs: []int64{owed[0].ID}}, "again")
		require.NoError(t, err)
		require.Equal(t, Resent{Mails: []int64{owed[0].ID}}, done)
		_, err = f.resend(outbox.Which{IDs: []int64{owed[0].ID}}, "again")
		var repeated *command.Repeated
		require.ErrorAs(t, err, &repeated)
		waiting, err := f.MailWaiting(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, waiting.Count)
		require.Zero(t, waiting.Oldest)

		again := f.claimMail("relay", 50, 50)
		require.Len(t, again, 1)
		require.Equal(t, owed[0].MessageID, again[0].MessageID)
		require.Equal(t, owed[0].OwedAt, again[0].OwedAt)
		require.Zero(t, again[0].Age, "it is not given up at its first failure")
		require.Equal(t, 1, again[0].Attempts)
		require.NoError(t, f.RecordMail(t.Context(), "relay", []outbox.MailResult{{ID: again[0].ID, Outcome: outbox.MailUndelivered, Reason: "still none"}}))
		listed, _, err = f.UndeliveredMail(t.Context(), transferstore.Subject(id), 10)
		require.NoError(t, err)
		require.Equal(t, "postmaster", listed[0].ResentBy)
		require.Equal(t, f.clock.Now(), listed[0].ResentAt)

		var said []string
		for _, partner := range []string{sourceID, targetID} {
			log, err := f.LogOf(t.Context(), id, partner)
			require.NoError(t, err)
			last := log[len(log)-1]
			var detail transfer.AuditDetail
			require.NoError(t, json.Unmarshal([]byte(last.NewValue), &detail))
			require.Equal(t, transfer.AuditDetail{
				Event: transfer.EventMailResent, Status: transfer.Pending, By: kernel.RoleOperator,
				Origin: &kernel.Origin{Via: kernel.ByOperator, Operator: "root"},
			}, detail)
			said = append(said, last.PartnerTenantID)
		}
		require.ElementsMatch(t, []string{sourceID, targetID}, said)
		f.holds()
	})
}

// All that is undelivered, or all about one transfer; two operators at one instant send each once.
func TestUndeliveredMailIsSentAgainTogether(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		one, _ := f.undelivered("r1")
		_, _ = f.undelivered("r2")
		_, third := f.undelivered("r3")
		done, err := f.resend(outbox.Which{About: transferstore.Subject(one)}, "about one")
		require.NoError(t, err)
		require.Len(t, done.Mails, 1)

		var two sync.WaitGroup
		counts := make([]int, 2)
		for n := range counts {
			two.Go(func() {
				done, err := f.resend(outbox.Which{}, []string{"first", "second"}[n])
				if err != nil {
					t.Error(err)
				}
				counts[n] = len(done.Mails)
			})
		}
		two.Wait()
		require.Equal(t, 2, counts[0]+counts[1])
		again := f.claimMail("relay", 50, 50)
		require.Len(t, again, 3)
		require.Equal(t, third[0].MessageID, again[2].MessageID)
		nothing, err := f.resend(outbox.Which{}, "nothing")
		require.NoError(t, err)
		require.Empty(t, nothing.Mails)
		f.holds()
	})
}

// What a thousand leave over is said, and follows with the next word.
func TestResentMailIsBounded(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id := f.pending("r1").ID
		f.behind(`INSERT INTO notifications (subject_id, subject_kind, event, audience, recipient, locale, message_id, fair_key, undelivered_at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
			SELECT '` + id + `', 'transfer', 'created', 'source', 'agent' || i || '@source.example', 'de-DE', 'many-' || i, '` + targetID + `', '2031-03-01T00:00:00.000000Z' FROM n`)
		done, err := f.resend(outbox.Which{}, "first")
		require.NoError(t, err)
		require.Len(t, done.Mails, mostResent)
		require.Equal(t, 200, done.Left)
		done, err = f.resend(outbox.Which{}, "second")
		require.NoError(t, err)
		require.Len(t, done.Mails, 200)
		require.Zero(t, done.Left)
	})
}

// Mail that a reminder's answer made needless, before that was told apart, is no undelivered mail; the other is.
func TestMailFromBeforeItCouldBeSentAgain(t *testing.T) {
	t.Parallel()
	const before = 17
	row := func(event, reason string) string {
		return `INSERT INTO notifications (subject_id, subject_kind, event, audience, recipient, locale, message_id, owed_at, fair_key, undelivered_at, last_error)
			VALUES ('old-pending', 'transfer', '` + event + `', 'source', 'agent@source.example', 'de-DE', '` + event + `@handover', '2031-02-09T00:00:00.000000Z',
			'` + targetID + `', '2031-02-10T00:00:00.000000Z', '` + reason + `')`
	}
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, before, row("reminder-1", "The request was answered before the reminder could be sent."), row("completed", "no such mailbox"))
			f := opened(t, databaseURL)
			listed, count, err := f.UndeliveredMail(t.Context(), outbox.Subject{}, 10)
			require.NoError(t, err)
			require.Equal(t, 1, count)
			require.Equal(t, "completed@handover", listed[0].MessageID)
			require.Zero(t, listed[0].ResentAt)
			f.holds()
		})
	}
}
