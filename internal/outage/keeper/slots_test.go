package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"handover/internal/billing"
	"handover/internal/outage/keeper"
	"handover/internal/transfer"
)

var (
	down = &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "503 Service Unavailable", Of: billing.OfTheSystem, Status: 503}
	slow = &billing.Unavailable{Cause: transfer.ProviderUnavailable, Reason: "429", Of: billing.OfThePace, Status: 429, RetryAfter: 10 * time.Second}
)

// system is a billing system that answers what it is told to, after a while. It is asked for moves alone.
type system struct {
	billing.Asker
	billing.Fencer
	mu     sync.Mutex
	answer func(key string) error
	takes  time.Duration
	calls  int
}

func (s *system) says(answer func(key string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *system) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *system) Move(ctx context.Context, m billing.Move) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(s.takes):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return "new", s.answer(m.Key)
}

func (*system) Immediate() bool { return false }

func always(err error) func(string) error { return func(string) error { return err } }

// released is what the SDK says of a slot that comes back.
type released struct {
	worker.SlotReleaseInfo
	permit *worker.SlotPermit
}

func (r released) Permit() *worker.SlotPermit { return r.permit }

func awayNow(t *testing.T, b *billing.Breaker) {
	t.Helper()
	g := billing.Guard(&system{answer: always(down)}, b)
	for n := range 5 {
		_, err := g.Move(t.Context(), billing.Move{Key: fmt.Sprint(n)})
		require.ErrorIs(t, err, down)
	}
	require.True(t, b.Condition().Away)
}

// reserving asks for a slot in the background.
func reserving(ctx context.Context, s worker.SlotSupplier) <-chan *worker.SlotPermit {
	got := make(chan *worker.SlotPermit, 1)
	go func() {
		if permit, err := s.ReserveSlot(ctx, nil); err == nil {
			got <- permit
		} else {
			close(got)
		}
	}()
	return got
}

func TestSlotsAreAsManyAsThereAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := keeper.NewSlots(billing.NewBreaker(billing.BreakerOptions{}), 2)
		require.Equal(t, 2, s.MaxSlots())
		first := s.TryReserveSlot(nil)
		require.NotNil(t, first)
		require.NotNil(t, s.TryReserveSlot(nil))
		require.Nil(t, s.TryReserveSlot(nil))
		third := reserving(t.Context(), s)
		synctest.Wait()
		require.Empty(t, third)
		s.ReleaseSlot(released{permit: first})
		synctest.Wait()
		require.Len(t, third, 1)

		ctx, cancel := context.WithCancel(t.Context())
		fourth := reserving(ctx, s)
		cancel()
		_, got := <-fourth
		require.False(t, got)
	})
}

// While the billing system is away there is no slot but one for each probe, and all are there again when it is back.
func TestSlotsWhileAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := billing.NewBreaker(billing.BreakerOptions{Spread: func(d time.Duration) time.Duration { return d }})
		s := keeper.NewSlots(b, 10)
		awayNow(t, b)
		require.Nil(t, s.TryReserveSlot(nil))
		waiting := make([]<-chan *worker.SlotPermit, 3)
		for i := range waiting {
			waiting[i] = reserving(t.Context(), s)
		}
		got := func() (permits []*worker.SlotPermit) {
			synctest.Wait()
			for _, w := range waiting {
				select {
				case p := <-w:
					permits = append(permits, p)
				default:
				}
			}
			return permits
		}
		time.Sleep(time.Second - time.Millisecond)
		require.Empty(t, got())
		time.Sleep(time.Millisecond)
		probe := got()
		require.Len(t, probe, 1, "the probe is due")
		require.Nil(t, s.TryReserveSlot(nil))
		time.Sleep(time.Hour)
		require.Empty(t, got(), "however long it takes, there is one")

		s.ReleaseSlot(released{permit: probe[0]})
		probe = got()
		require.Len(t, probe, 1, "it was given back without a probe")
		_, err := billing.Guard(&system{answer: always(nil)}, b).Move(t.Context(), billing.Move{Key: "probe"})
		require.NoError(t, err)
		require.Len(t, got(), 1, "it is back")
		for range 8 {
			require.NotNil(t, s.TryReserveSlot(nil))
		}
		require.Nil(t, s.TryReserveSlot(nil))
	})
}

