package activities_test

import (
	"bytes"
	"context"
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

	"handover/activities"
	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/transfer"
)

func window(t *testing.T, b *book, m *mover) []transfer.ItemStatus {
	t.Helper()
	a := &activities.Activities{Ledger: b, Mover: m}
	items, err := a.MoveWindow(t.Context(), activities.Window{TransferID: "t", To: len(b.facts)})
	require.NoError(t, err)
	var statuses []transfer.ItemStatus
	for i, item := range items {
		require.Equal(t, i, item.ID)
		statuses = append(statuses, item.Status)
	}
	return statuses
}

const (
	goesOn = transfer.ItemInProgress
	moved  = transfer.ItemComplete
	failed = transfer.ItemFailed
)

// in a window each item stands for itself, whatever becomes of the others; all are written together.
func TestMoveWindow(t *testing.T) {
	unavailable := &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "busy"}
	refusal := transfer.Refuse(transfer.ProviderRefused, "no")
	for name, c := range map[string]struct {
		id       string
		err      error
		statuses []transfer.ItemStatus
	}{
		"all move":         {"new", nil, []transfer.ItemStatus{moved, moved, moved}},
		"one is busy":      {"", unavailable, []transfer.ItemStatus{moved, goesOn, moved}},
		"one is refused":   {"", refusal, []transfer.ItemStatus{moved, failed, moved}},
		"one is not taken": {taken, nil, []transfer.ItemStatus{moved, goesOn, moved}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(running(0), running(1), running(2))
			require.Equal(t, c.statuses, window(t, b, says(1, c.id, c.err)))
			require.Len(t, b.results, 1, "one transaction")
			require.Len(t, b.results[0], 3)
		})
	}
}

// A slow item is cut short and goes on by itself; its siblings do not wait for it one after the other.
func TestMoveWindowCutsSlowItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
		m := &mover{script: map[int]func(context.Context) (string, error){0: slow, 2: slow}}
		b := newBook(running(0), running(1), running(2))
		begin := time.Now()
		require.Equal(t, []transfer.ItemStatus{goesOn, moved, goesOn}, window(t, b, m))
		require.Equal(t, time.Second, time.Since(begin))
		require.Contains(t, b.results[0][0].Failure, "longer than 1s")
	})
}

// I-2: what ended is neither asked for nor written again, but reported.
func TestMoveWindowLeavesEndedItemsAlone(t *testing.T) {
	b := newBook(running(0), running(1), running(2))
	b.facts[0].Item.Status, b.facts[1].Item.Status = moved, failed
	m := &mover{}
	require.Equal(t, []transfer.ItemStatus{moved, failed, moved}, window(t, b, m))
	require.Len(t, m.asked, 1)
	require.Equal(t, "t/2", m.asked[0].Key)
	require.Equal(t, []ledger.ItemResult{{Ordinal: 2, TargetSubscriptionID: "new"}}, b.results[0])
}

// an add-on moves after its base, waits while the base runs, and fails with it.
func TestMoveWindowAddOns(t *testing.T) {
	busy := &billing.Unavailable{Cause: transfer.StillSyncing, Reason: "syncing"}
	for name, c := range map[string]struct {
		facts    []ledger.MoveFact
		err      error // about item 0
		statuses []transfer.ItemStatus
	}{
		"with its base":        {[]ledger.MoveFact{running(0), addon(1, 0, goesOn)}, nil, []transfer.ItemStatus{moved, moved}},
		"waits for its base":   {[]ledger.MoveFact{running(0), addon(1, 0, goesOn)}, busy, []transfer.ItemStatus{goesOn, goesOn}},
		"its base was refused": {[]ledger.MoveFact{running(0), addon(1, 9, failed)}, nil, []transfer.ItemStatus{moved, failed}},
		"base moved before":    {[]ledger.MoveFact{running(0), addon(1, 9, moved)}, busy, []transfer.ItemStatus{goesOn, moved}},
	} {
		t.Run(name, func(t *testing.T) {
			id := "new"
			if c.err != nil {
				id = ""
			}
			b := newBook(c.facts...)
			require.Equal(t, c.statuses, window(t, b, says(0, id, c.err)))
			if c.statuses[1] == goesOn {
				require.True(t, b.results[0][1].Uncounted, "waiting is no attempt of its own")
			}
		})
	}
}

