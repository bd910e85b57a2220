package transfers_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	activities "handover/activities/transfers"
	"handover/internal/billing"
	"handover/internal/transfer"
)

var down = &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "Contoso is down", Of: billing.OfTheSystem}

// guarded puts a breaker before the billing system.
func (w *world) guarded(s billing.System) *billing.Breaker {
	b := billing.NewBreaker(billing.BreakerOptions{Now: w.clock.Now, Spread: func(d time.Duration) time.Duration { return d }})
	w.mover.bulk = false
	w.Mover = billing.Guard(s, b)
	return b
}

// away has the first items find out that the billing system is away.
func (w *world) away(b *billing.Breaker) {
	w.t.Helper()
	for n := range 5 {
		w.mover.says(n, "", down)
		_, err := w.does(w.MoveItem, w.id, n)
		require.Error(w.t, err)
		require.Equal(w.t, 1, w.items()[n].Attempts)
	}
	require.True(w.t, b.Condition().Away)
	w.mover.asked = nil
}

// putOff requires that the attempt was put off, which alarms nobody and says nothing of the party.
func (w *world) putOff(err error) {
	w.t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(w.t, err, &app)
	require.False(w.t, app.NonRetryable())
	require.Equal(w.t, temporal.ApplicationErrorCategoryBenign, app.Category())
	require.GreaterOrEqual(w.t, app.NextRetryDelay(), time.Second)
	require.NotContains(w.t, err.Error(), "Contoso")
}

// While the billing system is away nothing is read or written about an item that waits for it; when it is back, it moves.
func TestMoveItemWhileAway(t *testing.T) {
	w := moving(t, 6)
	b := w.guarded(&asker{fencer: &fencer{mover: w.mover}})
	w.away(b)
	real := w.Ledger
	w.Ledger = nil // which would panic if it were used
	for range 3 {
		_, err := w.does(w.MoveItem, w.id, 5)
		w.putOff(err)
	}
	w.Ledger = real
	require.Empty(t, w.mover.asked)
	require.Zero(t, w.items()[5].Attempts)
	require.True(t, w.items()[5].SentAt.IsZero(), "no leave was taken")

	w.clock.advance(time.Second)
	require.Equal(t, activities.Moved{Complete: 1}, w.moved(w.MoveItem, w.id, 5), "it was the probe")
	require.False(t, b.Condition().Away)
}

// An item that finds out only when it is about to call has taken leave, and counts no attempt.
func TestMoveItemMeetsAnOutage(t *testing.T) {
	w := moving(t, 6)
	b := w.guarded(&asker{fencer: &fencer{mover: w.mover}})
	w.Mover = unsuspecting{w.Mover}
	w.away(b)
	_, err := w.does(w.MoveItem, w.id, 5)
	w.putOff(err)
	require.Empty(t, w.mover.asked)
	require.Zero(t, w.items()[5].Attempts)
	require.Empty(t, w.items()[5].LastError)
}

// unsuspecting is a mover that nobody asks before.
type unsuspecting struct{ billing.Mover }

// A fence that cannot be asked for waits as well; after 72 hours of an outage nobody knows.
func TestFenceItemWhileAway(t *testing.T) {
	w := moving(t, 6)
	f := &fencer{mover: w.mover}
	b := w.guarded(&asker{fencer: f})
	_, err := w.ledger.Leave(t.Context(), w.id, []int{5})
	require.NoError(t, err)
	require.Equal(t, []int{5}, w.givenUp(5).Fencing)
	w.away(b)
	for range 3 {
		_, err := w.does(w.FenceItem, w.id, 5)
		w.putOff(err)
	}
	require.Empty(t, f.keys)
	require.Empty(t, w.items()[5].LastError)

	w.clock.advance(72*time.Hour + time.Second)
	probe := make(chan struct{})
	w.mover.script[0] = func(ctx context.Context) (string, error) { // another one probes
		close(probe)
		<-ctx.Done()
		return "", ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = w.Mover.Move(ctx, billing.Move{}) }()
	<-probe
	require.Equal(t, activities.Moved{Failed: 1}, w.moved(w.FenceItem, w.id, 5))
	require.True(t, w.items()[5].Held)
	require.Empty(t, f.keys)
}
