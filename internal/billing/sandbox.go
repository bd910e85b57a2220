package billing

// The sandbox: nobody else's billing system is asked, the ledger's subscriptions are all there is. Subscriptions of a
// sandbox world can carry a scripted fault, so that every branch of a transfer can be tried by hand.

import (
	"context"
	"time"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// Sandbox is the billing system of a deployment that has none.
type Sandbox struct {
	Now func() time.Time
}

// Move returns the derived id of the new subscription at once, unless the subscription's fault says otherwise:
// transient:N and sync:DURATION are *Unavailable until they are over, refuse:CODE is a *kernel.Refusal with that code,
// slow:DURATION waits. The context's error when it ends first.
func (s Sandbox) Move(ctx context.Context, m Move) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fault, err := subscription.ParseFault(m.Old.SandboxFault)
	if err != nil {
		return "", &Unavailable{Cause: transfer.ProviderUnavailable, Reason: err.Error()}
	}
	if err := wait(ctx, fault.Slow); err != nil {
		return "", err
	}
	if err := s.play(fault, m); err != nil {
		return "", err
	}
	return transfer.TargetSubscriptionID(m.Transfer.ID, m.Item.SubscriptionID), nil
}

// Immediate is true: only a scripted fault takes time.
func (s Sandbox) Immediate() bool { return true }

// Fence promises: nothing moves here but what the ledger records as moved, and the ledger records nothing of what has ended.
func (s Sandbox) Fence(ctx context.Context, _ Question) (string, error) { return "", ctx.Err() }

func (s Sandbox) play(fault subscription.Fault, m Move) error {
	if fault.Refuse != "" {
		return refused(m.Old.ID, fault.Refuse, "its sandboxFault says so.")
	}
	if left := m.Transfer.SubmittedTime.Add(fault.Sync).Sub(s.Now()); fault.Sync > 0 && left > 0 {
		return syncing(m.Old.ID, left)
	}
	if m.Attempts < fault.Transient {
		return unavailable(0, "The sandbox billing system answered 503, as its world says for the first %d attempts.", fault.Transient)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