// what changed since submit refuses the item before anybody is asked.
func TestMoveWindowChecksWhatChanged(t *testing.T) {
	b := newBook(running(0), running(1))
	b.facts[0].Old.Status = transfer.SubscriptionSuspended
	b.facts[1].Old.PartnerTenantID = "another"
	m := &mover{}
	require.Equal(t, []transfer.ItemStatus{failed, failed}, window(t, b, m))
	require.Empty(t, m.asked)
	require.ErrorIs(t, b.results[0][0].Refusal, transfer.NotActive)
	require.ErrorIs(t, b.results[0][1].Refusal, transfer.NotOwnedBySource)
}

func TestMoveWindowWithoutLedger(t *testing.T) {
	b := newBook(running(0))
	b.err = errDown
	_, err := (&activities.Activities{Ledger: b, Mover: &mover{}}).MoveWindow(t.Context(), activities.Window{TransferID: "t", To: 1})
	require.ErrorIs(t, err, errDown)
}

// A worker that is told to stop writes nothing it does not know.
func TestMoveWindowStopped(t *testing.T) {
	b := newBook(running(0))
	ctx, stop := context.WithCancel(t.Context())
	m := &mover{script: map[int]func(context.Context) (string, error){
		0: func(ctx context.Context) (string, error) { stop(); return "", ctx.Err() },
	}}
	_, err := (&activities.Activities{Ledger: b, Mover: m}).MoveWindow(ctx, activities.Window{TransferID: "t", To: 1})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, b.results)
}

// an attempt that did not end the item fails, and comes again when the billing system asked for it.
func TestMoveItemFailsUntilItIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		fact  ledger.MoveFact
		id    string
		err   error
		delay time.Duration
	}{
		"asked for a minute": {running(0), "", &billing.Unavailable{RetryAfter: time.Minute, Reason: "busy"}, time.Minute},
		"did not say when":   {running(0), "", &billing.Unavailable{Reason: "busy"}, 0},
		"waits for its base": {addon(0, 9, goesOn), "", nil, 2 * time.Second},
		"not taken":          {running(0), taken, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(c.fact)
			steps := &activities.Activities{Ledger: b, Mover: says(0, c.id, c.err)}
			environment := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
			environment.RegisterActivity(steps.MoveItem)
			_, err := environment.ExecuteActivity(steps.MoveItem, "t", 0)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.False(t, app.NonRetryable())
			require.Equal(t, c.delay, app.NextRetryDelay())
			require.Len(t, b.results, 1, "the failure is written too")
		})
	}
}

// what the billing system moved after the item had ended changes nothing, and is reported.
func TestMoveItemTooLate(t *testing.T) {
	b := newBook(running(0))
	b.endedMeanwhile = true
	var said bytes.Buffer
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(&said, nil))))
	environment := suite.NewTestActivityEnvironment()
	steps := &activities.Activities{Ledger: b, Mover: &mover{}}
	environment.RegisterActivity(steps.MoveItem)
	answer, err := environment.ExecuteActivity(steps.MoveItem, "t", 0)
	require.NoError(t, err)
	var item transfer.ItemEntity
	require.NoError(t, answer.Get(&item))
	require.Equal(t, failed, item.Status)
	require.Contains(t, said.String(), "reconcile it by hand")
}

// Moved, refused for good and given up are results.
func TestMoveItemOver(t *testing.T) {
	givenUp := running(0)
	givenUp.Item.Status = failed
	for name, c := range map[string]struct {
		fact   ledger.MoveFact
		mover  *mover
		status transfer.ItemStatus
	}{
		"moved":    {running(0), &mover{}, moved},
		"refused":  {running(0), says(0, "", transfer.Refuse(transfer.ProviderRefused, "no")), failed},
		"given up": {givenUp, &mover{}, failed},
	} {
		t.Run(name, func(t *testing.T) {
			item, err := (&activities.Activities{Ledger: newBook(c.fact), Mover: c.mover}).MoveItem(t.Context(), "t", 0)
			require.NoError(t, err)
			require.Equal(t, c.status, item.Status)
		})
	}
}

// A slow attempt is not cut short, and tells the server that its worker is alive.
func TestMoveItemHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestActivityEnvironment()
		beats := 0
		env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats++ })
		m := &mover{script: map[int]func(context.Context) (string, error){
			0: func(context.Context) (string, error) { time.Sleep(time.Minute); return "new", nil },
		}}
		a := &activities.Activities{Ledger: newBook(running(0)), Mover: m}
		env.RegisterActivity(a)
		value, err := env.ExecuteActivity(a.MoveItem, "t", 0)
		require.NoError(t, err)
		var item transfer.ItemEntity
		require.NoError(t, value.Get(&item))
		require.Equal(t, moved, item.Status)
		require.Positive(t, beats)
	})
}
