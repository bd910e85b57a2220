package activities

import (
	"context"
	"time"

	"handover/internal/transfer"
)

// Plan is what the worker's deployment decided about a transfer when it was opened. It is recorded in the history, so that
// a changed configuration never changes a transfer under way.
type Plan struct {
	Policy    transfer.Policy `json:"policy"`
	Immediate bool            `json:"immediate"` // the billing system answers at once: first attempts run in bulk
}

// Opened is what the workflow learns when its transfer becomes Pending.
type Opened struct {
	State             transfer.State `json:"state"`
	TargetPartnerName string         `json:"targetPartnerName"`
	Plan              Plan           `json:"plan"`
}

// OpenTransfer rechecks the prerequisites and writes the transfer as Pending (T1). Failures: every refusal of
// transfer.Policy.Normalize and CheckOpen, RequestIDReused.
func (a *Activities) OpenTransfer(ctx context.Context, r transfer.Request) (Opened, error) {
	t, err := a.Ledger.OpenTransfer(ctx, r)
	if err != nil {
		return Opened{}, failure(err)
	}
	return Opened{
		State:             t.State,
		TargetPartnerName: t.TargetPartnerName,
		Plan:              Plan{Policy: a.Policy, Immediate: a.Mover.Immediate()},
	}, nil
}

// SubmitTransfer checks the selection and writes its line items, all or nothing (T2, R-153). Failures: every refusal of
// transfer.Policy.Select and Decide.
func (a *Activities) SubmitTransfer(ctx context.Context, id string, s Submission) (transfer.State, error) {
	defer heartbeat(ctx)()
	t, err := a.Ledger.Submit(ctx, id, s)
	return stateOf(t, err)
}

// CancelTransfer withdraws the request (T3).
func (a *Activities) CancelTransfer(ctx context.Context, id string, d Decision) (transfer.State, error) {
	defer heartbeat(ctx)()
	t, err := a.Ledger.Cancel(ctx, id, d)
	return stateOf(t, err)
}

// DeclineTransfer records the source's no (T7, R-15).
func (a *Activities) DeclineTransfer(ctx context.Context, id string, d Decision) (transfer.State, error) {
	defer heartbeat(ctx)()
	t, err := a.Ledger.Decline(ctx, id, d)
	return stateOf(t, err)
}

// ExpireTransfer ends a request nobody answered (T4). Before its time it fails retryably.
func (a *Activities) ExpireTransfer(ctx context.Context, id string) (transfer.State, error) {
	t, err := a.Ledger.Expire(ctx, id)
	return stateOf(t, err)
}

// CloseTransfer ends a transfer none of whose line items is running (T5, T6).
func (a *Activities) CloseTransfer(ctx context.Context, id string) (transfer.State, error) {
	t, err := a.Ledger.CloseTransfer(ctx, id)
	return stateOf(t, err)
}

func stateOf(t transfer.Transfer, err error) (transfer.State, error) {
	if err != nil {
		return transfer.State{}, failure(err)
	}
	return t.State, nil
}

// FlagOverdue marks a transfer whose items still run 72 hours after submit.
func (a *Activities) FlagOverdue(ctx context.Context, id string) error {
	return failure(a.Ledger.FlagOverdue(ctx, id))
}

// RemindSource queues the n-th reminder to the source of a request that waits; MailParties delivers it.
func (a *Activities) RemindSource(ctx context.Context, id string, n int) error {
	return failure(a.Ledger.Remind(ctx, id, n))
}

// RecordRefusal audits a decision that was not accepted and for which nobody waits for the answer.
func (a *Activities) RecordRefusal(ctx context.Context, r Refused) error {
	return failure(a.Ledger.RecordRefused(ctx, r))
}

// GiveUp is an operator's word to stop retrying one line item.
type GiveUp struct {
	RequestID string         `json:"requestId"`
	Actor     transfer.Actor `json:"actor"`
	Item      int            `json:"item"` // ordinal
	Reason    string         `json:"reason"`
}

// GiveUpItem ends one line item as Failed with the operator's reason. Failures: ItemNotFound, ItemEnded, ReasonMissing,
// WrongParty.
func (a *Activities) GiveUpItem(ctx context.Context, id string, g GiveUp) (transfer.ItemEntity, error) {
	defer heartbeat(ctx)()
	item, err := a.Ledger.GiveUp(ctx, id, g.Item, g.Reason, g.RequestID, g.Actor)
	if err != nil {
		return transfer.ItemEntity{}, failure(err)
	}
	return transfer.OperatorItem(item), nil
}

// quickLimit bounds one item's share of a bulk attempt; what takes longer goes on in an activity of its own.
const quickLimit = time.Second
