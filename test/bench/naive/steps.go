package naive

import (
	"context"
	"errors"

	"handover/activities/failing"
	activities "handover/activities/transfers"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/outbox"
	"handover/internal/transfer"
	transfermail "handover/internal/transfer/mail"
	transferstore "handover/internal/transfer/store"
)

// Steps are the activities of the naive workflow, on the same methods of the ledger as the real ones.
type Steps struct {
	Ledger *ledger.Ledger
	Mailer *notify.Mailer
	Items  *activities.Activities // moves line items
}

// Open writes the transfer. The update that brought the request was taken once, so the ledger keeps no answer for it.
func (s *Steps) Open(ctx context.Context, r transfer.Request) (transfer.State, error) {
	opened, err := s.Ledger.OpenTransfer(ctx, r, broughtByRun)
	return opened.Transfer.State, final(err)
}

// Submit writes the line items.
func (s *Steps) Submit(ctx context.Context, id string, submission transfer.Approval) (transfer.State, error) {
	submitted, err := s.Ledger.Submit(ctx, id, submission, broughtByRun)
	return submitted.Transfer.State, final(err)
}

// broughtByRun keeps the dispatcher from starting the real workflow.
var broughtByRun = command.Terms[transferstore.Outcome]{ByRun: true}

// MoveItem attempts one line item and fails until it is over.
func (s *Steps) MoveItem(ctx context.Context, id string, ordinal int) (activities.Moved, error) {
	return s.Items.MoveItem(ctx, id, ordinal)
}

// Close ends the transfer.
func (s *Steps) Close(ctx context.Context, id string) (transfer.Status, error) {
	closed, err := s.Items.Close(ctx, id)
	return closed.Status, err
}

// Mail sends the event's e-mails one by one, each on a connection of its own, and records each. No relay is at work on this
// ledger, so what is not sent belongs to nobody else.
func (s *Steps) Mail(ctx context.Context, id string, event transfer.Event) error {
	owed, err := s.Ledger.Notifications(ctx, transferstore.Subject(id))
	if err != nil {
		return err
	}
	about, err := s.Ledger.Transfer(ctx, id)
	if err != nil {
		return final(err)
	}
	for _, n := range owed {
		if n.Event != string(event) || !n.SentAt.IsZero() {
			continue
		}
		if err := s.send(ctx, n, about); err != nil {
			return err
		}
	}
	return nil
}

func (s *Steps) send(ctx context.Context, n outbox.Notification, about transfer.Transfer) error {
	letter, err := transfermail.Letter(n, transferstore.Told{Transfer: about}, "")
	if err != nil {
		return err
	}
	if err := s.Mailer.Send(ctx, notify.Mail{To: n.Recipient, MessageID: n.MessageID, Letter: letter}); err != nil {
		return err
	}
	const nobody = "" // whose claim the mail is
	return s.Ledger.RecordMail(ctx, nobody, []outbox.MailResult{{ID: n.ID, Outcome: outbox.MailSent}})
}

// final keeps Temporal from repeating what was refused.
func final(err error) error {
	var refusal *kernel.Refusal
	if errors.As(err, &refusal) {
		return failing.RefusalError(refusal)
	}
	return err
}
