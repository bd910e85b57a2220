package webhook

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// schedule is how long is waited after each attempt that failed: that of Standard Webhooks 1.0, ten attempts in all.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MostAttempts is how often an event is sent before it becomes a dead letter.
var MostAttempts = len(schedule) + 1

const (
	// FailsFor is how long an endpoint may do nothing but fail before it is not called any more.
	FailsFor = 5 * 24 * time.Hour
	// BreaksOff is how long nothing need be tried for a failure to be the first of a new series: longer than any event waits between two
	// attempts, so that within a series an endpoint had its chance at least every second day.
	BreaksOff = 2 * 24 * time.Hour
	// longestWish is the longest Retry-After that is honoured, and longestRest that of a breaker.
	longestWish = 24 * time.Hour
	longestRest = time.Hour
	// troubled is how many events in a row an endpoint may fail before it is left alone for a while: that many fail because of the
	// endpoint and not because of what they are about.
	troubled = 3
)

// Answer is what an endpoint made of an attempt.
type Answer struct {
	Status     int           // of HTTP; 0 when it did not answer
	RetryAfter time.Duration // that it asked for; 0 when it did not
	Fault      string        // why there was no answer, in our own words; empty when there was one
	Excerpt    string        // of the answer, made fit to be shown
	Took       time.Duration
}

// Delivered tells that the event was heard. A redirect is a failure: it is not followed.
func (a Answer) Delivered() bool { return a.Status >= 200 && a.Status < 300 }

// Gone tells that the endpoint wants to hear nothing any more.
func (a Answer) Gone() bool { return a.Status == http.StatusGone }

// Next is when an event is sent again after so many attempts, of which the answer was the latest; over when there is no next one.
// Luck, from 0 to 1, spreads what failed at once by a tenth either way.
func (a Answer) Next(attempts int, luck float64) (after time.Duration, over bool) {
	if attempts >= MostAttempts {
		return 0, true
	}
	wait := schedule[max(attempts, 1)-1]
	wait += time.Duration((luck - 0.5) / 5 * float64(wait))
	return max(wait, a.wish()), false
}

func (a Answer) wish() time.Duration { return min(a.RetryAfter, longestWish) }

// Health is how an endpoint does. Its zero value is that of one that never failed.
type Health struct {
	FailingSince time.Time // the first failure of the series that its latest one belongs to
	FailedAt     time.Time // the latest failure, since its latest success
	Failures     int       // in a row
	RestsUntil   time.Time // not to be called before
	OffAt        time.Time // when it was switched off; zero while it is called
	Why          Why
}

// Off tells that the endpoint is not called any more.
func (h Health) Off() bool { return !h.OffAt.IsZero() }

// After is the endpoint's health once it gave that answer. A success switches every alarm off. An endpoint that is gone, or has only
// failed for five days, is switched off: a success, or two days in which nothing was tried, begin that anew. One that failed several events in a row, or asks for it, is left alone for a while.
func (h Health) After(a Answer, now time.Time) Health {
	if a.Delivered() {
		return Health{}
	}
	if h.FailingSince.IsZero() || now.Sub(h.FailedAt) > BreaksOff {
		h = Health{FailingSince: now}
	}
	h.FailedAt = now
	h.Failures++
	switch {
	case a.Gone():
		h.OffAt, h.Why = now, WhyGone
	case now.Sub(h.FailingSince) >= FailsFor:
		h.OffAt, h.Why = now, WhyFailing
	case a.wish() > 0:
		h.RestsUntil = now.Add(a.wish())
	case h.Failures >= troubled:
		rounds := min(h.Failures-troubled, len(schedule)-1)
		h.RestsUntil = now.Add(min(schedule[rounds], longestRest))
	}
	return h
}

// AfterAll is the endpoint's health once it gave those answers, in the order in which they were asked for, to attempts that were under way at
// the same time. One that asks for rest, or is gone, means it whatever became of the others. Where it is to be left alone already, others
// that fail were sent before that was known, and count for nothing.
func (h Health) AfterAll(given []Answer, now time.Time) Health {
	given = slices.Clone(given)
	slices.SortStableFunc(given, func(a, b Answer) int { return cmp.Compare(a.weight(), b.weight()) })
	for _, a := range given {
		if a.weight() > 0 || a.Delivered() || !h.Rests(now) {
			h = h.After(a, now)
		}
	}
	return h
}

// weight tells which of several answers is the last word: the longest wish, and that the endpoint is gone.
func (a Answer) weight() time.Duration {
	switch {
	case a.Delivered():
		return 0
	case a.Gone():
		return longestWish + 1
	}
	return a.wish()
}

// Rests tells that the endpoint is to be left alone at that time.
func (h Health) Rests(now time.Time) bool { return now.Before(h.RestsUntil) }
