package billing

// One cause, one fact: a billing system that is not there for anybody is found out by a few calls and then asked at growing
// intervals, by one call at a time, instead of thousands of times by everything that waits for it.

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"handover/internal/jitter"
	"handover/internal/kernel"
)

const (
	// openAfter is how many calls in a row have to find the billing system away.
	openAfter = 5
	// The intervals between two probes double from the first to the last, which is how late it is noticed that it is back.
	firstInterval = time.Second
	lastInterval  = time.Minute
	// longestAsked bounds what a system that is not well may ask for with Retry-After, longestPause what a busy one may.
	longestAsked = 5 * time.Minute
	longestPause = 5 * time.Minute
	// steadyAfter is how many answers in a row it takes until the next outage begins with the shortest interval again: a
	// billing system that comes and goes must not be taken for one that is there.
	steadyAfter = 20
)

// Away says that a call was not made, because the billing system is away or wants to be asked later. It says nothing about
// the move, and counts as no attempt of it.
type Away struct {
	Since      time.Time     // when it was found away; zero when it only wants to be asked later
	RetryAfter time.Duration // when to come back; spread, so that not all come at once
}

func (a *Away) Error() string {
	if a.Since.IsZero() {
		return "The billing system wants to be asked less often."
	}
	return "The billing system is away."
}

// BreakerOptions are what a breaker works with. The zero value is for programs.
type BreakerOptions struct {
	Now func() time.Time // nil for the system clock
	// Spread varies an interval, so that programs which found out together do not probe together; nil for a fifth up or down.
	Spread func(time.Duration) time.Duration
	// AtOnce bounds the calls that are under way at once, whoever makes them; zero for no bound.
	AtOnce int
	// Patience is after which time a probe that has not come back keeps the next one waiting no longer; zero for two minutes.
	Patience time.Duration
}

// Breaker knows from what became of the calls of a billing system whether it is there. It is open while it is not. It is
// safe for concurrent use.
type Breaker struct {
	o     BreakerOptions
	rooms chan struct{} // one for each call under way; nil for no bound

	mu          sync.Mutex
	inARow      int // calls that found it away since an answer
	firstInARow time.Time
	suspect     string // the key of the first of them
	several     bool   // other keys have failed too
	away        bool
	steps       int       // of the interval
	good        int       // answers in a row
	unsteady    bool      // it was away, and has not been there for long since
	nextAt      time.Time // not to be probed before
	probeUntil  time.Time // a probe is under way that counts until then; zero for none
	pausedUntil time.Time
	pauses      int // in a row
	tally       Tally
	changed     chan struct{}
}

// Tally is what a breaker counted.
type Tally struct {
	Failures int64 // calls that found the billing system away since it was last there
	Futile   int64 // probes of them
	Probes   int64 // ever made
	Answers  int64 // ever got
	Status   int   // HTTP status of the latest failure; zero when there was no answer at all
	Said     string
}

// Condition is what a breaker knows of its billing system.
type Condition struct {
	Tally
	Away   bool
	Lasted time.Duration // for how long it has been away
	Next   time.Duration // until the next probe
}

// NewBreaker is a breaker that takes the billing system to be there.
func NewBreaker(o BreakerOptions) *Breaker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Spread == nil {
		o.Spread = jitter.Fifth
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	b := &Breaker{o: o, changed: make(chan struct{})}
	if o.AtOnce > 0 {
		b.rooms = make(chan struct{}, o.AtOnce)
	}
	return b
}

// Room is how many calls of a billing system may begin.
type Room int

// The rooms.
const (
	ForAll  Room = iota
	ForOne       // for a probe
	ForNone      // for nobody
)

// Gate is whether calls may begin.
type Gate struct {
	Room    Room
	Until   time.Duration   // when there is room for nobody: when to look again at the latest
	Changed <-chan struct{} // closed when it is worth looking again before
}

// Gate tells whether calls may begin now.
func (b *Breaker) Gate() Gate {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.o.Now()
	g := Gate{Changed: b.changed}
	switch held := b.held(now); {
	case held > 0:
		g.Room, g.Until = ForNone, held
	case b.away && b.probeUntil.After(now):
		g.Room, g.Until = ForNone, b.probeUntil.Sub(now)
	case b.away:
		g.Room = ForOne
	}
	return g
}

// held is for how long nobody may call, be it because it is early or because the billing system wants so.
func (b *Breaker) held(now time.Time) time.Duration {
	until := b.pausedUntil
	if b.away && b.nextAt.After(until) {
		until = b.nextAt
	}
	return until.Sub(now)
}

// Admits tells whether a call would be made now, without making one. Error: *Away.
func (b *Breaker) Admits() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal(b.o.Now())
}

