package transfers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/command"
	"handover/internal/kernel"
	"handover/internal/store"
	"handover/internal/transfer"
	transferstore "handover/internal/transfer/store"
)

const (
	goesOn = transfer.ItemInProgress
	moved  = transfer.ItemComplete
	failed = transfer.ItemFailed
)

var (
	busy    = &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "busy"}
	syncing = &billing.Unavailable{Cause: transfer.StillSyncing, Reason: "syncing"}
	refusal = kernel.Refuse(transfer.ProviderRefused, "no")
)

// ordinals are all line items of the transfer.
func (w *world) ordinals() transfer.Ordinals {
	var all []int
	for _, item := range w.items() {
		all = append(all, item.Ordinal)
	}
	return transfer.OrdinalsOf(all)
}

func (w *world) window() activities.Moved {
	w.t.Helper()
	m, err := w.MoveWindow(w.t.Context(), w.id, w.ordinals())
	require.NoError(w.t, err)
	return m
}

// in a window each item stands for itself, whatever becomes of the others; all are written together.
func TestMoveWindow(t *testing.T) {
	for name, c := range map[string]struct {
		id       string
		err      error
		result   activities.Moved
		statuses []transfer.ItemStatus
	}{
		"all move":         {"90000000-0000-4000-8000-000000000001", nil, activities.Moved{Complete: 3}, []transfer.ItemStatus{moved, moved, moved}},
		"one is busy":      {"", busy, activities.Moved{Complete: 2, Open: "1"}, []transfer.ItemStatus{moved, goesOn, moved}},
		"one is refused":   {"", refusal, activities.Moved{Complete: 2, Failed: 1}, []transfer.ItemStatus{moved, failed, moved}},
		"one is not taken": {subID(0), nil, activities.Moved{Complete: 2, Open: "1"}, []transfer.ItemStatus{moved, goesOn, moved}},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(t, 3)
			w.mover.says(1, c.id, c.err)
			require.Equal(t, c.result, w.window())
			require.Equal(t, c.statuses, w.statuses())
			require.Equal(t, 1, w.items()[1].Attempts)
			require.True(t, w.items()[1].SentAt.IsZero(), "the ledger itself is the billing system")
			require.Equal(t, c.result, w.window(), "made again, it attempts nothing that was attempted")
			require.Len(t, w.mover.asked, 3)
		})
	}
}

// A slow item is cut short and goes on by itself; its siblings do not wait for it one after the other.
func TestMoveWindowCutsSlowItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := moving(t, 3)
		slow := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
		w.mover.script[0], w.mover.script[2] = slow, slow
		begin := time.Now()
		require.Equal(t, activities.Moved{Complete: 1, Open: "0,2"}, w.window())
		require.Equal(t, time.Second, time.Since(begin))
		require.Contains(t, w.items()[0].LastError, "longer than 1s")
		require.NoError(t, w.ledger.Close())
	})
}

// I-2: what ended, is to end or was attempted before is not asked for, but reported.
func TestMoveWindowLeavesOthersAlone(t *testing.T) {
	w := moving(t, 5)
	results := []transferstore.ItemResult{{Ordinal: 0, TargetSubscriptionID: "90000000-0000-4000-8000-000000000000"}, {Ordinal: 1, Refusal: refusal}, {Ordinal: 2, Failure: "busy"}}
	_, err := w.ledger.RecordItems(t.Context(), w.id, results)
	require.NoError(t, err)
	_, err = w.ledger.Leave(t.Context(), w.id, []int{3})
	require.NoError(t, err)
	require.Equal(t, []int{3}, w.givenUp(3).Fencing)
	require.Equal(t, activities.Moved{Complete: 2, Failed: 1, Open: "2-3"}, w.window())
	require.Len(t, w.mover.asked, 1)
	require.Equal(t, w.id+"/"+subID(4), w.mover.asked[0].Key)
}

// A billing system that is slow by nature is not asked in bulk; a transfer that is not being moved is not moved.
func TestMoveWindowAttemptsNothing(t *testing.T) {
	w := moving(t, 2)
	w.mover.bulk = false
	require.Equal(t, activities.Moved{Open: "0-1"}, w.window())
	w.mover.bulk = true
	w.givenUp(0, 1)
	_, err := w.ledger.CloseTransfer(t.Context(), w.id)
	require.NoError(t, err)
	require.Equal(t, activities.Moved{Failed: 2}, w.window())
	require.Empty(t, w.mover.asked)
}

