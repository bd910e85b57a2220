package world

import (
	"fmt"
	"time"

	"handover/internal/administration"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// The two partners of a large world and their admin agents.
const (
	LargeSource     = "aaaaaaaa-1111-4000-8000-000000000001"
	LargeTarget     = "aaaaaaaa-1111-4000-8000-000000000002"
	LargeSourceUser = "eeeeeeee-1111-4000-8000-000000000101"
	LargeTargetUser = "eeeeeeee-1111-4000-8000-000000000201"
)

// Large generates a world of one source, one target and any number of customers, each with the same number of movable
// licence subscriptions at the source and everything that a transfer to the target needs: relationship, agreement and
// Azure plan. The same numbers give the same world.
func Large(customers, subscriptionsPerCustomer int) administration.World {
	w := administration.World{Partners: []programme.Partner{
		largePartner(LargeSource, "Large Source", programme.DirectBill, "9000001", LargeSourceUser),
		largePartner(LargeTarget, "Large Target", programme.IndirectProvider, "9000002", LargeTargetUser),
	}}
	w.Subscriptions = make([]subscription.Subscription, 0, customers*(subscriptionsPerCustomer+1))
	for c := range customers {
		one := largeCustomer(c)
		w.Customers = append(w.Customers, one)
		w.Relationships = append(w.Relationships, programme.Relationship{
			PartnerTenantID: LargeTarget, CustomerTenantID: one.TenantID, Kind: programme.ProviderCustomer,
		})
		w.Agreements = append(w.Agreements, programme.Agreement{
			CustomerTenantID: one.TenantID, PartnerTenantID: LargeTarget, Mode: programme.Attestation,
		})
		w.Subscriptions = append(w.Subscriptions, largePlan(c, one.TenantID))
		for n := range subscriptionsPerCustomer {
			w.Subscriptions = append(w.Subscriptions, largeLicence(c, n, one.TenantID))
		}
	}
	return w
}

func largePartner(id, name string, in programme.Program, mpn, user string) programme.Partner {
	return programme.Partner{
		TenantID: id, Name: name, Programs: programme.Enrolled(in, programme.Active, true), MPNID: mpn,
		Market: "US", Currency: "USD", Locale: "en-US",
		Users: []programme.User{programme.Agent(user, "agent"+mpn+"@large.example")},
	}
}

func largeCustomer(number int) programme.Customer {
	domain := fmt.Sprintf("customer%d.example", number)
	return programme.Customer{
		TenantID: fmt.Sprintf("cccccccc-1111-4000-8000-%012x", number),
		Name:     fmt.Sprintf("Customer %d", number),
		Domain:   domain, Email: "it@" + domain, Market: "US", Locale: "en-US",
	}
}

var largeBought = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func largePlan(customer int, customerID string) subscription.Subscription {
	id := fmt.Sprintf("%08x-1111-4000-9000-000000000000", customer)
	return subscription.Subscription{
		ID: id, LineageID: id, CustomerTenantID: customerID, PartnerTenantID: LargeTarget,
		ProductType: subscription.AzurePlan, OfferID: subscription.AzurePlanOffer, FriendlyName: "Azure plan", Quantity: 1,
		BillingCycle: subscription.Monthly, CreationDate: largeBought, Status: subscription.Active,
	}
}

func largeLicence(customer, number int, customerID string) subscription.Subscription {
	id := fmt.Sprintf("%08x-1111-4000-8000-%012x", customer, number)
	return subscription.Subscription{
		ID: id, LineageID: id, CustomerTenantID: customerID, PartnerTenantID: LargeSource,
		ProductType: subscription.OnlineServicesNCE, OfferID: "licence:0001", FriendlyName: fmt.Sprintf("Licence %d", number),
		Quantity: 10, UnitPriceMinor: 12_50, BillingCycle: subscription.Monthly, TermDuration: "P1Y", CreationDate: largeBought,
		CommitmentEndDate: largeBought.AddDate(1, 0, -1), Status: subscription.Active, AutoRenew: true,
	}
}
