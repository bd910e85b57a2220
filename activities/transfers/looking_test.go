package transfers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/activities/failing"
	activities "handover/activities/transfers"
	"handover/internal/kernel"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

func TestLook(t *testing.T) {
	w := newWorld(t, 3, nil)
	at, err := w.Look(t.Context(), w.id, activities.Watched{})
	require.NoError(t, err)
	require.Equal(t, transfer.Standing{Missing: true}, at)
	at, err = w.Look(t.Context(), w.id, activities.Watched{Known: "a record"})
	require.NoError(t, err)
	require.True(t, at.Behind, "a run that knows better takes it for a ledger that was restored")

	w.opened()
	at, err = w.Look(t.Context(), w.id, activities.Watched{})
	require.NoError(t, err)
	require.Equal(t, transfer.Pending, at.Status)
	require.Equal(t, transfer.DueReminder, at.NextIs)

	w.submitted()
	moving, err := w.Look(t.Context(), w.id, activities.Watched{Known: at.ChangeID})
	require.NoError(t, err)
	require.False(t, moving.Behind)
	require.Equal(t, transfer.Ordinals("0-2"), moving.Open)
	part, err := w.Look(t.Context(), w.id, activities.Watched{From: 1, To: 2})
	require.NoError(t, err)
	require.Equal(t, transfer.Ordinals("1"), part.Open)
}

// What the time brings about happens when its time has come, once, and never twice; too early or too late it is told how the
// transfer stands.
func TestWhatTheTimeBringsAbout(t *testing.T) {
	type step = func(context.Context, *world) (transfer.Standing, error)
	expire := func(ctx context.Context, w *world) (transfer.Standing, error) { return w.Expire(ctx, w.id) }
	remind := func(ctx context.Context, w *world) (transfer.Standing, error) { return w.RemindSource(ctx, w.id, 1) }
	flag := func(ctx context.Context, w *world) (transfer.Standing, error) { return w.FlagOverdue(ctx, w.id) }
	closing := func(ctx context.Context, w *world) (transfer.Standing, error) { return w.Close(ctx, w.id) }
	late := func(ctx context.Context, w *world) (transfer.Standing, error) { return w.GiveUpLate(ctx, w.id) }
	end := transfer.ExpirationTime(start).Sub(start)
	for name, c := range map[string]struct {
		of     func(*testing.T, int) *world
		after  time.Duration
		step   step
		status transfer.Status
	}{
		"expire early":     {pending, end - time.Second, expire, transfer.Pending},
		"expire":           {pending, end, expire, transfer.Expired},
		"expire submitted": {moving, end, expire, transfer.InProgress},
		"remind":           {pending, end - time.Hour, remind, transfer.Pending},
		"remind late":      {moving, end - time.Hour, remind, transfer.InProgress},
		"flag":             {moving, 72 * time.Hour, flag, transfer.InProgress},
		"flag a request":   {pending, 72 * time.Hour, flag, transfer.Pending},
		"close":            {moving, time.Hour, closing, transfer.InProgress},
		"no deadline":      {moving, time.Hour, late, transfer.InProgress},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.of(t, 1)
			w.clock.advance(c.after)
			first, err := c.step(t.Context(), w)
			require.NoError(t, err)
			require.Equal(t, c.status, first.Status)
			again, err := c.step(t.Context(), w)
			require.NoError(t, err)
			require.Equal(t, first, again)
			stored, err := w.ledger.Transfer(t.Context(), w.id)
			require.NoError(t, err)
			require.Equal(t, c.status, stored.Status)
		})
	}
}

// The end of a transfer hands over its mail, and telling so cannot fail.
func TestCloseAndNotify(t *testing.T) {
	w := moving(t, 1)
	w.window()
	at, err := w.Close(t.Context(), w.id)
	require.NoError(t, err)
	require.Equal(t, transfer.Complete, at.Status)
	woken := 0
	w.HandOver = func() { woken++ }
	for range 2 {
		handed, err := w.NotifyParties(t.Context(), at)
		require.NoError(t, err)
		require.Equal(t, transfer.MailCounts{Source: 1, Target: 1, Customer: 1}, handed)
	}
	require.Equal(t, 2, woken)
	w.HandOver = nil
	_, err = w.NotifyParties(t.Context(), at)
	require.NoError(t, err)
}

// The run of a large transfer is told when a range has nothing left, and not before.
func TestRangeMoved(t *testing.T) {
	w := moving(t, 3)
	claimed := func() int {
		runs, err := w.ledger.ClaimRuns(t.Context(), 10, 10)
		require.NoError(t, err)
		require.NoError(t, w.ledger.RunsTold(t.Context(), runs))
		return len(runs)
	}
	require.Equal(t, 1, claimed(), "of the submit")
	require.NoError(t, w.RangeMoved(t.Context(), activities.Window{TransferID: w.id, From: 0, To: 2}))
	require.Zero(t, claimed())
	_, err := w.MoveWindow(t.Context(), w.id, "0-1")
	require.NoError(t, err)
	require.NoError(t, w.RangeMoved(t.Context(), activities.Window{TransferID: w.id, From: 0, To: 2}))
	require.Equal(t, 1, claimed())
	requireRefusal(t, transfer.NotFound, w.RangeMoved(t.Context(), activities.Window{TransferID: "another", To: 2}))
}

// Every step about a transfer that does not exist is refused, but for the look.
func TestStepsOnNoTransfer(t *testing.T) {
	w := newWorld(t, 1, nil)
	ctx := t.Context()
	for name, step := range map[string]func() (transfer.Standing, error){
		"expire": func() (transfer.Standing, error) { return w.Expire(ctx, "no") },
		"close":  func() (transfer.Standing, error) { return w.Close(ctx, "no") },
		"flag":   func() (transfer.Standing, error) { return w.FlagOverdue(ctx, "no") },
		"late":   func() (transfer.Standing, error) { return w.GiveUpLate(ctx, "no") },
		"remind": func() (transfer.Standing, error) { return w.RemindSource(ctx, "no", 1) },
	} {
		_, err := step()
		require.Error(t, err, name)
		requireRefusal(t, transfer.NotFound, err)
	}
	_, err := w.MoveWindow(ctx, "no", "0")
	requireRefusal(t, transfer.NotFound, err)
	_, err = w.does(w.MoveItem, "no", 0)
	requireRefusal(t, transfer.NotFound, err)
	_, err = w.does(w.FenceItem, "no", 0)
	requireRefusal(t, transfer.NotFound, err)
	require.NoError(t, w.RecordRefusal(ctx, transferstore.Refused{TransferID: "no", Refusal: transfer.NoSuchTransfer()}), "there is no log")
}

func requireRefusal(t *testing.T, cause kernel.Cause, err error) {
	t.Helper()
	refusal, refused := failing.RefusalOf(err)
	require.True(t, refused, "not a refusal: %v", err)
	require.Equal(t, cause, refusal.Cause, refusal.Message)
}
