// Package outage is the fact that a billing system is away: one for all programs, however many find out. store keeps it, and
// keeper brings each process up to date with it.
package outage

import "time"

// The run that shows that the billing system is away. It is about no transfer, and there is one.
const (
	WorkflowType = "BillingOutage"
	WorkflowID   = "billing-outage"
)

// Billing is the name of the outage of the billing system.
const Billing = "billing"

// BillingCrowd is the name under which it is known that line items wait for a slot at the billing system.
const BillingCrowd = "billing slots"

// Outage is how something that line items wait for has been away, and whether it still is.
type Outage struct {
	Name     string
	Since    time.Time // zero when it never was
	Failures int64     // calls in vain, as far as they were reported
	Status   int       // HTTP status of the latest answer; zero when there was none
	Said     string    // what it said, which may be anything
	NextAt   time.Time // when it is asked again
	EndedAt  time.Time // zero while it goes on
}

// Open tells whether the outage goes on.
func (o Outage) Open() bool { return !o.Since.IsZero() && o.EndedAt.IsZero() }

// Sighting is what a program says that found something away. Times are given as durations, because the ledger's clock counts.
type Sighting struct {
	Name     string
	Lasted   time.Duration // for how long this program has found it so
	Failures int64         // since its previous sighting
	Status   int
	Said     string
	Next     time.Duration // until it asks again
}
