// Package billing is the port to the system that really moves a subscription, and its two adapters: Sandbox, where the
// ledger itself is the billing system, and HTTP, an operator's own.
package billing

import (
	"context"
	"fmt"
	"time"

	"handover/internal/transfer"
)

// Move is one line item on its way to the billing system.
type Move struct {
	Key      string // idempotency key, the same for every attempt: "<transfer id>/<ordinal>"
	Transfer transfer.Transfer
	Item     transfer.LineItem
	Old      transfer.Subscription // as the source has it now
	Attempts int                   // attempts of this item that failed before
}

// Mover moves subscriptions in a billing system. Moving the same key twice has the effect of moving it once and gives
// the same id.
type Mover interface {
	// Move returns the id of the target's new subscription. Errors: *transfer.Refusal with cause ProviderRefused when the
	// item can never move; *Unavailable for everything that another attempt may cure; the context's error.
	Move(ctx context.Context, m Move) (targetSubscriptionID string, err error)
	// Immediate tells whether Move usually answers within milliseconds, so that first attempts may run in bulk inside a
	// workflow task.
	Immediate() bool
}

// Unavailable says that the attempt failed and another may succeed.
type Unavailable struct {
	Cause      transfer.Cause // ProviderUnavailable or StillSyncing
	RetryAfter time.Duration  // what the billing system asked for; zero when it did not say
	Reason     string
}

func (u *Unavailable) Error() string { return u.Reason }

// Unwrap makes errors.Is(err, transfer.StillSyncing) work.
func (u *Unavailable) Unwrap() error { return u.Cause }

// Key is the idempotency key of one line item.
func Key(transferID string, ordinal int) string { return fmt.Sprintf("%s/%d", transferID, ordinal) }
