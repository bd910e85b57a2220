// Package activities holds the steps of a transfer. Each touches the world once and may be repeated: the ledger, the
// billing system and the mail server all recognise what was done before. What may happen is decided in internal/transfer,
// in which order in workflows.
package activities

import (
	"context"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/notify"
	"handover/internal/transfer"
)

// The messages that steps share with the ledger, by a name that workflows may use.
type (
	// Submission is the source's approval of a transfer.
	Submission = ledger.Submission
	// Decision is a cancel by the target or a decline by the source.
	Decision = ledger.Decision
	// Refused is a decision that was not accepted.
	Refused = ledger.Refused
)

// Ledger is what the steps need of the system of record. *ledger.Ledger implements it.
type Ledger interface {
	OpenTransfer(ctx context.Context, r transfer.Request) (transfer.Transfer, error)
	Submit(ctx context.Context, id string, s ledger.Submission) (transfer.Transfer, error)
	Cancel(ctx context.Context, id string, d ledger.Decision) (transfer.Transfer, error)
	Decline(ctx context.Context, id string, d ledger.Decision) (transfer.Transfer, error)
	Expire(ctx context.Context, id string) (transfer.Transfer, error)
	CloseTransfer(ctx context.Context, id string) (transfer.Transfer, error)
	FlagOverdue(ctx context.Context, id string) error
	Remind(ctx context.Context, id string, n int) error
	RecordRefused(ctx context.Context, r ledger.Refused) error

	MoveFacts(ctx context.Context, id string, ordinals []int) (transfer.Transfer, []ledger.MoveFact, error)
	RecordItems(ctx context.Context, id string, results []ledger.ItemResult) ([]transfer.LineItem, error)
	GiveUp(ctx context.Context, id string, ordinal int, reason, requestID string, actor transfer.Actor) (transfer.LineItem, error)

	Transfer(ctx context.Context, id string) (transfer.Transfer, error)
	Unsent(ctx context.Context, id, event string) ([]ledger.Notification, error)
	RecordSent(ctx context.Context, notificationID int64) error
	RecordUndelivered(ctx context.Context, notificationID int64, reason string, final bool) error
}

// Mailer delivers one e-mail. *notify.Mailer implements it.
type Mailer interface {
	// Send returns a *notify.PermanentError when trying again is pointless, any other error when it is not.
	Send(ctx context.Context, m notify.Mail) error
}

// Activities are the steps with what they act on. A nil value serves workflows as type-checked method references.
type Activities struct {
	Ledger Ledger
	Mover  billing.Mover
	Mailer Mailer
	Policy transfer.Policy
}
