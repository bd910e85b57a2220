package keeper_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handover/internal/billing"
	"handover/internal/ledger"
	"handover/internal/outage"
	"handover/internal/outage/keeper"
)

// book is a ledger whose calls are counted, and which can be away itself.
type book struct {
	*ledger.Ledger
	writes, looks, crowds atomic.Int64
	away                  atomic.Bool
}

var errAway = errors.New("the ledger is away")

func (b *book) OutageGoesOn(ctx context.Context, s outage.Sighting) error {
	if b.away.Load() {
		return errAway
	}
	b.writes.Add(1)
	return b.Ledger.OutageGoesOn(ctx, s)
}

func (b *book) EndOutage(ctx context.Context, name string, quietFor time.Duration) (bool, error) {
	if b.away.Load() {
		return false, errAway
	}
	ended, err := b.Ledger.EndOutage(ctx, name, quietFor)
	if ended {
		b.writes.Add(1)
	}
	return ended, err
}

func (b *book) Outage(ctx context.Context, name string) (outage.Outage, error) {
	if b.away.Load() {
		return outage.Outage{}, errAway
	}
	b.looks.Add(1)
	return b.Ledger.Outage(ctx, name)
}

func (b *book) Crowded(ctx context.Context, name string) error {
	if b.away.Load() {
		return errAway
	}
	b.crowds.Add(1)
	return b.Ledger.Crowded(ctx, name)
}

func (b *book) is(t *testing.T) outage.Outage {
	t.Helper()
	o, err := b.Ledger.Outage(t.Context(), outage.Billing)
	require.NoError(t, err)
	return o
}

// process is a program that calls the billing system as often as it may.
type process struct {
	breaker *billing.Breaker
	stop    func() // and wait until it has
}

func start(t *testing.T, b *book, s *system) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	p := &process{breaker: billing.NewBreaker(billing.BreakerOptions{}), stop: func() { cancel(); parts.Wait() }}
	k, err := keeper.NewKeeper(keeper.Options{Book: b, Breaker: p.breaker})
	require.NoError(t, err)
	parts.Go(func() { k.Run(ctx) })
	g := billing.Guard(s, p.breaker)
	parts.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			_, _ = g.Move(ctx, billing.Move{Key: string(rune('a' + n%20))})
			time.Sleep(250 * time.Millisecond)
		}
	})
	return p
}

// inABubble runs the test on a ledger of its own, in a time that passes at once.
func inABubble(t *testing.T, test func(t *testing.T, b *book)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, err := ledger.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "ledger.db"), ledger.Options{Now: time.Now})
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		test(t, &book{Ledger: l})
	})
}

// Two processes find out by themselves and share one fact; whoever first finds the billing system back lets the other one know.
func TestTwoProcessesOneFact(t *testing.T) {
	inABubble(t, func(t *testing.T, b *book) {
		remote := &system{answer: always(down)}
		began := time.Now()
		one, other := start(t, b, remote), start(t, b, remote)
		time.Sleep(time.Hour)
		synctest.Wait()
		o := b.is(t)
		require.True(t, o.Open())
		require.Less(t, o.Since.Sub(began), 2*time.Second)
		require.Equal(t, "503 Service Unavailable", o.Said)
		t.Logf("in an hour two processes made %d calls, %d writes and %d looks", remote.called(), b.writes.Load(), b.looks.Load())
		require.LessOrEqual(t, remote.called(), 2*85)
		require.LessOrEqual(t, b.writes.Load(), int64(remote.called()), "it is written at a probe, never per call")
		require.EqualValues(t, remote.called(), o.Failures)

		remote.says(always(nil))
		for one.breaker.Condition().Away && other.breaker.Condition().Away {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(7 * time.Second)
		synctest.Wait()
		require.False(t, one.breaker.Condition().Away)
		require.False(t, other.breaker.Condition().Away)
		require.False(t, b.is(t).Open())

		before := b.writes.Load()
		time.Sleep(time.Hour)
		require.Equal(t, before, b.writes.Load(), "nothing is written while all is well")
		one.stop()
		other.stop()
	})
}

// A process that died in an outage leaves its fact behind; one that gets answers ends it.
func TestOutageOfAProcessThatDied(t *testing.T) {
	inABubble(t, func(t *testing.T, b *book) {
		remote := &system{answer: always(down)}
		one := start(t, b, remote)
		time.Sleep(10 * time.Second)
		one.stop()
		synctest.Wait()
		require.True(t, b.is(t).Open())
		remote.says(always(nil))
		other := start(t, b, remote)
		time.Sleep(2 * time.Minute)
		require.True(t, b.is(t).Open(), "somebody may still find it away")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		require.False(t, b.is(t).Open())
		other.stop()
	})
}

// Without the ledger the breaker works by itself, and the ledger is told once it is there again.
func TestOutageWithoutTheLedger(t *testing.T) {
	inABubble(t, func(t *testing.T, b *book) {
		remote := &system{answer: always(down)}
		b.away.Store(true)
		p := start(t, b, remote)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.True(t, p.breaker.Condition().Away)
		require.LessOrEqual(t, remote.called(), 30)
		require.False(t, b.is(t).Open())
		b.away.Store(false)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		o := b.is(t)
		require.True(t, o.Open())
		require.Greater(t, time.Since(o.Since), 10*time.Minute, "it is away since it was found so")

		b.away.Store(true)
		remote.says(always(nil))
		time.Sleep(75 * time.Second)
		require.False(t, p.breaker.Condition().Away)
		require.True(t, b.is(t).Open())
		b.away.Store(false)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		require.False(t, b.is(t).Open())
		p.stop()
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	b := billing.NewBreaker(billing.BreakerOptions{})
	_, err := keeper.NewKeeper(keeper.Options{Breaker: b, Metrics: registry})
	require.NoError(t, err)
	says := func(away, probes float64) {
		t.Helper()
		families, err := registry.Gather()
		require.NoError(t, err)
		found := map[string]float64{}
		for _, f := range families {
			found[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
		require.Equal(t, map[string]float64{"handover_billing_away": away, "handover_billing_probes_total": probes}, found)
	}
	says(0, 0)
	awayNow(t, b)
	says(1, 0)
	b.ProbeNow()
	_, err = billing.Guard(&system{answer: always(nil)}, b).Move(t.Context(), billing.Move{})
	require.NoError(t, err)
	says(0, 1)
	_, err = keeper.NewKeeper(keeper.Options{Breaker: b, Metrics: registry})
	require.Error(t, err, "they are registered already")
}

// It is written that moves wait for a slot as long as they do, every few minutes.
func TestCrowdIsWritten(t *testing.T) {
	inABubble(t, func(t *testing.T, b *book) {
		breaker := billing.NewBreaker(billing.BreakerOptions{})
		slots := keeper.NewSlots(breaker, 1)
		k, err := keeper.NewKeeper(keeper.Options{Book: b, Breaker: breaker, Slots: slots})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		ended.Go(func() { k.Run(ctx) })
		pass := func(d time.Duration) {
			<-time.After(d)
			synctest.Wait()
		}
		pass(time.Hour)
		require.Zero(t, b.crowds.Load())
		permit := slots.TryReserveSlot(nil)
		slots.MarkSlotUsed(used{permit: permit})
		pass(time.Hour)
		require.InDelta(t, 11, b.crowds.Load(), 2)
		slots.ReleaseSlot(released{permit: permit})
		pass(10 * time.Minute)
		before := b.crowds.Load()
		pass(time.Hour)
		require.Equal(t, before, b.crowds.Load())
		stop()
		ended.Wait()
	})
}
