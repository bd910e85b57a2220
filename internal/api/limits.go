package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter gives every partner its own share of requests.
type limiter struct {
	perSecond rate.Limit
	burst     int

	mu    sync.Mutex
	of    map[string]*share
	swept time.Time
}

// share is what one partner may still ask for.
type share struct {
	*rate.Limiter
	used time.Time
}

// forgetAfter is how long a partner that asks for nothing is remembered: longer than any share takes to fill again.
const forgetAfter = 10 * time.Minute

func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{perSecond: rate.Limit(perSecond), burst: burst, of: map[string]*share{}}
}

// take counts a request of the partner, or refuses it with when to come back.
func (l *limiter) take(partner string, now time.Time) error {
	if l.perSecond <= 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	s, known := l.of[partner]
	if !known {
		s = &share{Limiter: rate.NewLimiter(l.perSecond, l.burst)}
		l.of[partner] = s
	}
	s.used = now
	reserved := s.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reserved.CancelAt(now)
	seconds := int(wait.Seconds()) + 1
	return refuse(tooManyRequests, "Rate limit is exceeded. Try again in %d seconds.", seconds).again(time.Duration(seconds) * time.Second)
}

// sweep forgets partners that have been quiet, so that memory stays bounded.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < forgetAfter {
		return
	}
	l.swept = now
	for partner, s := range l.of {
		if now.Sub(s.used) > forgetAfter {
			delete(l.of, partner)
		}
	}
}