// an add-on moves after its base, waits while the base runs, and fails with it.
func TestMoveWindowAddOns(t *testing.T) {
	for name, c := range map[string]struct {
		err      error // about the base
		statuses []transfer.ItemStatus
		attempts int // of the add-on
	}{
		"with its base":        {nil, []transfer.ItemStatus{moved, moved}, 1},
		"waits for its base":   {syncing, []transfer.ItemStatus{goesOn, goesOn}, 0},
		"its base was refused": {refusal, []transfer.ItemStatus{failed, goesOn}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2, map[int]int{1: 0})
			w.opened()
			base := transfer.Approval{RequestID: "s", Actor: asSource, Selection: transfer.Selection{LineItems: []transfer.Pick{{SubscriptionID: subID(0)}}}}
			_, err := w.ledger.Submit(t.Context(), w.id, base, command.Terms[transferstore.Outcome]{})
			require.NoError(t, err)
			if c.err != nil {
				w.mover.says(0, "", c.err)
			}
			w.window()
			require.Equal(t, c.statuses, w.statuses())
			require.Equal(t, c.attempts, w.items()[1].Attempts)
			if errors.Is(c.err, refusal) { // it is told with its next attempt
				require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.MoveItem, w.id, 1))
				require.Len(t, w.mover.asked, 1)
			}
		})
	}
}

// what changed since submit refuses the item before anybody is asked.
func TestMoveWindowChecksWhatChanged(t *testing.T) {
	w := moving(t, 2)
	w.behind("UPDATE subscriptions SET status = 'suspended' WHERE id = '" + subID(0) + "'")
	require.Equal(t, activities.Moved{Complete: 1, Failed: 1}, w.window())
	require.Len(t, w.mover.asked, 1)
	require.Contains(t, w.items()[0].TransferError, "Suspended")
}

func TestMoveWindowWithoutLedger(t *testing.T) {
	w := &activities.Activities{Ledger: broken{err: store.ErrUnavailable}, Mover: &mover{}}
	_, err := w.MoveWindow(t.Context(), "t", "0")
	require.ErrorIs(t, err, store.ErrUnavailable)
}

// A worker that is told to stop writes nothing it does not know.
func TestMoveWindowStopped(t *testing.T) {
	w := moving(t, 1)
	ctx, stop := context.WithCancel(t.Context())
	w.mover.script[0] = func(ctx context.Context) (string, error) { stop(); return "", ctx.Err() }
	_, err := w.MoveWindow(ctx, w.id, "0")
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, w.items()[0].Attempts)
}

// What was answered before it was told to stop is known, whoever waits for it; the rest goes on elsewhere.
func TestMoveWindowStoppedHalfway(t *testing.T) {
	w := moving(t, 2)
	ctx, stop := context.WithCancel(t.Context())
	w.mover.script[0] = func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	w.mover.script[1] = func(context.Context) (string, error) { stop(); return lateID, nil }
	_, err := w.MoveWindow(ctx, w.id, "0-1")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []transfer.ItemStatus{goesOn, moved}, w.statuses())
	require.Zero(t, w.items()[0].Attempts)
}

// an attempt that did not end the item fails, and comes again when the billing system asked for it. What it said
// is in the ledger and not in the failure.
func TestMoveItemFailsUntilItIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		id    string
		err   error
		delay time.Duration
	}{
		"asked for a minute": {"", &billing.Unavailable{RetryAfter: time.Minute, Reason: "Contoso is busy"}, time.Minute},
		"did not say when":   {"", &billing.Unavailable{Reason: "Contoso is busy"}, time.Second},
		"is syncing":         {"", &billing.Unavailable{Cause: transfer.StillSyncing, RetryAfter: time.Hour, Reason: "Contoso syncs"}, time.Hour},
		"not taken":          {subID(1), nil, 2 * time.Second},
		"something else":     {"", errors.New("broken"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(t, 2)
			w.mover.says(0, c.id, c.err)
			_, err := w.does(w.MoveItem, w.id, 0)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.False(t, app.NonRetryable())
			require.Equal(t, c.delay, app.NextRetryDelay())
			require.NotContains(t, err.Error(), "Contoso")
			require.NotContains(t, err.Error(), subID(1))
			item := w.items()[0]
			require.Equal(t, goesOn, item.Status)
			require.Equal(t, 1, item.Attempts)
			require.NotEmpty(t, item.LastError, "the failure is written too")
		})
	}
}

// An add-on waits for its base, which is no attempt of its own.
func TestMoveItemWaitsForItsBase(t *testing.T) {
	w := newWorld(t, 2, map[int]int{1: 0})
	w.opened()
	w.submitted()
	_, err := w.does(w.MoveItem, w.id, 1)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, 2*time.Second, app.NextRetryDelay())
	require.Zero(t, w.items()[1].Attempts)
	require.Empty(t, w.mover.asked)
}

// Nobody is called about an add-on that waits, so it gets no leave, and given up it ends at once.
func TestMoveItemTakesNoLeaveForAnAddOnThatWaits(t *testing.T) {
	w := newWorld(t, 2, map[int]int{1: 0})
	w.mover.bulk = false
	w.opened()
	w.submitted()
	_, err := w.does(w.MoveItem, w.id, 1)
	require.ErrorContains(t, err, "waits for its base")
	require.True(t, w.items()[1].SentAt.IsZero())
	require.Equal(t, []int{1}, w.givenUp(1).Ended)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
	require.False(t, w.items()[0].SentAt.IsZero())
}