// A billing system that is too busy gets nothing for as long as it asked for, and then everything.
func TestSlotsWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := billing.NewBreaker(billing.BreakerOptions{})
		s := keeper.NewSlots(b, 2)
		_, err := billing.Guard(&system{answer: always(slow)}, b).Move(t.Context(), billing.Move{Key: "a"})
		require.ErrorIs(t, err, slow)
		one, other := reserving(t.Context(), s), reserving(t.Context(), s)
		time.Sleep(10*time.Second - time.Millisecond)
		synctest.Wait()
		require.Empty(t, one)
		time.Sleep(time.Millisecond)
		require.NotNil(t, <-one)
		require.NotNil(t, <-other)
	})
}

func TestSlotsAtOnce(t *testing.T) {
	t.Parallel()
	b := billing.NewBreaker(billing.BreakerOptions{Spread: func(time.Duration) time.Duration { return time.Millisecond }})
	s := keeper.NewSlots(b, 4)
	var used, most, calls atomic.Int64
	g := billing.Guard(&system{answer: func(string) error {
		if calls.Add(1)%10 < 6 {
			return down
		}
		return nil
	}}, b)
	var workers sync.WaitGroup
	for n := range 16 {
		workers.Go(func() {
			for range 50 {
				permit, err := s.ReserveSlot(t.Context(), nil)
				if err != nil {
					return
				}
				most.Store(max(most.Load(), used.Add(1)))
				_, _ = g.Move(t.Context(), billing.Move{Key: fmt.Sprint(n)})
				used.Add(-1)
				s.ReleaseSlot(released{permit: permit})
			}
		})
	}
	workers.Wait()
	require.LessOrEqual(t, most.Load(), int64(4))
	require.Positive(t, b.Condition().Probes)
}

// A worker takes the slots, and has no other bounds.
func TestTuner(t *testing.T) {
	t.Parallel()
	s := keeper.NewSlots(billing.NewBreaker(billing.BreakerOptions{}), 7)
	tuner, err := keeper.Tuner(s)
	require.NoError(t, err)
	require.Same(t, s, tuner.GetActivityTaskSlotSupplier())
	require.NotNil(t, tuner.GetWorkflowTaskSlotSupplier())
	require.NotNil(t, tuner.GetLocalActivitySlotSupplier())
	require.NotNil(t, tuner.GetNexusSlotSupplier())
	require.NotNil(t, tuner.GetSessionActivitySlotSupplier())
}

// queue plays Temporal: tasks wait in their order, and come back after a delay when an attempt fails.
type queue struct {
	tasks   chan task
	left    atomic.Int64
	refused atomic.Int64 // attempts that the breaker refused
	leaves  atomic.Int64 // written before a call
	longest atomic.Int64 // wait of a healthy move, from when it was first due
}

type task struct {
	key string
	try int
	due time.Time
}

func newQueue(size int, room int) *queue {
	q := &queue{tasks: make(chan task, room)}
	for n := range size {
		q.put(fmt.Sprint(n))
	}
	return q
}

func (q *queue) put(key string) {
	q.left.Add(1)
	q.tasks <- task{key: key, due: time.Now()}
}

// work is one worker process: pollers that each hold a slot while they wait for a task.
func (q *queue) work(ctx context.Context, s *keeper.Slots, g billing.Mover) {
	const pollers = 2
	for range pollers {
		go func() {
			for {
				permit, err := s.ReserveSlot(ctx, nil)
				if err != nil {
					return
				}
				select {
				case <-ctx.Done():
					return
				case next := <-q.tasks:
					go func() {
						defer s.ReleaseSlot(released{permit: permit})
						q.attempt(ctx, g, next)
					}()
				}
			}
		}()
	}
}

// attempt is what the activity does, and what Temporal makes of it.
func (q *queue) attempt(ctx context.Context, g billing.Mover, now task) {
	now.try++
	err := billing.Admits(g)
	if err == nil {
		q.leaves.Add(1)
		_, err = g.Move(ctx, billing.Move{Key: now.key})
	}
	var away *billing.Away
	delay := min(time.Second<<min(now.try-1, 12), time.Hour)
	switch {
	case err == nil:
		q.left.Add(-1)
		q.longest.Store(max(q.longest.Load(), int64(time.Since(now.due))))
		return
	case errors.As(err, &away):
		q.refused.Add(1)
		delay = away.RetryAfter
	}
	time.AfterFunc(delay, func() {
		if ctx.Err() == nil {
			q.tasks <- now
		}
	})
}