func (b *Breaker) refusal(now time.Time) error {
	wait := b.held(now)
	if wait <= 0 && b.away && b.probeUntil.After(now) {
		wait = interval(b.steps) // when the next probe is due, should this one be futile
	}
	if wait <= 0 {
		return nil
	}
	refused := &Away{RetryAfter: wait + rand.N(wait/2+1)} //nolint:gosec // nobody gains by guessing it
	if b.away {
		refused.Since = b.firstInARow
	}
	return refused
}

// interval is the time before the probe after so many steps.
func interval(steps int) time.Duration { return min(firstInterval<<min(steps, 6), lastInterval) }

// pass is the permission for one call.
type pass struct{ probeUntil time.Time } // zero unless it is a probe

// enter permits one call, whose outcome has to be told. Error: *Away.
func (b *Breaker) enter() (pass, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.o.Now()
	if err := b.refusal(now); err != nil {
		return pass{}, err
	}
	if !b.away {
		return pass{}, nil
	}
	b.probeUntil = now.Add(b.o.Patience)
	b.tally.Probes++
	return pass{probeUntil: b.probeUntil}, nil
}

// note takes what became of a call that was permitted; ours says that we ended it ourselves.
func (b *Breaker) note(p pass, key string, err error, ours bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.o.Now()
	probe := !p.probeUntil.IsZero() && p.probeUntil.Equal(b.probeUntil)
	if probe {
		b.probeUntil = time.Time{}
		defer b.change()
	}
	var u *Unavailable
	switch {
	case ours:
	case saysOfTheMove(err):
		b.answered()
	case !errors.As(err, &u): // it tells nothing, or says "unknown", which whatever stands before a billing system may say
		if probe {
			b.nextAt = now.Add(b.o.Spread(interval(b.steps)))
		}
	case u.Of == OfThePace:
		if b.away {
			b.back() // it is there, and busy
		}
		b.pause(now, u.RetryAfter)
	case u.Of == OfTheSystem:
		b.missed(now, key, u, probe)
	}
}

// saysOfTheMove tells whether the billing system answered, whatever it made of the move.
func saysOfTheMove(err error) bool {
	var atWork *AtWork
	var refusal *kernel.Refusal
	var u *Unavailable
	return err == nil || errors.As(err, &atWork) || errors.As(err, &refusal) || errors.As(err, &u) && u.Of == OfTheMove
}

func (b *Breaker) answered() {
	b.pauses = 0
	b.tally.Answers++
	if b.good++; b.good >= steadyAfter {
		b.steps, b.unsteady = 0, false
	}
	b.back()
}

// back ends the outage, if there is one.
func (b *Breaker) back() {
	b.inARow, b.several = 0, false
	b.tally.Failures, b.tally.Futile, b.tally.Status, b.tally.Said = 0, 0, 0, ""
	if b.away {
		b.away, b.probeUntil = false, time.Time{}
		b.change()
	}
}

// pause holds everything back. Calls that were under way together ask for one pause.
func (b *Breaker) pause(now time.Time, asked time.Duration) {
	under := b.pausedUntil.After(now)
	if asked <= 0 {
		if under {
			return
		}
		asked = interval(b.pauses)
	}
	if until := now.Add(min(asked, longestPause)); until.After(b.pausedUntil) {
		b.pausedUntil = until
		b.change()
	}
	if !under {
		b.pauses++
	}
}

// missed counts a call that found the billing system away.
func (b *Breaker) missed(now time.Time, key string, u *Unavailable, probe bool) {
	b.good = 0
	if b.inARow++; b.inARow == 1 {
		b.firstInARow, b.suspect = now, key
	}
	b.several = b.several || key != b.suspect
	b.tally.Failures++
	b.tally.Status, b.tally.Said = u.Status, kernel.ShortLine(u.Reason, maxReason)
	switch {
	case !b.away && b.inARow >= openAfter:
		b.away = true
		if b.unsteady && b.several {
			b.steps++
		}
		b.unsteady = true
	case b.away && probe:
		b.tally.Futile++
		if b.several { // as long as only one move has failed it may be the move, and others need not wait long
			b.steps++
		}
	default:
		return
	}
	b.nextAt = now.Add(max(b.o.Spread(interval(b.steps)), min(u.RetryAfter, longestAsked)))
	b.change()
}

// ProbeNow lets the next call through at once, when somebody else found the billing system there.
func (b *Breaker) ProbeNow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.o.Now(); b.away && b.nextAt.After(now) {
		b.nextAt = now
		b.change()
	}
}

// change wakes those who wait for another gate.
func (b *Breaker) change() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Condition is what it knows now.
func (b *Breaker) Condition() Condition {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := Condition{Tally: b.tally, Away: b.away}
	if b.away {
		now := b.o.Now()
		c.Lasted, c.Next = now.Sub(b.firstInARow), max(0, b.held(now))
	}
	return c
}
