package transfers_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/transfer"
)

// fencing is a world whose one item was given up after a billing system had been asked to move it.
func fencing(t *testing.T) (*world, *fencer) {
	t.Helper()
	w := moving(t, 1)
	f := &fencer{mover: w.mover}
	w.mover.bulk, w.Mover = false, f
	_, err := w.ledger.Leave(t.Context(), w.id, []int{0})
	require.NoError(t, err)
	require.Equal(t, []int{0}, w.givenUp(0).Fencing)
	return w, f
}

// Row 31: what a billing system says ends the item: moved, never to be moved, or held; made again it is the same.
func TestFenceItem(t *testing.T) {
	const newID = "90000000-0000-4000-8000-000000000000"
	for name, c := range map[string]struct {
		id     string
		err    error
		result activities.Moved
		held   bool
	}{
		"moved":      {newID, nil, activities.Moved{Complete: 1}, false},
		"promised":   {"", nil, activities.Moved{Failed: 1}, false},
		"no promise": {"", billing.ErrNoPromise, activities.Moved{Failed: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w, f := fencing(t)
			f.id, f.err = c.id, c.err
			require.Equal(t, c.result, w.moved(w.FenceItem, w.id, 0))
			require.Equal(t, c.result, w.moved(w.FenceItem, w.id, 0))
			require.Equal(t, []string{w.id + "/" + subID(0)}, f.keys)
			item := w.items()[0]
			require.Equal(t, c.held, item.Held)
			require.Equal(t, c.id, item.TargetSubscriptionID)
			if c.result.Failed > 0 {
				require.Equal(t, "stuck", item.TransferError)
			}
			require.Zero(t, item.Attempts, "asking not to move is no attempt to move")
		})
	}
}

// A billing system that does not answer is asked again for 72 hours; then nobody knows.
func TestFenceItemUnanswered(t *testing.T) {
	w, f := fencing(t)
	f.err = &billing.Unavailable{Cause: transfer.ProviderUnavailable, RetryAfter: time.Minute, Reason: "Contoso is down"}
	for range 3 {
		_, err := w.does(w.FenceItem, w.id, 0)
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.False(t, app.NonRetryable())
		require.Equal(t, time.Minute, app.NextRetryDelay())
		require.NotContains(t, err.Error(), "Contoso")
		require.Contains(t, w.items()[0].LastError, "Contoso is down", "what it said is in the ledger")
		require.Equal(t, w.clock.Now(), w.items()[0].AttemptedAt.UTC())
		w.clock.advance(24 * time.Hour)
	}
	w.clock.advance(time.Second)
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
	require.True(t, w.items()[0].Held)
}

// What is neither an answer nor silence is no reason to hold a subscription.
func TestFenceItemFails(t *testing.T) {
	w, f := fencing(t)
	f.err = errors.New("the certificate has expired")
	w.clock.advance(100 * time.Hour)
	_, err := w.does(w.FenceItem, w.id, 0)
	require.Error(t, err)
	require.Equal(t, []transfer.ItemStatus{goesOn}, w.statuses())
}

// A billing system that has no such question promises nothing.
func TestFenceItemWithoutFence(t *testing.T) {
	w, _ := fencing(t)
	w.Mover = w.mover
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
	require.True(t, w.items()[0].Held)
}

// An item that nobody gave up, or that has ended, is not fenced.
func TestFenceItemThatIsNotEnding(t *testing.T) {
	w := moving(t, 1)
	f := &fencer{mover: w.mover}
	w.Mover = f
	require.Equal(t, activities.Moved{Open: "0"}, w.moved(w.FenceItem, w.id, 0))
	w.givenUp(0)
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
	require.Empty(t, f.keys)
}

// "Done" under an id that is in use already is no answer: it is asked again, ever later, and held in the end.
func TestFenceItemAnsweredWithAnIDInUse(t *testing.T) {
	w, f := fencing(t)
	f.id = subID(0)
	require.Equal(t, time.Second, w.postponed(w.FenceItem, w.id, 0))
	w.clock.advance(10 * time.Minute)
	require.InDelta(t, 10*time.Minute, w.postponed(w.FenceItem, w.id, 0), float64(time.Second))
	require.Contains(t, w.items()[0].LastError, "exists already")
	w.clock.advance(72 * time.Hour)
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
	require.True(t, w.items()[0].Held)
}

// What was never sent needs no promise.
func TestFenceItemThatWasNeverSent(t *testing.T) {
	w := moving(t, 1)
	f := &fencer{mover: w.mover, err: billing.ErrNoPromise}
	w.mover.bulk, w.Mover = false, f
	w.behind(`UPDATE line_items SET ending = 'fencing', ending_reason = 'moved elsewhere', ending_since = (SELECT submitted_time FROM transfers)`)
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 0))
	require.Empty(t, f.keys)
	require.False(t, w.items()[0].Held)
}
