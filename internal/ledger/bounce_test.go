package ledger

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/outbox"
	transferstore "handover/internal/transfer/store"
)

// mailed opens a transfer, has its e-mail taken by a mail server, and returns the first of it.
func (f fixture) mailed(requestID string) (id string, first outbox.Owed) {
	f.t.Helper()
	id = f.pending(requestID).ID
	owed := f.claimMail("relay", 50, 50)
	require.NotEmpty(f.t, owed)
	f.taken(owed)
	return id, owed[0]
}

func (f fixture) taken(owed []outbox.Owed) {
	f.t.Helper()
	var results []outbox.MailResult
	for _, o := range owed {
		results = append(results, outbox.MailResult{ID: o.ID, Outcome: outbox.MailSent})
	}
	require.NoError(f.t, f.RecordMail(f.t.Context(), "relay", results))
}

// reportOn is a report that the attempt failed.
func reportOn(o outbox.Owed, attempt int) outbox.Bounce {
	return outbox.Bounce{
		MessageIDs: []string{"elsewhere@relay.example", o.MessageID}, Attempt: attempt,
		Failed: []outbox.Undeliverable{{Addresses: []string{"forwarded@elsewhere.example", strings.ToUpper(o.Recipient)}, Says: "5.1.1, 550 <" + o.Recipient + "> unknown, was forwarded@elsewhere.example"}},
	}
}

func (f fixture) bounced(b outbox.Bounce) outbox.Change {
	f.t.Helper()
	done, err := f.MailBounced(f.t.Context(), b)
	require.NoError(f.t, err)
	return done.Changed
}

// what bounces after a mail server took it is undelivered like what was refused at once: it is listed with the reason and without an
// address, counted, and sent again by an operator's word. A report of the attempt before that changes nothing, however often it comes.
func TestMailThatBounces(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id, first := f.mailed("r1")
		f.clock.advance(time.Hour)
		done, err := f.MailBounced(t.Context(), reportOn(first, 1))
		require.NoError(t, err)
		require.Equal(t, outbox.Bounced{ID: first.ID, About: transferstore.Subject(id), Event: "created", Changed: outbox.NowUndelivered}, done)
		listed, count, err := f.UndeliveredMail(t.Context(), transferstore.Subject(id), 10)
		require.NoError(t, err)
		require.Equal(t, 1, count)
		require.Equal(t, first.ID, listed[0].ID)
		require.Equal(t, "A mail server took it, and one reported afterwards: 5.1.1, 550 <(recipient)> unknown, was (recipient)", listed[0].LastError)
		require.Equal(t, start, listed[0].SentAt)
		require.Equal(t, f.clock.Now(), listed[0].EndedAt)
		waiting, err := f.MailWaiting(t.Context())
		require.NoError(t, err)
		require.Equal(t, outbox.WaitingMail{Undelivered: 1}, waiting)

		stood := f.contents()
		require.Equal(t, outbox.AlreadyEnded, f.bounced(reportOn(first, 1)))
		require.Equal(t, stood, f.contents(), "the same report twice")

		_, err = f.resend(outbox.Which{IDs: []int64{first.ID}}, "again")
		require.NoError(t, err)
		require.Equal(t, outbox.OtherAttempt, f.bounced(reportOn(first, 1)))
		require.Equal(t, outbox.NotSentYet, f.bounced(reportOn(first, 2)))
		require.Equal(t, outbox.NotSentYet, f.bounced(reportOn(first, 0)))
		again := f.claimMail("relay", 50, 50)
		require.Len(t, again, 1)
		require.Equal(t, first.MessageID, again[0].MessageID)
		require.Zero(t, again[0].SentAt)
		for _, attempt := range []int{0, 2} {
			_, err = f.MailBounced(t.Context(), reportOn(first, attempt))
			require.ErrorIs(t, err, outbox.ErrInHand, "it may be the attempt that is under way")
		}
		require.Equal(t, outbox.OtherAttempt, f.bounced(reportOn(first, 1)))
		f.taken(again)
		require.Equal(t, outbox.OtherAttempt, f.bounced(reportOn(first, 1)))
		require.Equal(t, outbox.OtherAttempt, f.bounced(reportOn(first, 3)), "there was none")
		require.Equal(t, outbox.NowUndelivered, f.bounced(reportOn(first, 2)))
		f.holds()
	})
}

// A report without the attempt's number is taken for one of the latest.
func TestABounceThatDoesNotSayOfWhichAttempt(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, first := f.mailed("r1")
		require.Equal(t, outbox.NowUndelivered, f.bounced(reportOn(first, 0)))
		require.Equal(t, outbox.AlreadyEnded, f.bounced(reportOn(first, 0)))
	})
}

// Nobody vouches for a report. One that is about none of our mail, or about another recipient, changes nothing; nor does one about mail that
// was never sent, or is not needed any more.
func TestForgedBounces(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		_, first := f.mailed("r1")
		_, ended := f.undelivered("r2")
		waiting := f.pending("r3").ID
		unsent, err := f.Notifications(t.Context(), transferstore.Subject(waiting))
		require.NoError(t, err)
		stood := f.contents()
		for name, b := range map[string]outbox.Bounce{
			"another recipient": {MessageIDs: []string{first.MessageID}, Failed: []outbox.Undeliverable{{Addresses: []string{"x@y.example", ""}}}},
			"no recipient":      {MessageIDs: []string{first.MessageID}},
			"another mail":      {MessageIDs: []string{"x@handover"}, Failed: reportOn(first, 1).Failed},
			"no mail":           {Failed: reportOn(first, 1).Failed},
		} {
			_, err := f.MailBounced(t.Context(), b)
			require.ErrorIs(t, err, kernel.InvalidInput, name)
		}
		require.Equal(t, outbox.AlreadyEnded, f.bounced(reportOn(ended[2], 1)), "withdrawn")
		require.Equal(t, outbox.AlreadyEnded, f.bounced(reportOn(ended[0], 1)), "refused at once")
		require.Equal(t, outbox.NotSentYet, f.bounced(reportOn(outbox.Owed{Notification: unsent[0]}, 1)))
		require.Equal(t, stood, f.contents())
	})
}

// Two reports at one instant are one bounce, and a long reason is kept short.
func TestBouncesAtOneInstant(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		id, first := f.mailed("r1")
		b := reportOn(first, 1)
		b.Failed[0].Says = strings.Repeat("\x1b[31mno\n", 100_000)
		var all sync.WaitGroup
		changes := make([]outbox.Change, 4)
		for n := range changes {
			all.Go(func() {
				done, err := f.MailBounced(t.Context(), b)
				if err != nil {
					t.Error(err)
				}
				changes[n] = done.Changed
			})
		}
		all.Wait()
		require.ElementsMatch(t, []outbox.Change{outbox.NowUndelivered, outbox.AlreadyEnded, outbox.AlreadyEnded, outbox.AlreadyEnded}, changes)
		listed, _, err := f.UndeliveredMail(t.Context(), transferstore.Subject(id), 10)
		require.NoError(t, err)
		require.Less(t, len(listed[0].LastError), 600)
		require.NotContains(t, listed[0].LastError, "\x1b")
	})
}