// Begun afresh, an item that was attempted rests for as long as it would have; what failed often rests longer, up to an hour.
func TestMoveItemRests(t *testing.T) {
	for attempts, rest := range map[int]time.Duration{1: time.Second, 4: 8 * time.Second, 11: 1024 * time.Second, 20: time.Hour} {
		t.Run(fmt.Sprint(attempts), func(t *testing.T) {
			w := moving(t, 1)
			for range attempts {
				_, err := w.ledger.RecordItems(t.Context(), w.id, []transferstore.ItemResult{{Failure: "busy"}})
				require.NoError(t, err)
			}
			w.clock.advance(rest - time.Second)
			_, err := w.does(w.MoveItem, w.id, 0)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, time.Second, app.NextRetryDelay())
			require.Empty(t, w.mover.asked)
			w.clock.advance(time.Second)
			require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 0))
		})
	}
	t.Run("no longer than an hour by a clock that is behind", func(t *testing.T) {
		w := moving(t, 1)
		_, err := w.ledger.RecordItems(t.Context(), w.id, []transferstore.ItemResult{{Failure: "busy"}})
		require.NoError(t, err)
		w.clock.advance(-24 * time.Hour)
		_, err = w.does(w.MoveItem, w.id, 0)
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, time.Hour, app.NextRetryDelay())
	})
}

// Row 31: leave to go to a billing system is committed before every call; an item that is to end gets none.
func TestMoveItemTakesLeave(t *testing.T) {
	w := moving(t, 1)
	w.mover.bulk = false
	calls := 0
	w.mover.script[0] = func(context.Context) (string, error) {
		calls++
		require.Equal(t, start, w.items()[0].SentAt.UTC(), "the first leave stays")
		require.Equal(t, w.clock.Now(), w.items()[0].AttemptedAt.UTC())
		return "", busy
	}
	for range 2 {
		_, err := w.does(w.MoveItem, w.id, 0)
		require.Error(t, err)
		w.clock.advance(time.Hour)
	}
	require.Equal(t, 2, calls)
	require.Equal(t, []int{0}, w.givenUp(0).Fencing)
	require.Equal(t, activities.Moved{Open: "0"}, w.moved(w.MoveItem, w.id, 0))
	require.Equal(t, 2, calls, "FenceItem is to end it")
}

// An item that was given up between reading it and asking for leave is left as it is.
func TestMoveItemWithoutLeave(t *testing.T) {
	w := moving(t, 1)
	w.mover.bulk = false
	w.Ledger = lateGiveUp{w.ledger, func() { w.givenUp(0) }}
	require.Equal(t, activities.Moved{Open: "0"}, w.moved(w.MoveItem, w.id, 0))
	require.Empty(t, w.mover.asked)
	require.Equal(t, []transfer.ItemStatus{failed}, w.statuses())
}

// lateGiveUp is a ledger in which something happens before leave is given.
type lateGiveUp struct {
	activities.Ledger
	happens func()
}

func (l lateGiveUp) Leave(ctx context.Context, id string, ordinals []int) (map[int]bool, error) {
	l.happens()
	return l.Ledger.Leave(ctx, id, ordinals)
}

// Moved, refused for good and given up are results; made again, they are the same.
func TestMoveItemOver(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*world)
		result activities.Moved
	}{
		"moved":    {func(*world) {}, activities.Moved{Complete: 1}},
		"refused":  {func(w *world) { w.mover.says(0, "", refusal) }, activities.Moved{Failed: 1}},
		"given up": {func(w *world) { w.givenUp(0) }, activities.Moved{Failed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(t, 1)
			c.before(w)
			require.Equal(t, c.result, w.moved(w.MoveItem, w.id, 0))
			require.Equal(t, c.result, w.moved(w.MoveItem, w.id, 0))
			require.LessOrEqual(t, len(w.mover.asked), 1)
		})
	}
}

// A slow attempt is not cut short, and tells the server that its worker is alive.
func TestMoveItemHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := moving(t, 1)
		w.mover.script[0] = func(context.Context) (string, error) {
			<-time.After(time.Minute)
			return "90000000-0000-4000-8000-000000000000", nil
		}
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestActivityEnvironment()
		beats := 0
		env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats++ })
		env.RegisterActivity(w.Activities)
		_, err := env.ExecuteActivity(w.MoveItem, w.id, 0)
		require.NoError(t, err)
		require.Equal(t, []transfer.ItemStatus{moved}, w.statuses())
		require.Positive(t, beats)
		require.NoError(t, w.ledger.Close())
	})
}
