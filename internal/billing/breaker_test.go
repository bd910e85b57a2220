package billing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/transfer"
)

// weather is a breaker with a clock that only moves when told, and intervals that do not vary.
type weather struct {
	*Breaker
	t   *testing.T
	now time.Time
}

func newWeather(t *testing.T) *weather {
	w := &weather{t: t, now: time.Date(2031, 3, 3, 11, 2, 3, 0, time.UTC)}
	w.Breaker = NewBreaker(BreakerOptions{
		Now: func() time.Time { return w.now }, Spread: func(d time.Duration) time.Duration { return d },
	})
	return w
}

func (w *weather) passes(d time.Duration) { w.now = w.now.Add(d) }

// call has the move attempted with that outcome and tells whether it was.
func (w *weather) call(key string, outcome error) bool {
	w.t.Helper()
	called := false
	m := Guard(moving{moverFunc: func(context.Context) (string, error) { called = true; return "new", outcome }}, w.Breaker)
	_, err := m.Move(w.t.Context(), Move{Key: key})
	if called {
		require.ErrorIs(w.t, err, outcome)
	} else {
		var refused *Away
		require.ErrorAs(w.t, err, &refused)
		require.Positive(w.t, refused.RetryAfter)
	}
	return called
}

// opened is a breaker that has just opened, by different moves.
func opened(t *testing.T) *weather {
	w := newWeather(t)
	for n := range openAfter {
		require.True(t, w.call(fmt.Sprint(n), down))
	}
	require.True(t, w.Condition().Away)
	return w
}

type moverFunc func(context.Context) (string, error)

func (f moverFunc) Move(ctx context.Context, _ Move) (string, error) { return f(ctx) }
func (moverFunc) Immediate() bool                                    { return false }

// moving is a billing system that is asked for moves alone.
type moving struct {
	moverFunc
	Asker
	Fencer
}

var (
	down = &Unavailable{Cause: transfer.ProviderUnavailable, Reason: "503\nService Unavailable", Of: OfTheSystem, Status: http.StatusServiceUnavailable}
	busy = &Unavailable{Cause: transfer.ProviderUnavailable, Reason: "busy"}
)

func slower(after time.Duration) error {
	return &Unavailable{Cause: transfer.ProviderUnavailable, Reason: "429", Of: OfThePace, RetryAfter: after}
}

// Only calls in a row that find the billing system away open the breaker; any answer about a move begins the row anew.
func TestBreakerOpens(t *testing.T) {
	for name, answer := range map[string]error{
		"done": nil, "at work": &AtWork{}, "busy with this one": busy,
		"refused": kernel.Refuse(transfer.ProviderRefused, "no"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeather(t)
			for round := range 3 {
				for n := range openAfter - 1 {
					require.True(t, w.call(fmt.Sprint(round, n), down))
				}
				require.True(t, w.call("answered", answer))
			}
			require.False(t, w.Condition().Away)
			require.Zero(t, w.Condition().Failures)
			for n := range openAfter {
				require.NoError(t, w.Admits())
				require.True(t, w.call(fmt.Sprint(n), down))
			}
			require.Error(t, w.Admits())
			c := w.Condition()
			require.Equal(t, Condition{
				Tally: Tally{Failures: openAfter, Answers: 3, Status: 503, Said: "503 Service Unavailable"}, Away: true, Next: time.Second,
			}, c)
		})
	}
}

// What says nothing of the billing system neither counts nor begins anew.
func TestBreakerLearnsNothing(t *testing.T) {
	w := newWeather(t)
	ended, end := context.WithCancel(t.Context())
	end()
	ours := Guard(moving{moverFunc: func(ctx context.Context) (string, error) { return "", ctx.Err() }}, w.Breaker)
	for n := range openAfter - 1 {
		require.True(t, w.call(fmt.Sprint(n), down))
		_, err := ours.Move(ended, Move{Key: "ended by us"})
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, w.call("odd", errors.New("odd")))
		require.False(t, w.Condition().Away)
	}
	require.True(t, w.call("one more", down))
	require.True(t, w.Condition().Away)
}

// An outage of an hour costs one call per interval, whoever wants to make it.
func TestBreakerProbesAtGrowingIntervals(t *testing.T) {
	w := opened(t)
	began := w.now
	var at []time.Duration
	for w.now.Sub(began) < time.Hour {
		for n := range 10 {
			if w.call(fmt.Sprint(n), down) {
				at = append(at, w.now.Sub(began))
			}
		}
		w.passes(250 * time.Millisecond)
	}
	require.Equal(t, []time.Duration{
		1 * time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second, 63 * time.Second, 123 * time.Second,
	}, at[:7])
	require.Len(t, at, 64)
	require.EqualValues(t, len(at), w.Condition().Probes)
	require.EqualValues(t, len(at), w.Condition().Futile)
	require.EqualValues(t, openAfter+len(at), w.Condition().Failures)

	w.passes(time.Minute)
	require.Equal(t, ForOne, w.Gate().Room)
	require.True(t, w.call("a", nil))
	require.Equal(t, ForAll, w.Gate().Room)
	require.True(t, w.call("b", nil))
	require.Equal(t, Condition{Tally: Tally{Probes: 65, Answers: 2}}, w.Condition())
}

