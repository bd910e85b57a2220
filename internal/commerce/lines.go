package commerce

import (
	"strconv"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// Kind tells what is to be paid from what is given back.
type Kind string

// The kinds.
const (
	Charge Kind = "charge"
	Credit Kind = "credit"
)

// Occasion is what a line comes from.
type Occasion string

// The occasions.
const (
	ByTransfer     Occasion = "transfer"
	ByCancellation Occasion = "cancellation"
	ByQuantity     Occasion = "quantity"     // units came or went within a cycle
	ByCycle        Occasion = "cycle"        // a cycle begins; such lines are derived, never kept
)

// Line is what a partner is charged, or credited, for some days of a subscription.
type Line struct {
	ID               string
	PartnerTenantID  string
	CustomerTenantID string
	SubscriptionID   string
	From             time.Time
	To               time.Time // belongs to the line like From
	Quantity         int
	Amount           Minor  // never negative
	Currency         string // that the partner is billed in; the ledger fills it in
	Kind             Kind
	Cause            Occasion
	Subject          string // with the cause what the line is for, once for each subscription: the transfer, or the number of the change
	CreatedAt        time.Time
}

// Signed is the amount as it counts in a sum: a credit is less than nothing.
func (l Line) Signed() Minor {
	if l.Kind == Credit {
		return -l.Amount
	}
	return l.Amount
}

// line is a line about days of the subscription.
func line(s subscription.Subscription, d Days, kind Kind, cause Occasion, subject string, at time.Time) Line {
	return Line{
		ID:              kernel.DeriveID("billing line", s.ID, string(kind), string(cause), subject),
		PartnerTenantID: s.PartnerTenantID, CustomerTenantID: s.CustomerTenantID, SubscriptionID: s.ID,
		From: d.From, To: d.Until.AddDate(0, 0, -1), Quantity: s.Quantity, Kind: kind, Cause: cause, Subject: subject, CreatedAt: at,
	}
}

// OfMove are the lines of a subscription that a transfer moved: the source's credit for what it had paid for beyond the day before the
// submit, and the target's charge for the same days. What has no price that the ledger knows has no line. Error: ErrTooMuch.
func OfMove(old, next subscription.Subscription, transferID string, submitted, now time.Time) ([]Line, error) {
	from := later(kernel.Day(submitted), kernel.Day(old.BillingStart()))
	var lines []Line
	for _, side := range []struct {
		of   subscription.Subscription
		kind Kind
	}{{old, Credit}, {next, Charge}} {
		days := paidFrom(side.of, from, now)
		if !HasFixedPrice(side.of) || days.none() {
			continue
		}
		one := line(side.of, days, side.kind, ByTransfer, transferID, now)
		var err error
		if one.Amount, err = costOf(side.of, days); err != nil {
			return nil, err
		}
		lines = append(lines, one)
	}
	return lines, nil
}

// Earlier is what is known of the earlier changes of a subscription's quantity, each of which has a line.
type Earlier struct {
	Count int
	Lines []Line // in their order; only where GivesAllBack
}

// GivesAllBack tells whether the change is one that gives back all that was paid, which only the earlier lines tell.
func GivesAllBack(old, next subscription.Subscription) bool {
	return old.Billed && !next.Billed && takenBack(old)
}

// OfChange are the lines of a change by the owner, by an operator or by the schedule. What ends gives the unused days of the cycle back, of which the day of the end is none; what a marketplace takes back
// within its window gives back all that was paid. What ends with its cycle gives nothing back. Units that come are paid
// from that day on, units that go are paid to the end of it; where that costs
// nothing, on the last day or before billing begins, a line of nothing tells how many there were. Error: ErrTooMuch.
func OfChange(old, next subscription.Subscription, before Earlier, at time.Time) ([]Line, error) {
	if !HasFixedPrice(old) || !old.Billed || old.Status == subscription.Pending {
		return nil, nil
	}
	c := change{of: old, quantity: next.Quantity, cause: ByQuantity, before: before, at: at}
	today := kernel.Day(at)
	tomorrow := today.AddDate(0, 0, 1)
	switch {
	case GivesAllBack(old, next):
		return c.giveAllBack()
	case !next.Billed:
		c.quantity, c.cause = 0, ByCancellation
		return c.difference(paidFrom(old, tomorrow, at))
	case next.Quantity < old.Quantity:
		return c.difference(paidFrom(old, tomorrow, at))
	}
	return c.difference(paidFrom(old, today, at))
}

// takenBack tells whether an end is one within the window of a marketplace product: its owner cannot end it later, and no schedule does.
func takenBack(old subscription.Subscription) bool {
	return old.ProductType == subscription.SaaS && old.TermDuration != "" && old.CancelAt.IsZero()
}

// change is a change of a subscription with a fixed price.
type change struct {
	of       subscription.Subscription
	quantity int // afterwards
	cause    Occasion
	before   Earlier
	at       time.Time
}

// line is the line of the change.
func (c change) line(d Days, kind Kind, quantity int, amount Minor) []Line {
	one := line(c.of, d, kind, c.cause, strconv.Itoa(c.before.Count+1), c.at)
	one.Quantity, one.Amount = quantity, amount
	return []Line{one}
}

// difference is the line for the units that come or go: what all of them cost afterwards, less what they cost before.
func (c change) difference(d Days) ([]Line, error) {
	more := c.quantity - c.of.Quantity
	switch {
	case more == 0:
		return nil, nil
	case d.none() && c.cause == ByQuantity:
		return c.nothing(more), nil
	case d.none():
		return nil, nil
	}
	before, err := costOf(c.of, d)
	if err != nil {
		return nil, err
	}
	changed := c.of
	changed.Quantity = c.quantity
	after, err := costOf(changed, d)
	if more < 0 {
		return c.line(d, Credit, -more, before-after), err
	}
	return c.line(d, Charge, more, after-before), err
}

// nothing is the line of units that come or go on a day that they cost nothing for: the last of a cycle, or one before billing begins.
func (c change) nothing(more int) []Line {
	today := kernel.Day(c.at)
	day := Days{From: today, Until: today.AddDate(0, 0, 1)}
	if more < 0 {
		return c.line(day, Credit, -more, 0)
	}
	return c.line(day, Charge, more, 0)
}

// giveAllBack is the credit for everything that was paid: each cycle at its beginning for the units that there were, and then whatever
// was charged and credited for units that came and went.
func (c change) giveAllBack() ([]Line, error) {
	all := paidFrom(c.of, time.Time{}, c.at)
	var paid Minor
	for day := all.From; day.Before(all.Until); {
		cycle, _ := c.of.CycleAt(day)
		begun := c.of
		begun.Quantity = c.heldAt(day)
		cost, err := costOf(begun, Days{From: day, Until: earlier(cycle.Until, all.Until)})
		if err == nil {
			paid, err = paid.Plus(cost)
		}
		if err != nil {
			return nil, err
		}
		day = cycle.Until
	}
	for _, l := range c.before.Lines {
		if l.Kind == Charge {
			var err error
			if paid, err = paid.Plus(l.Amount); err != nil {
				return nil, err
			}
		}
	}
	for _, l := range c.before.Lines {
		if l.Kind == Credit {
			paid -= l.Amount
		}
	}
	c.cause = ByCancellation
	return c.line(all, Credit, c.of.Quantity, paid), nil
}

// heldAt is how many units there were when the day began.
func (c change) heldAt(day time.Time) int {
	held := c.of.Quantity
	for _, l := range c.before.Lines {
		if !l.CreatedAt.Before(day) {
			held -= l.units()
		}
	}
	return held
}

// units are how many came with the line, less than none where some went.
func (l Line) units() int {
	if l.Kind == Credit {
		return -l.Quantity
	}
	return l.Quantity
}

// NextCharge is what the owner will be charged when the next cycle begins, if nothing changes; false when no cycle begins any more.
// Error: ErrTooMuch.
func NextCharge(s subscription.Subscription, now time.Time) (Line, bool, error) {
	if !HasFixedPrice(s) || !s.Billed || s.Status == subscription.Pending {
		return Line{}, false, nil
	}
	under, _ := s.CycleAt(now)
	next, _ := s.CycleAt(under.Until)
	days := Days{From: next.From, Until: earlier(next.Until, s.BillingEnd())}
	if days.none() {
		return Line{}, false, nil
	}
	coming := line(s, days, Charge, ByCycle, days.From.Format(time.DateOnly), days.From)
	var err error
	coming.Amount, err = costOf(s, days)
	return coming, true, err
}
