package ledger

// The notification log: which e-mails an event owes, and what became of each (R-204, I-4).

import (
	"context"

	"handover/internal/store"
)

// logged are the columns of a notification, as they are read.
const logged = `id, transfer_id, event, audience, recipient, locale, message_id, owed_at, attempts, sent_at, undelivered_at IS NOT NULL, last_error`

func loggedFields(n *Notification) []any {
	return []any{
		&n.ID, &n.TransferID, &n.Event, &n.Audience, &n.Recipient, &n.Locale, &n.MessageID, (*store.Stamp)(&n.OwedAt), &n.Attempts,
		(*store.Stamp)(&n.SentAt), &n.Ended, &n.LastError,
	}
}

var selectLog = store.Both(`SELECT ` + logged + ` FROM notifications n WHERE n.transfer_id = $1 ORDER BY n.id`)

// Notifications are all e-mails of the transfer, in the order in which they were owed.
func (l *Ledger) Notifications(ctx context.Context, transferID string) ([]Notification, error) {
	lower(&transferID)
	return read(ctx, l, "read notifications", func(s session) ([]Notification, error) {
		return store.All(ctx, s, selectLog, loggedFields, transferID)
	})
}
