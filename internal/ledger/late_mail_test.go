package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transfermail "handover/internal/transfer/mail"
	transferstore "handover/internal/transfer/store"
)

// mail that went out late, after a mail server was away or because an operator had it sent again, asks nobody for what is
// over, and tells every end. What is not sent is withdrawn, with the reason, and no undelivered mail.
func TestMailThatGoesOutLate(t *testing.T) {
	const asks, reminder, customer = "created to source", "reminder-1 to source", "created to customer"
	for name, c := range map[string]struct {
		meanwhile func(f fixture, tr transfer.Transfer)
		sent      []string
		why       string
	}{
		"it waits": {func(fixture, transfer.Transfer) {}, []string{asks, customer, reminder}, ""},
		"the target withdrew it": {func(f fixture, tr transfer.Transfer) {
			_, err := f.Cancel(f.t.Context(), tr.ID, transfer.Decision{RequestID: "c", Actor: asTarget})
			require.NoError(f.t, err)
		}, nil, "over (Cancel)"},
		"the source declined": {func(f fixture, tr transfer.Transfer) {
			_, err := f.Decline(f.t.Context(), tr.ID, transfer.Decision{Actor: asSource})
			require.NoError(f.t, err)
		}, []string{"declined to target"}, "over (Reject)"},
		"its time is over, and nobody has written it yet": {func(f fixture, tr transfer.Transfer) {
			f.clock.advance(tr.ExpirationTime.Sub(f.clock.Now()))
		}, nil, "had expired"},
		"it expired": {func(f fixture, tr transfer.Transfer) {
			f.clock.advance(tr.ExpirationTime.Sub(f.clock.Now()))
			_, err := f.Expire(f.t.Context(), tr.ID)
			require.NoError(f.t, err)
		}, nil, "over (Expired)"},
		"a day is left": {func(f fixture, tr transfer.Transfer) {
			f.clock.advance(tr.ExpirationTime.Sub(f.clock.Now()) - time.Hour)
		}, []string{asks, customer}, "next reminder"},
		"the source approved": {func(f fixture, tr transfer.Transfer) {
			_, err := f.Submit(f.t.Context(), tr.ID, picking("s", 0))
			require.NoError(f.t, err)
		}, []string{customer}, "approved"},
		"it is complete": {func(f fixture, tr transfer.Transfer) {
			submitted, err := f.Submit(f.t.Context(), tr.ID, picking("s", 0))
			require.NoError(f.t, err)
			f.closed(submitted, moved(0))
		}, []string{"completed to source", "completed to target", "completed to customer"}, "over (Complete)"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
				tr := f.pending("r1")
				_, err := f.Remind(t.Context(), tr.ID, 1)
				require.NoError(t, err)
				c.meanwhile(f, tr)
				f.clock.advance(time.Second)
				sent, withdrawn := f.goesOut(tr.ID)
				require.ElementsMatch(t, c.sent, sent)
				for what, why := range withdrawn {
					require.Contains(t, why, c.why, what)
				}
				require.Equal(t, c.why == "", len(withdrawn) == 0)
				_, count, err := f.UndeliveredMail(t.Context(), outbox.Subject{}, 10)
				require.NoError(t, err)
				require.Zero(t, count)
				f.holds()
			})
		})
	}
}

// goesOut has all e-mail about the transfer written and recorded as a relay would, and tells what was sent to whom, and why the rest was not.
func (f fixture) goesOut(id string) (sent []string, withdrawn map[string]string) {
	f.t.Helper()
	told, err := transfermail.New(f.Ledger, "").Subjects(f.t.Context(), []string{id})
	require.NoError(f.t, err)
	var results []outbox.MailResult
	for _, o := range f.claimMail("relay", 50, 50) {
		_, err := told[id].Letter(o.Notification)
		result := outbox.MailResult{ID: o.ID, Outcome: outbox.MailSent}
		var needless *notify.WithdrawnError
		if errors.As(err, &needless) {
			result.Outcome, result.Reason, err = outbox.MailWithdrawn, needless.Reason, nil
		}
		require.NoError(f.t, err)
		results = append(results, result)
	}
	require.NoError(f.t, f.RecordMail(f.t.Context(), "relay", results))
	log, err := f.Notifications(f.t.Context(), transferstore.Subject(id))
	require.NoError(f.t, err)
	seen, withdrawn := map[string]bool{}, map[string]string{}
	for _, n := range log {
		what := n.Event + " to " + n.Audience
		switch {
		case n.SentAt.IsZero():
			require.True(f.t, n.Ended, what)
			withdrawn[what] = n.LastError
		case !seen[what]:
			seen[what], sent = true, append(sent, what)
		}
	}
	return sent, withdrawn
}
