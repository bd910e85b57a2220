// Package subscriptions holds the steps about subscriptions by themselves, whatever moves them.
package subscriptions

import (
	"context"
	"errors"
	"time"

	"handover/activities/failing"
	"handover/internal/subscription"
)

// Prefix begins the name of every activity of this room.
const Prefix = "subscription."

// Ledger is what the steps of this room need of the system of record. *ledger.Ledger implements it.
type Ledger interface {
	CancelWhenDue(ctx context.Context, id string) (subscription.Cancellation, error)
	Now() time.Time
}

// Activities are the steps with what they act on. A nil value serves workflows as type-checked method references.
type Activities struct {
	Ledger Ledger
}

// Cancellation is how the scheduled end of a subscription stands.
type Cancellation struct {
	Over bool          `json:"over"`         // it ended, now or before, or is not to end any more
	At   time.Time     `json:"at,omitzero"`  // when to look again
	In   time.Duration `json:"in,omitempty"` // how long that is from now, by the ledger's clock
}

// CancelWhenDue ends the subscription when its scheduled end has come, once, and says when to look again otherwise. One
// that the ledger does not have, because it was restored, is over.
func (a *Activities) CancelWhenDue(ctx context.Context, id string) (Cancellation, error) {
	c, err := a.Ledger.CancelWhenDue(ctx, id)
	switch {
	case errors.Is(err, subscription.Unknown):
		return Cancellation{Over: true}, nil
	case err != nil:
		return Cancellation{}, failing.Classified(err)
	case c.Next.IsZero():
		return Cancellation{Over: true}, nil
	}
	return Cancellation{At: c.Next, In: max(c.Next.Sub(a.Ledger.Now()), time.Second)}, nil
}