// Ten thousand moves wait for a billing system that is down for an hour: it is called as often as one would call it, nothing is
// written per item, and when it is back everything flows.
func TestTenThousandWaitForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		const moves, slots = 10_000, 50
		q := newQueue(moves, moves)
		remote := &system{answer: always(down), takes: 100 * time.Millisecond}
		b := billing.NewBreaker(billing.BreakerOptions{})
		q.work(ctx, keeper.NewSlots(b, slots), billing.Guard(remote, b))

		time.Sleep(10 * time.Second)
		synctest.Wait()
		first := remote.called()
		require.LessOrEqual(t, first, slots+10, "those that were under way when it went down, and the first probes")
		time.Sleep(time.Hour - 10*time.Second)
		synctest.Wait()
		t.Logf("in an hour: %d calls, %d of them before the breaker was open, %d attempts refused, %d leaves written", remote.called(), first, q.refused.Load(), q.leaves.Load())
		require.LessOrEqual(t, remote.called()-slots, 80)
		require.LessOrEqual(t, q.refused.Load(), int64(slots), "nobody asks in vain")
		require.EqualValues(t, remote.called(), q.leaves.Load(), "leave is written for calls, not for waiting")
		require.EqualValues(t, moves, q.left.Load())

		remote.says(always(nil))
		time.Sleep(time.Minute + 12*time.Second) // a probe
		synctest.Wait()
		require.False(t, b.Condition().Away)
		time.Sleep(moves / slots * remote.takes * 2)
		synctest.Wait()
		t.Logf("left after it came back: %d", q.left.Load())
		require.LessOrEqual(t, q.left.Load(), int64(100), "those whose own next attempt is later")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Zero(t, q.left.Load())
		cancel()
	})
}

// A move that the billing system always answers with 500 holds up no other for longer than a probe, be there many others or
// one now and then.
func TestPoisonHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q := newQueue(0, 1000)
		remote := &system{takes: 100 * time.Millisecond, answer: func(key string) error {
			if key == "poison" {
				return down
			}
			return nil
		}}
		b := billing.NewBreaker(billing.BreakerOptions{})
		q.work(ctx, keeper.NewSlots(b, 10), billing.Guard(remote, b))
		q.put("poison")
		time.Sleep(20 * time.Second)
		require.True(t, b.Condition().Away, "nobody else has called")
		away := 0
		for n := range 200 {
			time.Sleep(time.Duration(n) * time.Second / 2)
			if b.Condition().Away {
				away++
			}
			q.put(fmt.Sprint(n))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		t.Logf("of 200 others %d came while the breaker was open; the longest took %s", away, time.Duration(q.longest.Load()))
		require.EqualValues(t, 1, q.left.Load())
		require.LessOrEqual(t, time.Duration(q.longest.Load()), 2*time.Second)
		cancel()
	})
}

// That moves wait for a slot is noticed from all of them having a task at once, also when nobody looks just then.
func TestSlotsThatWereFull(t *testing.T) {
	t.Parallel()
	s := keeper.NewSlots(billing.NewBreaker(billing.BreakerOptions{}), 2)
	var permits []*worker.SlotPermit
	for range 2 {
		require.False(t, s.WereFull())
		permits = append(permits, s.TryReserveSlot(nil))
		require.False(t, s.WereFull(), "a slot that waits for a task keeps nobody waiting")
		s.MarkSlotUsed(used{permit: permits[len(permits)-1]})
	}
	require.True(t, s.WereFull())
	require.True(t, s.WereFull(), "they still are")
	s.ReleaseSlot(released{permit: permits[0]})
	require.True(t, s.WereFull(), "they were until now")
	require.False(t, s.WereFull())
}

// used says which slot has a task now.
type used struct {
	worker.SlotMarkUsedInfo
	permit *worker.SlotPermit
}

func (u used) Permit() *worker.SlotPermit { return u.permit }
