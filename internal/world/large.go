package world

import (
	"fmt"
	"time"

	"handover/internal/ledger"
	"handover/internal/transfer"
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
func Large(customers, subscriptionsPerCustomer int) ledger.World {
	w := ledger.World{Partners: []transfer.Partner{
		largePartner(LargeSource, "Large Source", transfer.DirectBill, "9000001", LargeSourceUser),
		largePartner(LargeTarget, "Large Target", transfer.IndirectProvider, "9000002", LargeTargetUser),
	}}
	w.Subscriptions = make([]transfer.Subscription, 0, customers*(subscriptionsPerCustomer+1))
	for c := range customers {
		one := largeCustomer(c)
		w.Customers = append(w.Customers, one)
		w.Relationships = append(w.Relationships, ledger.Relationship{PartnerTenantID: LargeTarget, CustomerTenantID: one.TenantID})
		w.Agreements = append(w.Agreements, transfer.Agreement{
			CustomerTenantID: one.TenantID, PartnerTenantID: LargeTarget, Mode: transfer.Attestation,
		})
		w.Subscriptions = append(w.Subscriptions, largePlan(c, one.TenantID))
		for n := range subscriptionsPerCustomer {
			w.Subscriptions = append(w.Subscriptions, largeLicence(c, n, one.TenantID))
		}
	}
	return w
}

func largePartner(id, name string, kind transfer.PartnerType, mpn, user string) transfer.Partner {
	return transfer.Partner{
		TenantID: id, Name: name, Type: kind, Status: transfer.ProgramActive, MPASigned: true, MPNID: mpn,
		Market: "US", Currency: "USD", Locale: "en-US",
		AdminAgents: []transfer.AdminAgent{{UserID: user, Email: "agent" + mpn + "@large.example"}},
	}
}

func largeCustomer(number int) transfer.Customer {
	domain := fmt.Sprintf("customer%d.example", number)
	return transfer.Customer{
		TenantID: fmt.Sprintf("cccccccc-1111-4000-8000-%012x", number),
		Name:     fmt.Sprintf("Customer %d", number),
		Domain:   domain, Email: "it@" + domain, Market: "US", Locale: "en-US",
	}
}

var largeBought = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func largePlan(customer int, customerID string) transfer.Subscription {
	id := fmt.Sprintf("%08x-1111-4000-9000-000000000000", customer)
	return transfer.Subscription{
		ID: id, LineageID: id, CustomerTenantID: customerID, PartnerTenantID: LargeTarget,
		ProductType: transfer.AzurePlan, OfferID: transfer.AzurePlanOffer, FriendlyName: "Azure plan", Quantity: 1,
		BillingCycle: transfer.Monthly, CreationDate: largeBought, Status: transfer.SubscriptionActive,
	}
}

func largeLicence(customer, number int, customerID string) transfer.Subscription {
	id := fmt.Sprintf("%08x-1111-4000-8000-%012x", customer, number)
	return transfer.Subscription{
		ID: id, LineageID: id, CustomerTenantID: customerID, PartnerTenantID: LargeSource,
		ProductType: transfer.OnlineServicesNCE, OfferID: "licence:0001", FriendlyName: fmt.Sprintf("Licence %d", number),
		Quantity: 10, UnitPriceMinor: 12_50, BillingCycle: transfer.Monthly, TermDuration: "P1Y", CreationDate: largeBought,
		CommitmentEndDate: largeBought.AddDate(1, 0, -1), Status: transfer.SubscriptionActive, AutoRenew: true,
	}
}
