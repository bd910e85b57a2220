package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/notify"
	"handover/internal/transfer"
	"handover/workflows"
)

var errBusy = errors.New("451 try later")

// e-mail that fails for three days never holds up the state; it only keeps the run open, and then is given up.
func TestMailNeverHoldsUpTheState(t *testing.T) {
	w := newWorld(t, 2)
	w.mailFails(transfer.EventCompleted)
	w.approveAt(time.Hour)
	w.at(time.Hour+time.Second, func() {
		s := w.snapshot()
		require.Equal(t, transfer.Complete, s.Transfer.Status)
		require.Equal(t, []string{"completed"}, s.Mail)
		require.Equal(t, transfer.Complete, w.ledger.transfer.Status)
		found, _ := w.seen.attributes.GetKeyword(workflows.StatusKey)
		require.Equal(t, string(transfer.Complete), found)
		require.Contains(t, w.details(), "stays open until its e-mail is delivered")
	})
	w.becomes(transfer.Complete)
	require.Equal(t, created.Add(time.Hour), w.ledger.transfer.CompletedTime)
	require.WithinRange(t, w.Now(), created.Add(72*time.Hour), created.Add(73*time.Hour))
	require.NotContains(t, w.details(), "stays open")
	require.Len(t, w.mail.sent, 2)
}

// mailFails makes every e-mail of the event fail for ever.
func (w *world) mailFails(event transfer.Event) {
	w.mail.script = func(m notify.Mail) error {
		if m.Event == string(event) {
			return errBusy
		}
		return nil
	}
}

// I-4: what was delivered is not sent again when a sibling is tried again.
func TestMailIsSentOncePerRecipient(t *testing.T) {
	w := newWorld(t, 1)
	refusals := 5
	w.mail.script = func(m notify.Mail) error {
		if m.Audience == transfer.ToCustomer && refusals > 0 {
			refusals--
			return errBusy
		}
		return nil
	}
	w.approveAt(time.Hour)
	w.becomes(transfer.Complete)
	require.ElementsMatch(t, []string{
		"created to source", "created to customer", "completed to source", "completed to target", "completed to customer",
	}, w.mail.sent)
}

// an address that will never work holds up nobody.
func TestUndeliverableMail(t *testing.T) {
	w := newWorld(t, 1)
	w.mail.script = func(m notify.Mail) error {
		if m.Audience == transfer.ToCustomer {
			return &notify.PermanentError{Reason: "no such user"}
		}
		return nil
	}
	w.approveAt(time.Hour)
	w.becomes(transfer.Complete)
	require.Equal(t, created.Add(time.Hour), w.Now().UTC())
}
