package activities_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/activities"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/transfer"
)

// outbox is a book with an e-mail of the event to each recipient, and one of another event.
func outbox(recipients ...string) *book {
	b := newBook()
	for i, to := range recipients {
		b.outbox = append(b.outbox, ledger.Notification{
			ID: int64(i), Event: transfer.EventCreated, Audience: transfer.ToSource, Recipient: to, Locale: "en-GB", MessageID: "id-" + to,
		})
	}
	b.outbox = append(b.outbox, ledger.Notification{ID: int64(len(recipients)), Event: transfer.EventCompleted, Recipient: "later"})
	return b
}

func mailCreated(t *testing.T, b *book, m *mailer) error {
	t.Helper()
	return (&activities.Activities{Ledger: b, Mailer: m}).MailParties(t.Context(), "t", string(transfer.EventCreated))
}

func (m *mailer) recipients() []string {
	var all []string
	for _, mail := range m.sent {
		all = append(all, mail.To)
	}
	return all
}

// I-4: once per event and recipient, however often the step is repeated.
func TestMailIsSentOnce(t *testing.T) {
	b, m := outbox("ada", "bob"), &mailer{}
	require.NoError(t, mailCreated(t, b, m))
	require.NoError(t, mailCreated(t, b, m))
	require.Equal(t, []string{"ada", "bob"}, m.recipients())
	require.Equal(t, notify.Mail{
		Event: "created", Audience: transfer.ToSource, To: "ada", Locale: "en-GB", MessageID: "id-ada", Transfer: b.transfer,
	}, m.sent[0])
	require.Equal(t, 1, b.reads, "nothing to send needs no transfer")
}

// an address that will never work is written down, holds up nobody and is not tried again.
func TestUndeliverableMailIsRecorded(t *testing.T) {
	b := outbox("ada", "bob")
	m := &mailer{script: map[string]error{"ada": &notify.PermanentError{Reason: "no such user"}}}
	require.NoError(t, mailCreated(t, b, m))
	require.Equal(t, "no such user", b.outbox[0].LastError)
	m.script = nil
	require.NoError(t, mailCreated(t, b, m))
	require.Equal(t, []string{"bob"}, m.recipients())
}

// I-4: after a passing failure only those are tried again who have nothing yet.
func TestOnlyTheUndeliveredIsRepeated(t *testing.T) {
	b := outbox("ada", "bob", "eve")
	m := &mailer{script: map[string]error{"bob": errors.New("451 busy")}}
	err := mailCreated(t, b, m)
	require.ErrorContains(t, err, "1 of 3 e-mails")
	require.ErrorContains(t, err, "451 busy")
	require.Equal(t, "451 busy", b.outbox[1].LastError)
	m.script = nil
	require.NoError(t, mailCreated(t, b, m))
	require.Equal(t, []string{"ada", "eve", "bob"}, m.recipients())
}

// A ledger that cannot take the news fails the step, so that it is repeated.
func TestMailWithoutLedger(t *testing.T) {
	b := outbox("ada")
	b.sentErr = errDown
	require.ErrorIs(t, mailCreated(t, b, &mailer{}), errDown)
	b = outbox("ada")
	b.err = errDown
	require.ErrorIs(t, mailCreated(t, b, &mailer{}), errDown)
}

// A reminder of a request that was answered meanwhile is not sent any more.
func TestStaleReminderIsWithdrawn(t *testing.T) {
	b, m := outbox("ada"), &mailer{}
	b.outbox[0].Event = transfer.EventReminder + "-1"
	steps := &activities.Activities{Ledger: b, Mailer: m}
	require.NoError(t, steps.MailParties(t.Context(), "t", "reminder-1"))
	require.Empty(t, m.sent, "the transfer is InProgress")
	require.Contains(t, b.outbox[0].LastError, "answered")
}
