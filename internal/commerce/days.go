package commerce

import (
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// Days are a run of days of a subscription: the first one, and the first one after it.
type Days struct{ From, Until time.Time }

// none tells whether there is no day among them.
func (d Days) none() bool { return !d.From.Before(d.Until) }

// HasFixedPrice tells whether the subscription is paid for by the cycle, in advance. What is used is billed by the billing system
// afterwards, and a price of 0 is one that the ledger does not know.
func HasFixedPrice(s subscription.Subscription) bool {
	if s.UnitPriceMinor <= 0 || s.ProductType == subscription.AzureSubscription || s.ProductType == subscription.AzurePlan {
		return false
	}
	_, inCycles := s.CycleAt(s.BillingStart())
	return inCycles
}

// paidFrom are the days from the given one on that the owner has paid for at that time: to the end of the cycle under way, as cycles
// are paid when they begin, and never beyond the end of billing.
func paidFrom(s subscription.Subscription, from, now time.Time) Days {
	from = later(from, kernel.Day(s.BillingStart()))
	cycle, _ := s.CycleAt(now)
	return Days{From: from, Until: earlier(cycle.Until, s.BillingEnd())}
}

// costOf is what the days of the subscription cost. A cycle has the price of one, and its days share it: what is left of a cycle from
// some day on costs its share by days, half up, and a run of days costs what is left at its beginning less what is left at its end.
// So runs that follow on each other cost together what all of their days cost, to the minor unit. It must have a fixed price.
// Error: ErrTooMuch.
func costOf(s subscription.Subscription, d Days) (Minor, error) {
	price, err := Minor(s.UnitPriceMinor).Times(s.Quantity)
	var cost Minor
	for day := d.From; err == nil && day.Before(d.Until); {
		cycle, _ := s.CycleAt(day)
		left := price.Share(between(day, cycle.Until), between(cycle.From, cycle.Until))
		if d.Until.Before(cycle.Until) {
			left -= price.Share(between(d.Until, cycle.Until), between(cycle.From, cycle.Until))
		}
		cost, err = cost.Plus(left)
		day = cycle.Until
	}
	return cost, err
}

// between counts the days from one to another.
func between(from, until time.Time) int { return int(until.Sub(from) / (24 * time.Hour)) }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// earlier is the earlier one of a day and an end, which may be none.
func earlier(a, end time.Time) time.Time {
	if !end.IsZero() && end.Before(a) {
		return end
	}
	return a
}
