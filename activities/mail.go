package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/transfer"
)

// MailParties sends every e-mail of the event that is not sent yet, each at most once per recipient (I-4), and records
// what became of it. It fails while a delivery is worth repeating; a recipient that can never be reached is recorded as
// undelivered and holds up nobody.
func (a *Activities) MailParties(ctx context.Context, id, event string) error {
	stop := heartbeat(ctx)
	defer stop()
	unsent, err := a.Ledger.Unsent(ctx, id, event)
	if err != nil || len(unsent) == 0 {
		return failure(err)
	}
	t, err := a.Ledger.Transfer(ctx, id)
	if err != nil {
		return failure(err)
	}
	if stale(t, event) {
		return a.withdraw(ctx, unsent)
	}
	var failures []error
	for _, n := range unsent {
		err := a.Mailer.Send(ctx, notify.Mail{
			Event: event, Audience: n.Audience, To: n.Recipient, Locale: n.Locale, MessageID: n.MessageID, Transfer: t,
		})
		if err := a.recordDelivery(ctx, n, err); err != nil {
			failures = append(failures, err)
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("%d of %d e-mails are not delivered yet: %w", len(failures), len(unsent), errors.Join(failures...))
	}
	return nil
}

// stale tells that the e-mail asks for something that was done meanwhile.
func stale(t transfer.Transfer, event string) bool {
	return strings.HasPrefix(event, string(transfer.EventReminder)) && t.Status != transfer.Pending
}

// withdraw gives up e-mails that nobody needs any more.
func (a *Activities) withdraw(ctx context.Context, unsent []ledger.Notification) error {
	for _, n := range unsent {
		if err := a.Ledger.RecordUndelivered(ctx, n.ID, "The request was answered before the reminder could be sent.", true); err != nil {
			return failure(err)
		}
	}
	return nil
}

// recordDelivery writes what became of one e-mail and returns the error when it has to be sent again.
func (a *Activities) recordDelivery(ctx context.Context, n ledger.Notification, sent error) error {
	if sent == nil {
		return a.Ledger.RecordSent(ctx, n.ID)
	}
	var permanent *notify.PermanentError
	final := errors.As(sent, &permanent)
	if err := a.Ledger.RecordUndelivered(ctx, n.ID, sent.Error(), final); err != nil {
		return err
	}
	if final {
		return nil
	}
	return sent
}
