package webhook

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// Status is what became of telling a partner of an event.
type Status string

// The statuses.
const (
	Waiting   Status = "waiting"   // to be sent, now or at its next attempt
	Delivered Status = "delivered" // heard
	Dead      Status = "dead"      // not sent any more, unless its owner asks for it
)

// DeliveriesKept and TestsKept are how long what became of events is kept.
const (
	DeliveriesKept = 30 * 24 * time.Hour
	TestsKept      = 7 * 24 * time.Hour
)

// MostCounted bounds what is counted at every step, so that a backlog costs no more for being long. One more means that there are more.
const MostCounted = 1000

// Counted is the count of what is counted up to MostCounted.
func Counted(n int) string {
	if n > MostCounted {
		return fmt.Sprintf("over %d", MostCounted)
	}
	return strconv.Itoa(n)
}

// TestsPerMinute is how many tests a partner may ask for.
const TestsPerMinute = 2

// What is said of events that were not even tried.
const (
	FaultOff          = "The endpoint is switched off."
	FaultUnregistered = "There is no registration any more."
	FaultUnsubscribed = "The registration does not have its event any more."
	FaultBefore       = "The registration that it waited under was switched off or ended."
	FaultUnsayable    = "It cannot be told: its body would be too large."
	FaultUnknown      = "It waits for a newer version of the service, which knows this event."
)

// asideFor is how long an event is left alone that a newer program may know.
const asideFor = 10 * time.Minute

// UnsaidError says that one event cannot be told, whatever its endpoint is like and however well others can.
type UnsaidError struct {
	Fault string // in our own words
	Later bool   // a newer program may know how
	Err   error  // for operators
}

func (e *UnsaidError) Error() string { return e.Err.Error() }

// Unwrap gives what operators are told.
func (e *UnsaidError) Unwrap() error { return e.Err }

// Delivery is an event on its way to one partner.
type Delivery struct {
	Event
	Status     Status
	Attempts   int       // in all
	Before     int       // of them before its owner last asked for it again
	NextAt     time.Time // of the next attempt, while it waits
	EndedAt    time.Time // zero while it waits
	LastStatus int       // of HTTP, of the latest attempt; 0 when there was none, or no answer
	LastFault  string    // why it is not delivered, where no answer says so
	Registered time.Time // ModifiedAt of the registration that the next attempt is planned under
	SentTo     string    // of a test, where it went last; empty before its first attempt
}

// Under is the delivery as it stands under its partner's registration, which is empty when there is none. What waits for an endpoint that
// was switched off, or whose registration ended, is a dead letter from that moment on, and stays one whatever is registered later. What
// waits for one that was replaced is due at once, and for one that rests once it has rested.
func (d Delivery) Under(r Registration) Delivery {
	switch {
	case d.Status != Waiting:
		return d
	case r.Called() && !d.Registered.Before(r.CalledSince):
		if d.Registered.Before(r.ModifiedAt) && d.NextAt.After(r.ModifiedAt) {
			d.NextAt = r.ModifiedAt
		}
		if d.NextAt.Before(r.Health.RestsUntil) {
			d.NextAt = r.Health.RestsUntil
		}
		return d
	case r.Health.Off():
		d.EndedAt = r.Health.OffAt
	case r.Called():
		d.EndedAt = r.CalledSince
	}
	d.Status, d.LastFault = Dead, cmp.Or(d.LastFault, r.Fault())
	return d
}

// Fault is what is said of what the registration, empty when there is none, has no more sent.
func (r Registration) Fault() string {
	switch {
	case r.Health.Off():
		return FaultOff
	case r.Called():
		return FaultBefore
	}
	return FaultUnregistered
}

// To is the delivery once it was sent to the endpoint of the registration. Only of a test it is kept where that is.
func (d Delivery) To(r Registration) Delivery {
	if d.Name == TestCreated {
		d.SentTo = r.URL
	}
	return d
}

// After is the delivery once the endpoint registered at that time gave that answer. For luck see Answer.Next.
func (d Delivery) After(a Answer, registered, now time.Time, luck float64) Delivery {
	d.Attempts, d.Registered = d.Attempts+1, registered
	d.LastStatus, d.LastFault = a.Status, a.Fault
	wait, over := a.Next(d.Attempts-d.Before, luck)
	switch {
	case a.Delivered():
		d.Status, d.EndedAt = Delivered, now
	case over, a.Gone():
		d.Status, d.EndedAt = Dead, now
	default:
		d.NextAt = now.Add(wait)
	}
	return d
}

// Aside is the delivery once it could not be said for the endpoint registered at that time: a dead letter, unless it waits for a newer program.
// No attempt was made.
func (d Delivery) Aside(u *UnsaidError, registered, now time.Time) Delivery {
	d.LastStatus, d.LastFault, d.Registered = 0, u.Fault, registered
	if u.Later {
		d.NextAt = now.Add(asideFor)
	} else {
		d.Status, d.EndedAt = Dead, now
	}
	return d
}

// SentNow tells whether the delivery, as it stands under its partner's registration, is sent now with all its attempts before it, so that
// asking for it again would change nothing.
func (d Delivery) SentNow(r Registration, now time.Time) bool {
	return d.Status == Waiting && d.Before == d.Attempts && !d.NextAt.After(now) && !r.Health.Rests(now)
}

// Again is the delivery once its owner asked for it, as if it had never been tried, at the endpoint registered at that time.
func (d Delivery) Again(registered, now time.Time) Delivery {
	d.Status, d.Before, d.NextAt, d.EndedAt, d.Registered = Waiting, d.Attempts, now, time.Time{}, registered
	return d
}

// Attempt is one attempt to deliver an event.
type Attempt struct {
	DeliveryID string
	N          int // from 1
	At         time.Time
	Registered time.Time // when the registration was made that it is of: what another address answered says nothing about this one
	Answer
}

// WorkflowType is the type of the runs that deliver, one for each partner.
const WorkflowType = "Delivery"

// WorkflowID is the id of the run that delivers to the partner.
func WorkflowID(partner string) string { return "delivery/" + partner }
