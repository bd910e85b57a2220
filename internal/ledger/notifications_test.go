package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/programme"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// I-4: each e-mail has its own stable Message-ID and its recipient's language; once sent it is not unsent again.
func TestNotificationIsSentOnce(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		unsent := f.unsent(tr.ID, transfer.EventCreated)
		require.Len(t, unsent, 3)
		last := unsent[2]
		require.Equal(t, outbox.Notification{
			ID: last.ID, Subject: transferstore.Subject(tr.ID), Event: "created", Audience: "customer", Recipient: "it@contoso.example",
			Locale: "fr-FR", MessageID: "0302156685fef93729c3fa289744d016@handover", OwedAt: start,
		}, last)
		require.Regexp(t, `^[0-9a-f]{32}@handover$`, last.MessageID)
		require.Equal(t, "de-DE", unsent[0].Locale)
		require.NotEqual(t, unsent[0].MessageID, unsent[1].MessageID)

		_, err := f.ClaimMail(t.Context(), "relay", "", 10, 10, time.Hour)
		require.NoError(t, err)
		require.NoError(t, f.RecordMail(t.Context(), "relay", []outbox.MailResult{{ID: last.ID, Outcome: outbox.MailSent}}))
		before := f.contents()
		f.clock.advance(time.Minute)
		require.NoError(t, f.RecordMail(t.Context(), "relay", []outbox.MailResult{{ID: last.ID, Outcome: outbox.MailUndelivered, Reason: "too late"}}))
		require.Equal(t, before, f.contents())
		require.Equal(t, []string{sourceAgent, "second@source.example"}, f.mail(tr.ID, transfer.EventCreated))
		f.holds()
	})
}

// a failed attempt is noted and repeated; a recipient that can never be reached is given up.
func TestNotificationThatCannotBeDelivered(t *testing.T) {
	onBoth(t, worldOf(1), func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		unsent := f.unsent(tr.ID, transfer.EventCreated)
		_, err := f.ClaimMail(t.Context(), "relay", "", 10, 10, time.Hour)
		require.NoError(t, err)
		require.NoError(t, f.RecordMail(t.Context(), "relay", []outbox.MailResult{
			{ID: unsent[0].ID, Outcome: outbox.MailAgain, Reason: "greylisted", After: time.Minute},
			{ID: unsent[1].ID, Outcome: outbox.MailUndelivered, Reason: "no such mailbox"},
		}))

		again := f.unsent(tr.ID, transfer.EventCreated)
		require.Len(t, again, 2)
		require.Equal(t, unsent[0].ID, again[0].ID)
		require.Equal(t, 1, again[0].Attempts)
		require.Equal(t, "greylisted", again[0].LastError)
		require.Equal(t, unsent[0].MessageID, again[0].MessageID)
		f.holds()
	})
}

// I-4: somebody who is an admin agent and the customer's address too is told once, and agents without an address not at all.
func TestNotificationPerRecipient(t *testing.T) {
	w := worldOf(1)
	w.Partners[0].Users = []programme.User{
		programme.Agent(sourceAgent, "it@contoso.example"), {UserID: "silent"}, programme.Agent("b", "b@source.example"),
	}
	onBoth(t, w, func(t *testing.T, f fixture) {
		tr := f.pending("r1")
		require.Equal(t, []string{"it@contoso.example", "b@source.example"}, f.mail(tr.ID, transfer.EventCreated))
		f.holds()
	})
}