// One probe at a time: while it is out nobody else calls, and one that never comes back is given up.
func TestBreakerProbeIsAlone(t *testing.T) {
	w := opened(t)
	w.passes(time.Second)
	lost, err := w.enter()
	require.NoError(t, err)
	require.False(t, w.call("b", nil))
	require.Equal(t, ForNone, w.Gate().Room)
	require.Equal(t, 2*time.Minute, w.Gate().Until)
	w.passes(2 * time.Minute)
	require.Equal(t, ForOne, w.Gate().Room)
	second, err := w.enter()
	require.NoError(t, err)
	changed := w.Gate().Changed
	w.note(lost, "lost", down, false)
	require.Equal(t, ForNone, w.Gate().Room, "one that was given up is no probe any more")
	w.note(second, "second", context.Canceled, true)
	<-changed
	require.Equal(t, ForOne, w.Gate().Room, "one that we ended leaves its place to the next")
}

func TestBreakerProbeThatPanicsLeavesItsPlace(t *testing.T) {
	w := opened(t)
	w.passes(time.Second)
	broken := Guard(moving{moverFunc: func(context.Context) (string, error) { panic("broken") }}, w.Breaker)
	require.Panics(t, func() { _, _ = broken.Move(t.Context(), Move{}) })
	require.Equal(t, ForOne, w.Gate().Room)
}

// What the billing system asks for is honoured within bounds.
func TestBreakerRetryAfter(t *testing.T) {
	for asked, waits := range map[time.Duration]time.Duration{
		0: time.Second, time.Millisecond: time.Second, time.Minute + time.Second: time.Minute + time.Second, time.Hour: 5 * time.Minute,
	} {
		w := newWeather(t)
		patient := *down
		patient.RetryAfter = asked
		for n := range openAfter {
			require.True(t, w.call(fmt.Sprint(n), &patient))
		}
		require.Equal(t, waits, w.Gate().Until, "asked for %s", asked)
	}
}

// A 404 may come from whatever stands before a billing system: it neither counts nor begins the row anew, and ends no outage.
func TestBreakerTakesUnknownForNoAnswer(t *testing.T) {
	for name, silence := range map[string]error{"unknown": ErrUnknown, "no promise": ErrNoPromise} {
		t.Run(name, func(t *testing.T) {
			w := newWeather(t)
			for n := range openAfter {
				require.False(t, w.Condition().Away)
				require.True(t, w.call(fmt.Sprint(n), down))
				require.True(t, w.call("asked", silence) || w.Condition().Away)
			}
			require.True(t, w.Condition().Away)
			w.passes(w.Gate().Until)
			require.True(t, w.call("probe", silence))
			require.True(t, w.Condition().Away)
			require.Equal(t, ForNone, w.Gate().Room, "the next probe waits for its time")
			require.Positive(t, w.Gate().Until)
		})
	}
}

// A billing system that is busy is there.
func TestBreakerEndsWhenItIsToldToWait(t *testing.T) {
	w := newWeather(t)
	for n := range openAfter {
		require.True(t, w.call(fmt.Sprint(n), down))
	}
	w.passes(w.Gate().Until)
	require.True(t, w.call("probe", slower(7*time.Second)))
	require.False(t, w.Condition().Away)
	require.Equal(t, 7*time.Second, w.Gate().Until)
}

// A pause is as long as the longest that was asked for.
func TestBreakerPausesForTheLongest(t *testing.T) {
	w := newWeather(t)
	one, err := w.enter()
	require.NoError(t, err)
	other, err := w.enter()
	require.NoError(t, err)
	w.note(one, "a", slower(0), false)
	w.note(other, "b", slower(30*time.Second), false)
	require.Equal(t, 30*time.Second, w.Gate().Until)
}

// A billing system that comes and goes, one call at a time, is not taken for one that is there: the intervals go on growing.
func TestBreakerThatFlaps(t *testing.T) {
	w := newWeather(t)
	calls := 0
	for passed := time.Duration(0); passed < time.Hour; {
		if w.Gate().Room == ForNone {
			wait := max(w.Gate().Until, time.Millisecond)
			w.passes(wait)
			passed += wait
			continue
		}
		answer := error(down)
		if w.Gate().Room == ForOne {
			answer = nil // the probe is the one call that it takes
		}
		require.True(t, w.call(fmt.Sprint(calls), answer))
		calls++
	}
	require.Less(t, calls, 600, "about one opening a minute")
}

// However many call, no more are under way at once than the deployment allows.
func TestCallsAtOnce(t *testing.T) {
	const most = 3
	b := NewBreaker(BreakerOptions{AtOnce: most})
	var under, worst atomic.Int32
	release := make(chan struct{})
	m := Guard(moving{moverFunc: func(context.Context) (string, error) {
		worst.Store(max(worst.Load(), under.Add(1)))
		<-release
		under.Add(-1)
		return "new", nil
	}}, b)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, err := m.Move(t.Context(), Move{})
			assert.NoError(t, err)
		})
	}
	for range 10 {
		release <- struct{}{}
	}
	all.Wait()
	require.LessOrEqual(t, worst.Load(), int32(most))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	full := NewBreaker(BreakerOptions{AtOnce: 1})
	full.rooms <- struct{}{}
	_, err := Guard(moving{moverFunc: func(context.Context) (string, error) { return "", nil }}, full).Move(ended, Move{})
	require.ErrorIs(t, err, context.Canceled)
}

