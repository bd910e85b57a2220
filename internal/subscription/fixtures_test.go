package subscription_test

import (
	"handover/internal/kernel/kerneltest"
	"handover/internal/subscription"
)

// The people and things that the tests of this package tell their stories about: Contoso is billed by Northwind.
const (
	customerID = "c0a80101-0000-4000-8000-00000000c001"
	sourceID   = "1f0c7a52-0000-4000-8000-00000000a001"
	targetID   = "2e9b1c44-0000-4000-8000-00000000b002"
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
)

var (
	submitted = at("2024-05-15T09:00:00Z")
	rules     = subscription.DefaultRules()
)

var (
	at      = kerneltest.At
	rule    = kerneltest.Rule
	refused = kerneltest.Refused
)

// sample is an active licence of the customer at the source, its id ending in the suffix of four hex digits.
func sample(suffix string, changes ...func(*subscription.Subscription)) subscription.Subscription {
	s := subscription.Subscription{
		ID: "a1b2c3d4-0000-4000-8000-00000000" + suffix, CustomerTenantID: customerID, PartnerTenantID: sourceID,
		ProductType: subscription.OnlineServicesNCE, OfferID: "CFQ7TTC0LH18:0001", FriendlyName: "Business Basic", Quantity: 10,
		UnitPriceMinor: 560, BillingCycle: subscription.Monthly, TermDuration: "P1Y",
		CreationDate: at("2024-04-10T08:00:00Z"), CommitmentEndDate: at("2025-04-09T00:00:00Z"),
		Status: subscription.Active, AutoRenew: true,
	}
	s.LineageID = s.ID
	for _, change := range changes {
		change(&s)
	}
	return s
}

func ofType(product subscription.ProductType) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) { s.ProductType = product }
}

func inStatus(status subscription.Status) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) { s.Status = status }
}

func under(base subscription.Subscription) func(*subscription.Subscription) {
	return func(s *subscription.Subscription) { s.ParentID = base.ID }
}
