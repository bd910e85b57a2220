package transfers

import (
	"context"

	"handover/activities/failing"
	"handover/internal/transfer"
)

// Look tells how the transfer stands in the ledger, which is always right. It changes nothing. A transfer that the ledger
// does not have is no failure but Missing.
func (a *Activities) Look(ctx context.Context, id string, w Watched) (transfer.Standing, error) {
	return standing(a.Ledger.Look(ctx, id, w))
}

// Expire ends a request that nobody answered, if that is so (T4). Failure: NotFound, like all that follow.
func (a *Activities) Expire(ctx context.Context, id string) (transfer.Standing, error) {
	return standing(a.Ledger.Expire(ctx, id))
}

// Close ends a transfer none of whose line items is running, if that is so (T5, T6).
func (a *Activities) Close(ctx context.Context, id string) (transfer.Standing, error) {
	return standing(a.Ledger.CloseTransfer(ctx, id))
}

// FlagOverdue marks a transfer whose items still run 72 hours after submit.
func (a *Activities) FlagOverdue(ctx context.Context, id string) (transfer.Standing, error) {
	return standing(a.Ledger.FlagOverdue(ctx, id))
}

// GiveUpLate ends the line items that still run when the deployment's deadline has passed.
func (a *Activities) GiveUpLate(ctx context.Context, id string) (transfer.Standing, error) {
	return standing(a.Ledger.GiveUpLate(ctx, id))
}

// RemindSource queues the n-th reminder to the source of a request that waits.
func (a *Activities) RemindSource(ctx context.Context, id string, n int) (transfer.Standing, error) {
	return standing(a.Ledger.Remind(ctx, id, n))
}

// RangeMoved lets the run of a large transfer know that a range of its line items has nothing left to go on with.
func (a *Activities) RangeMoved(ctx context.Context, w Window) error {
	return failing.Classified(a.Ledger.RangeMoved(ctx, w.TransferID, w.From, w.To))
}

func standing(now transfer.Standing, err error) (transfer.Standing, error) {
	return now, failing.Classified(err)
}