// A billing system that wants to be asked less often is left alone for a while, and is not away.
func TestBreakerPauses(t *testing.T) {
	for asked, waits := range map[time.Duration]time.Duration{0: time.Second, 7 * time.Second: 7 * time.Second, time.Hour: 5 * time.Minute} {
		w := newWeather(t)
		for n := range openAfter - 1 {
			require.True(t, w.call(fmt.Sprint(n), down))
		}
		require.True(t, w.call("a", slower(asked)))
		require.Equal(t, waits, w.Gate().Until)
		require.False(t, w.call("b", nil))
		var refused *Away
		require.ErrorAs(t, w.Admits(), &refused)
		require.Zero(t, refused.Since)
		require.GreaterOrEqual(t, refused.RetryAfter, waits)
		require.False(t, w.Condition().Away)
		w.passes(waits)
		require.Equal(t, ForAll, w.Gate().Room)
		require.True(t, w.call("c", down), "it neither counts nor begins the row anew")
		require.True(t, w.Condition().Away)
	}
}

// Without a word on how long, it is left alone for longer each time; calls that were under way together count once.
func TestBreakerPausesGrow(t *testing.T) {
	w := newWeather(t)
	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		pause := time.Duration(seconds) * time.Second
		var under []pass
		for range 3 {
			p, err := w.enter()
			require.NoError(t, err)
			under = append(under, p)
		}
		for _, p := range under {
			w.note(p, "a", slower(0), false)
		}
		require.Equal(t, pause, w.Gate().Until)
		w.passes(pause)
	}
	require.True(t, w.call("a", nil))
	require.True(t, w.call("b", slower(0)))
	require.Equal(t, time.Second, w.Gate().Until)
}

// One move that always fails, and alone, may open the breaker; others wait for a second at most and close it.
func TestBreakerPoison(t *testing.T) {
	w := newWeather(t)
	for range 100 {
		w.call("poison", down)
		require.LessOrEqual(t, w.Gate().Until, time.Second)
		w.passes(time.Second)
	}
	require.True(t, w.Condition().Away)
	require.True(t, w.call("another", nil))
	require.False(t, w.Condition().Away)
}

// Somebody else found the billing system there.
func TestBreakerProbeNow(t *testing.T) {
	w := opened(t)
	require.Equal(t, ForNone, w.Gate().Room)
	changed := w.Gate().Changed
	w.ProbeNow()
	<-changed
	require.Equal(t, ForOne, w.Gate().Room)
	require.True(t, w.call("a", nil))
	require.False(t, w.Condition().Away)
}

// speaking is a billing system that answers each call in words of its own, or with one error.
type speaking struct{ err error }

func (s speaking) Move(_ context.Context, m Move) (string, error)    { return "moved " + m.Key, s.err }
func (s speaking) Immediate() bool                                   { return s.err == nil }
func (s speaking) Ask(_ context.Context, q Question) (string, error) { return "asked " + q.Key, s.err }
func (s speaking) Fence(_ context.Context, q Question) (string, error) {
	return "fenced " + q.Key, s.err
}

// What is permitted is asked of the billing system, in the same words, and answered in its words.
func TestGuardHandsOn(t *testing.T) {
	for name, err := range map[string]error{"an answer": nil, "an error": errors.New("odd")} {
		t.Run(name, func(t *testing.T) {
			g := Guard(speaking{err}, NewBreaker(BreakerOptions{}))
			require.NoError(t, Admits(g))
			require.Equal(t, err == nil, g.Immediate())
			for said, call := range map[string]func() (string, error){
				"moved a":  func() (string, error) { return g.Move(t.Context(), Move{Key: "a"}) },
				"asked b":  func() (string, error) { return g.Ask(t.Context(), Question{Key: "b"}) },
				"fenced c": func() (string, error) { return g.Fence(t.Context(), Question{Key: "c"}) },
			} {
				got, failed := call()
				require.Equal(t, said, got)
				require.Equal(t, err, failed)
			}
		})
	}
	require.NoError(t, Admits(Sandbox{}), "nobody guards it")
}

// No call of any kind is made that the breaker does not permit.
func TestGuardRefusesEveryCall(t *testing.T) {
	w := opened(t)
	g := Guard(&HTTP{}, w.Breaker) // which would panic if it were called
	var refused *Away
	_, err := g.Move(t.Context(), Move{})
	require.ErrorAs(t, err, &refused)
	_, err = g.Ask(t.Context(), Question{})
	require.ErrorAs(t, err, &refused)
	_, err = g.Fence(t.Context(), Question{Key: "key"})
	require.ErrorAs(t, err, &refused)
	require.ErrorAs(t, Admits(g), &refused)
	require.Equal(t, w.now, refused.Since)
}
