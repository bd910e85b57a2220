package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/activities"
	"handover/internal/ledger"
	"handover/internal/transfer"
)

// clerk is a ledger that makes every change it is asked for, and remembers what it was asked.
type clerk struct {
	activities.Ledger
	asked []any
	err   error
}

func (c *clerk) did(asked ...any) (transfer.Transfer, error) {
	c.asked = asked
	return transfer.Transfer{ID: "t", TargetPartnerName: "Target", State: transfer.State{Status: transfer.Pending}}, c.err
}

func (c *clerk) OpenTransfer(_ context.Context, r transfer.Request) (transfer.Transfer, error) {
	return c.did("open", r)
}

func (c *clerk) Submit(_ context.Context, id string, s ledger.Submission) (transfer.Transfer, error) {
	return c.did("submit", id, s)
}

func (c *clerk) Cancel(_ context.Context, id string, d ledger.Decision) (transfer.Transfer, error) {
	return c.did("cancel", id, d)
}

func (c *clerk) Decline(_ context.Context, id string, d ledger.Decision) (transfer.Transfer, error) {
	return c.did("decline", id, d)
}

func (c *clerk) CloseTransfer(_ context.Context, id string) (transfer.Transfer, error) {
	return c.did("close", id)
}

func (c *clerk) Transfer(_ context.Context, id string) (transfer.Transfer, error) {
	return c.did("read", id)
}

func (c *clerk) FlagOverdue(_ context.Context, id string) error {
	_, err := c.did("overdue", id)
	return err
}

func (c *clerk) Remind(_ context.Context, id string, n int) error {
	_, err := c.did("remind", id, n)
	return err
}

func (c *clerk) RecordRefused(_ context.Context, r ledger.Refused) error {
	_, err := c.did("refused", r)
	return err
}

func (c *clerk) GiveUp(_ context.Context, id string, ordinal int, reason, requestID string, actor transfer.Actor) (transfer.LineItem, error) {
	_, err := c.did("give up", id, ordinal, reason, requestID, actor)
	return transfer.LineItem{Ordinal: ordinal, Status: transfer.ItemFailed}, err
}

var (
	request    = transfer.Request{RequestID: "create-1"}
	submission = activities.Submission{RequestID: "submit-1"}
	decision   = activities.Decision{RequestID: "decide-1", Reason: "no"}
	refused    = activities.Refused{RequestID: "bad-1"}
	giveUp     = activities.GiveUp{RequestID: "give-up-1", Actor: transfer.Actor{Operator: true}, Item: 7, Reason: "stuck"}
)

// askings are the steps with what each asks of the ledger.
var askings = map[string]struct {
	step  func(context.Context, *activities.Activities) (any, error)
	asked []any
}{
	"open": {func(ctx context.Context, a *activities.Activities) (any, error) { return a.OpenTransfer(ctx, request) }, []any{"open", request}},
	"submit": {func(ctx context.Context, a *activities.Activities) (any, error) {
		return a.SubmitTransfer(ctx, "t", submission)
	}, []any{"submit", "t", submission}},
	"cancel": {func(ctx context.Context, a *activities.Activities) (any, error) {
		return a.CancelTransfer(ctx, "t", decision)
	}, []any{"cancel", "t", decision}},
	"decline": {func(ctx context.Context, a *activities.Activities) (any, error) {
		return a.DeclineTransfer(ctx, "t", decision)
	}, []any{"decline", "t", decision}},
	"close":   {func(ctx context.Context, a *activities.Activities) (any, error) { return a.CloseTransfer(ctx, "t") }, []any{"close", "t"}},
	"overdue": {func(ctx context.Context, a *activities.Activities) (any, error) { return nil, a.FlagOverdue(ctx, "t") }, []any{"overdue", "t"}},
	"remind": {func(ctx context.Context, a *activities.Activities) (any, error) {
		return nil, a.RemindSource(ctx, "t", 2)
	}, []any{"remind", "t", 2}},
	"refused": {func(ctx context.Context, a *activities.Activities) (any, error) {
		return nil, a.RecordRefusal(ctx, refused)
	}, []any{"refused", refused}},
	"give up": {func(ctx context.Context, a *activities.Activities) (any, error) {
		return a.GiveUpItem(ctx, "t", giveUp)
	},
		[]any{"give up", "t", 7, "stuck", "give-up-1", transfer.Actor{Operator: true}}},
}

// Every step asks the ledger for its own change, passes everything on and classifies what comes back.
func TestStepsAskTheLedger(t *testing.T) {
	for name, c := range askings {
		t.Run(name, func(t *testing.T) {
			l := &clerk{}
			a := &activities.Activities{Ledger: l, Mover: &mover{}, Policy: transfer.DefaultPolicy()}
			result, err := c.step(t.Context(), a)
			require.NoError(t, err)
			require.Equal(t, c.asked, l.asked)
			requireChanged(t, result)
			l.err = transfer.Refuse(transfer.NotFound, "No.")
			_, err = c.step(t.Context(), a)
			got, ok := activities.RefusalOf(err)
			require.True(t, ok)
			require.Equal(t, l.err, got)
		})
	}
}

func requireChanged(t *testing.T, result any) {
	t.Helper()
	switch result := result.(type) {
	case transfer.State:
		require.Equal(t, transfer.Pending, result.Status)
	case transfer.ItemEntity:
		require.Equal(t, transfer.ItemFailed, result.Status)
	case activities.Opened:
		require.Equal(t, activities.Opened{
			State: transfer.State{Status: transfer.Pending}, TargetPartnerName: "Target",
			Plan: activities.Plan{Policy: transfer.DefaultPolicy(), Immediate: true},
		}, result)
	}
}
