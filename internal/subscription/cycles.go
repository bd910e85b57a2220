package subscription

import (
	"strconv"
	"time"

	"handover/internal/kernel"
)

// Cycle is one billing cycle: its first day, and the first day after it.
type Cycle struct{ From, Until time.Time }

// period is a length of calendar time: months, or days.
type period struct{ months, days int }

// parsePeriod reads a term such as P1M, P3Y or P30D; no period for any other text.
func parsePeriod(term string) period {
	if len(term) < 3 || term[0] != 'P' {
		return period{}
	}
	n, err := strconv.Atoi(term[1 : len(term)-1])
	if err != nil || n < 1 {
		return period{}
	}
	switch term[len(term)-1] {
	case 'D':
		return period{days: n}
	case 'M':
		return period{months: n}
	case 'Y':
		return period{months: 12 * n}
	}
	return period{}
}

// from is n periods after the day, or before it.
func (p period) from(day time.Time, n int) time.Time {
	if p.days != 0 {
		return day.AddDate(0, 0, n*p.days)
	}
	return kernel.AddMonths(day, n*p.months)
}

// before tells how many whole periods at most lie between the two days, less than none when the second one is earlier.
func (p period) before(start, day time.Time) int {
	n := floor(12*(day.Year()-start.Year())+int(day.Month()-start.Month()), p.months)
	if p.days != 0 {
		n = floor(int(day.Sub(start)/(24*time.Hour)), p.days)
	}
	if p.from(start, n).After(day) {
		n--
	}
	return n
}

// floor divides, and takes the smaller whole number; anything by nothing is nothing.
func floor(a, b int) int {
	if b == 0 {
		return 0
	}
	n := a / b
	if a%b < 0 {
		n--
	}
	return n
}

// cycle is how long the subscription's billing cycles are; none when it is not billed by a cycle.
func (s Subscription) cycle() period {
	switch s.BillingCycle {
	case Monthly:
		return period{months: 1}
	case Annual:
		return period{months: 12}
	case OneTime:
		if !s.CommitmentEndDate.IsZero() {
			return parsePeriod(s.TermDuration)
		}
	case NoCycle, UnknownCycle:
	}
	return period{}
}

// CyclesStart is a day on which a billing cycle began, from which all others are counted. What a transfer moved keeps the cycles that
// it had. Cycles divide the term: where whole terms after the purchase do not end with the commitment, the term is counted
// back from its end.
func (s Subscription) CyclesStart() time.Time {
	start, term := kernel.Day(s.BillingStart()), parsePeriod(s.TermDuration)
	switch {
	case !s.CyclesFrom.IsZero():
		return s.CyclesFrom
	case s.CommitmentEndDate.IsZero() || term == period{}:
		return start
	}
	end := kernel.Day(s.CommitmentEndDate).AddDate(0, 0, 1)
	if term.from(start, term.before(start, end)).Equal(end) {
		return start
	}
	return term.from(end, -1)
}

// CycleAt is the billing cycle that the day is in, whether it is billed or not; false for what has no cycles.
func (s Subscription) CycleAt(day time.Time) (Cycle, bool) {
	length, start, day := s.cycle(), s.CyclesStart(), kernel.Day(day)
	if length == (period{}) {
		return Cycle{}, false
	}
	n := length.before(start, day)
	return Cycle{From: length.from(start, n), Until: length.from(start, n+1)}, true
}

// BillingEnd is the first day that nobody pays for any more: the one after its term, or that of its scheduled end; zero for none. The
// ledger renews no terms.
func (s Subscription) BillingEnd() time.Time {
	var end time.Time
	if !s.CommitmentEndDate.IsZero() {
		end = kernel.Day(s.CommitmentEndDate).AddDate(0, 0, 1)
	}
	if !s.CancelAt.IsZero() && (end.IsZero() || s.CancelAt.Before(end)) {
		end = kernel.Day(s.CancelAt.Add(24*time.Hour - time.Nanosecond))
	}
	return end
}
