package commerce

import (
	"math/rand/v2"
	"testing"
	"time"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/subscription"
)

// The people and things that the tests of this package tell their stories about.
const (
	customerID = "c0a80101-0000-4000-8000-00000000c001"
	sourceID   = "1f0c7a52-0000-4000-8000-00000000a001"
	targetID   = "2e9b1c44-0000-4000-8000-00000000b002"
	thirdID    = "3e9b1c44-0000-4000-8000-00000000b003"
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
)

var (
	at   = kerneltest.At
	rule = kerneltest.Rule
)

// date is midnight of a day.
func date(day string) time.Time { return at(day + "T00:00:00Z") }

// sample is a licence of ten units at 5.60 a month, bought on 10 April 2024 for a year.
func sample(changes ...func(*subscription.Subscription)) subscription.Subscription {
	s := subscription.Subscription{
		ID: "a1b2c3d4-0000-4000-8000-000000000001", CustomerTenantID: customerID, PartnerTenantID: sourceID,
		ProductType: subscription.OnlineServicesNCE, OfferID: "CFQ7TTC0LH18:0001", FriendlyName: "Business Basic", Quantity: 10,
		UnitPriceMinor: 560, BillingCycle: subscription.Monthly, TermDuration: "P1Y",
		CreationDate: at("2024-04-10T08:00:00Z"), CommitmentEndDate: date("2025-04-09"),
		Status: subscription.Active, Billed: true, Listed: true, AutoRenew: true,
	}
	s.LineageID = s.ID
	for _, change := range changes {
		change(&s)
	}
	return s
}

// bought makes it one that was bought at that time for the term; an empty term is none.
func bought(when time.Time, term string) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) {
		s.CreationDate, s.TermDuration, s.CommitmentEndDate = when, term, time.Time{}
		if months, known := map[string]int{"P1M": 1, "P1Y": 12, "P3Y": 36}[term]; known {
			s.CommitmentEndDate = kernel.AddMonths(kernel.Day(when), months).AddDate(0, 0, -1)
		}
	}
}

func billed(cycle subscription.BillingCycle, price int64, quantity int) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) {
		s.BillingCycle, s.UnitPriceMinor, s.Quantity = cycle, price, quantity
	}
}

// movedTo is the subscription that another partner gets for it on a submit of that day.
func movedTo(partner string, old subscription.Subscription, submitted time.Time) subscription.Subscription {
	s := old
	s.ID, s.PartnerTenantID = kernel.DeriveID(old.ID, partner), partner
	s.BilledSince, s.CyclesFrom = kernel.Day(submitted), old.CyclesStart()
	return s
}

// seed begins a game of chance that can be played again.
func seed(t *testing.T) *rand.Rand {
	t.Helper()
	number := rand.Uint64()
	t.Logf("seed %d", number)
	return rand.New(rand.NewPCG(number, 32))
}
