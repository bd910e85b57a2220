package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/outbox"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

// beforeOutbox is the version whose e-mails were about transfers only.
const beforeOutbox = 16

// owedBefore are e-mails in every state, as that version left them: sent, given up, put off, in the hands of a relay, and owed.
var owedBefore = []string{
	mailBefore("sent", "1, '2031-02-10T00:00:00.000000Z', NULL, '', '2031-02-09T00:00:00.000000Z', '', NULL"),
	mailBefore("given-up", "5, NULL, '2031-02-10T00:00:00.000000Z', 'no such mailbox', '2031-02-09T00:00:00.000000Z', '', NULL"),
	mailBefore("put-off", "2, NULL, NULL, 'greylisted', '2031-03-01T01:00:00.000000Z', '', NULL"),
	mailBefore("claimed", "0, NULL, NULL, '', '2031-02-09T00:00:00.000000Z', 'relay', '2031-03-01T00:02:00.000000Z'"),
	mailBefore("owed", "0, NULL, NULL, '', '2031-02-09T00:00:00.000000Z', '', NULL"),
}

func mailBefore(event, state string) string {
	return `INSERT INTO notifications (transfer_id, event, audience, recipient, locale, message_id, owed_at, fair_key,
		attempts, sent_at, undelivered_at, last_error, next_at, claim, claimed_until)
		VALUES ('old-pending', '` + event + `', 'customer', 'it@contoso.example', 'de-DE', '` + event + `@handover', '2031-02-09T00:00:00.000000Z', '` + targetID + `', ` + state + `)`
}

// mailColumns are those that stay as they are.
const mailColumns = `event, audience, recipient, locale, message_id, attempts, sent_at, undelivered_at, last_error, owed_at, next_at, claim, claimed_until, fair_key`

// F-5, I-4: every e-mail from before is as it was, under its Message-ID; what is owed, or was in the hands of a relay, is sent once.
func TestMailFromBeforeTheOutboxKnewOtherSubjects(t *testing.T) {
	t.Parallel()
	for name, newURL := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := newURL(t)
			ledgerBefore(t, databaseURL, beforeOutbox, owedBefore...)
			old := oldLedger(t, databaseURL, beforeOutbox)
			var before []string
			rows, err := old.QueryContext(t.Context(), "SELECT id, transfer_id, "+mailColumns+" FROM notifications")
			require.NoError(t, err)
			before = texts(t, rows)
			require.NoError(t, old.Close())

			f := opened(t, databaseURL)
			require.Equal(t, before, f.rows("SELECT id, subject_id, "+mailColumns+" FROM notifications"))
			require.Equal(t, []string{"transfer|email"}, f.rows("SELECT DISTINCT subject_kind, channel FROM notifications"))
			log, err := f.Notifications(t.Context(), transferstore.Subject("old-pending"))
			require.NoError(t, err)
			require.Len(t, log, 6)
			require.Equal(t, "given-up@handover", log[2].MessageID)
			f.holds()

			due := map[string]int{}
			take := func(relay string) {
				t.Helper()
				for _, o := range f.claimMail(relay, 50, 50) {
					if o.Subject.ID == "old-pending" {
						due[o.MessageID]++
					}
					require.NoError(t, f.RecordMail(t.Context(), relay, []outbox.MailResult{{ID: o.ID, Outcome: outbox.MailSent}}))
				}
			}
			take("another relay")
			require.Equal(t, map[string]int{"owed@handover": 1, "old-pending created": 1}, due)
			require.NoError(t, f.RecordMail(t.Context(), "relay", []outbox.MailResult{{ID: log[4].ID, Outcome: outbox.MailUntried}}), "the relay of before gives back")
			f.clock.advance(time.Hour)
			take("another relay")
			require.Equal(t, map[string]int{"owed@handover": 1, "old-pending created": 1, "claimed@handover": 1, "put-off@handover": 1}, due)

			_, err = store.Write(t.Context(), f.DB, "owe again", func(tx store.Tx) (bool, error) {
				return true, outbox.Queue(t.Context(), tx, targetID, outbox.Notification{
					Subject: transferstore.Subject("old-pending"), Event: "created", Audience: "customer", Recipient: "it@contoso.example", OwedAt: f.clock.Now(),
				})
			})
			require.NoError(t, err)
			require.Empty(t, f.claimMail("a third", 50, 50), "what was owed once is not owed again")
			_, err = f.Cancel(t.Context(), "old-pending", transfer.Decision{Actor: asTarget})
			require.NoError(t, err)
			f.holds()
		})
	}
}
