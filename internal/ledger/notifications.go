package ledger

// The notification log: which e-mails an event owes, and what became of each (R-204, I-4).

import (
	"context"
	"fmt"
	"time"
)

// logged are the columns of a notification, as they are read.
const logged = `id, transfer_id, event, audience, recipient, locale, message_id, owed_at, attempts, sent_at, last_error`

func loggedFields(n *Notification) []any {
	return []any{
		&n.ID, &n.TransferID, &n.Event, &n.Audience, &n.Recipient, &n.Locale, &n.MessageID, (*stamp)(&n.OwedAt), &n.Attempts,
		(*stamp)(&n.SentAt), &n.LastError,
	}
}

const selectNotifications = `SELECT ` + logged + ` FROM notifications n WHERE n.transfer_id = $1`

var (
	selectLog    = both(selectNotifications + ` ORDER BY n.id`)
	selectUnsent = both(selectNotifications + ` AND n.event = $2 AND n.sent_at IS NULL AND n.undelivered_at IS NULL ORDER BY n.id`)
)

// Notifications are all e-mails of the transfer, in the order in which they were owed.
func (l *Ledger) Notifications(ctx context.Context, transferID string) ([]Notification, error) {
	lower(&transferID)
	return l.notifications(ctx, selectLog, transferID)
}

// Unsent are the e-mails of the event that are still to be sent: neither sent nor known to be undeliverable.
func (l *Ledger) Unsent(ctx context.Context, transferID, event string) ([]Notification, error) {
	lower(&transferID)
	return l.notifications(ctx, selectUnsent, transferID, event)
}

func (l *Ledger) notifications(ctx context.Context, st statement, args ...any) ([]Notification, error) {
	return read(ctx, l, "read notifications", func(s session) ([]Notification, error) {
		return all(ctx, s, st, loggedFields, args...)
	})
}

var (
	markSent = both(`UPDATE notifications SET sent_at = $2, undelivered_at = NULL, attempts = attempts + 1
		WHERE id = $1 AND sent_at IS NULL`)
	markUndelivered = both(`UPDATE notifications SET last_error = $2, undelivered_at = COALESCE(undelivered_at, $3), attempts = attempts + 1
		WHERE id = $1 AND sent_at IS NULL`)
	selectNotification = both(`SELECT n.id FROM notifications n WHERE n.id = $1`)
)

// RecordSent notes that the mail server accepted the e-mail. One that was sent before stays as it is.
func (l *Ledger) RecordSent(ctx context.Context, id int64) error {
	return l.mark(ctx, markSent, id, stamp(l.now()))
}

// RecordUndelivered notes a failed attempt and its reason. A final one is the last: the e-mail can never be delivered and
// is not unsent any more. One that was sent before stays as it is.
func (l *Ledger) RecordUndelivered(ctx context.Context, id int64, reason string, final bool) error {
	var ended time.Time
	if final {
		ended = l.now()
	}
	return l.mark(ctx, markUndelivered, id, reason, stamp(ended))
}

// mark changes a notification and makes sure that there is one.
func (l *Ledger) mark(ctx context.Context, st statement, id int64, args ...any) error {
	_, err := write(ctx, l, "record a notification", func(s session) (int64, error) {
		changed, err := s.exec(ctx, st, append([]any{id}, args...)...)
		if err != nil || changed > 0 {
			return changed, err
		}
		return known(ctx, s, fmt.Errorf("there is no notification %d", id), selectNotification, value[int64], id)
	})
	return err
}
