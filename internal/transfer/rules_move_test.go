package transfer_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/subscription"
	"handover/internal/transfer"
)

// The rules of section 2.6: what the target gets for a line item that moved, and who pays which days.

const newID = "b9000000-0000-4000-8000-0000000000f1"

var moved = at("2024-06-15T10:30:00Z")

// successor is what the target gets for the subscription, with both partners billed in euros.
func successor(old subscription.Subscription, item transfer.LineItem) subscription.Subscription {
	f, t := facts(), opened()
	t.SubmittedTime = moved
	return transfer.Successor(t, item, old, *f.Source, *f.Target, newID, moved)
}

func itemOf(s subscription.Subscription) transfer.LineItem {
	return transfer.LineItem{SubscriptionID: s.ID, Quantity: s.Quantity, BaseOrdinal: transfer.NoBase}
}

func TestRulesOfTheSuccessor(t *testing.T) {
	old := sample("0001", func(s *subscription.Subscription) { s.SandboxFault, s.PartnerOnRecord = "transient:3", "4711009" })
	got := successor(old, itemOf(old))
	rule(t, "R-30 the target gets a new subscription with a new id, in the same lineage", func(t *testing.T) {
		assert.Equal(t, newID, got.ID)
		assert.Equal(t, targetID, got.PartnerTenantID)
		assert.Equal(t, old.LineageID, got.LineageID)
		assert.Equal(t, subscription.Active, got.Status)
		assert.Equal(t, moved, got.CreationDate)
	})
	rule(t, "R-31 nothing else changes", func(t *testing.T) {
		want := old
		want.ID, want.PartnerTenantID, want.CreationDate = newID, targetID, moved
		want.PartnerOnRecord, want.SandboxFault = "", ""
		want.BilledSince, want.Billed, want.Listed = at("2024-06-15T00:00:00Z"), true, true
		want.CyclesFrom = at("2024-04-10T00:00:00Z") // as they were
		assert.Equal(t, want, got)
	})
	rule(t, "R-31 billing cycles go on as they were, through every move", func(t *testing.T) {
		again := successor(got, itemOf(got))
		assert.Equal(t, at("2024-04-10T00:00:00Z"), again.CyclesFrom)
		assert.Equal(t, at("2024-07-10T00:00:00Z"), subscription.NextCycle(again, moved), "R-37 counts by them")
	})
	rule(t, "R-35 what the source pays in another currency is no price of the target's", func(t *testing.T) {
		assert.Zero(t, inCurrency(old, "USD").UnitPriceMinor)
		assert.Equal(t, old.UnitPriceMinor, inCurrency(old, "EUR").UnitPriceMinor)
	})
	rule(t, "R-32 the target pays from the day of the submit on, whenever it was moved", func(t *testing.T) {
		tr, f := opened(), facts()
		tr.SubmittedTime = at("2024-06-15T23:59:59Z")
		later := transfer.Successor(tr, itemOf(old), old, *f.Source, *f.Target, newID, at("2024-06-19T08:00:00Z"))
		assert.Equal(t, at("2024-06-15T00:00:00Z"), later.BillingStart())
		again := transfer.SplitBilling(later, at("2024-08-01T08:00:00Z"))
		assert.Equal(t, []any{at("2024-06-15T00:00:00Z"), at("2024-07-31T00:00:00Z")}, []any{again.SourceFrom, again.SourceUntil})
	})
	rule(t, "R-57 the reseller of the request is credited, not the source's", func(t *testing.T) {
		tr, f := opened(), facts()
		tr.PartnerOnRecord = "4711001"
		assert.Equal(t, "4711001", transfer.Successor(tr, itemOf(old), old, *f.Source, *f.Target, newID, moved).PartnerOnRecord)
	})
	rule(t, "R-83 scheduled changes and promotions belong to the old subscription only", func(t *testing.T) {
		for _, field := range reflect.VisibleFields(reflect.TypeFor[subscription.Subscription]()) {
			assert.NotRegexp(t, "(?i)promotion|schedule", field.Name, "a new field of the successor needs a decision")
		}
	})
	rule(t, "R-84 no new cancellation window, for the term stays the same", func(t *testing.T) {
		assert.Equal(t, old.CommitmentEndDate, got.CommitmentEndDate)
		assert.Equal(t, old.TermDuration, got.TermDuration)
	})
}

func TestRulesOfMovingAzure(t *testing.T) {
	rule(t, "R-36 legacy Azure becomes part of the target's Azure plan", func(t *testing.T) {
		old := sample("0001", ofType(subscription.AzureSubscription), func(s *subscription.Subscription) { s.OfferID = "MS-AZR-0145P" })
		assert.Equal(t, "MS-AZR-0017G", successor(old, itemOf(old)).OfferID)
	})
	rule(t, "R-36 every other offer stays what it is", func(t *testing.T) {
		old := sample("0001")
		assert.Equal(t, old.OfferID, successor(old, itemOf(old)).OfferID)
	})
	instalments := at("2024-07-10T00:00:00Z") // bought on 10 April, submitted on 15 June
	for name, c := range map[string]struct {
		product  subscription.ProductType
		cycle    subscription.BillingCycle
		currency string
		cancelAt time.Time
		locked   bool
	}{
		"a reservation paid up front can never be cancelled":     {subscription.AzureReservation, subscription.OneTime, "EUR", time.Time{}, true},
		"a savings plan paid up front, in another currency":      {subscription.AzureSavingsPlan, subscription.OneTime, "USD", time.Time{}, true},
		"a reservation in instalments ends in another currency":  {subscription.AzureReservation, subscription.Monthly, "USD", instalments, false},
		"a savings plan in instalments ends in another currency": {subscription.AzureSavingsPlan, subscription.Monthly, "USD", instalments, false},
		"instalments in the same currency just move":             {subscription.AzureReservation, subscription.Monthly, "EUR", time.Time{}, false},
		"a licence does not care about currencies":               {subscription.OnlineServicesNCE, subscription.Monthly, "USD", time.Time{}, false},
		"a licence paid up front is not locked":                  {subscription.OnlineServicesNCE, subscription.OneTime, "EUR", time.Time{}, false},
	} {
		rule(t, "R-37 "+name, func(t *testing.T) {
			old := sample("0001", ofType(c.product), func(s *subscription.Subscription) { s.BillingCycle = c.cycle })
			got := inCurrency(old, c.currency)
			assert.Equal(t, c.cancelAt, got.CancelAt)
			assert.Equal(t, c.locked, got.Locked)
		})
	}
	rule(t, "R-37 moving on within the new currency does not save it", func(t *testing.T) {
		ending := sample("0001", ofType(subscription.AzureReservation), func(s *subscription.Subscription) { s.CancelAt = instalments })
		assert.Equal(t, instalments, inCurrency(ending, "EUR").CancelAt)
		assert.Equal(t, instalments, inCurrency(ending, "USD").CancelAt)
	})
}

// inCurrency moves from a source billed in euros to a target billed in that currency.
func inCurrency(old subscription.Subscription, currency string) subscription.Subscription {
	f, t := facts(), opened()
	f.Target.Currency, t.SubmittedTime = currency, moved
	return transfer.Successor(t, itemOf(old), old, *f.Source, *f.Target, newID, moved)
}

func TestRulesOfTheBillingSplit(t *testing.T) {
	date := func(d string) time.Time { return at(d + "T00:00:00Z") }
	sub := sample("0001") // bought on 10 April 2024 for a year
	rule(t, "R-32 bought 10 April, submitted 15 June: the source pays until 14 June, the target from then on", func(t *testing.T) {
		assert.Equal(t, transfer.BillingSplit{
			SourceFrom: date("2024-04-10"), SourceUntil: date("2024-06-14"), TargetFrom: date("2024-06-15"), TargetUntil: date("2025-04-09"),
		}, transfer.SplitBilling(sub, moved))
	})
	for name, c := range map[string]struct{ submitted, until, from string }{
		"at the first instant of the day": {"2024-06-15T00:00:00Z", "2024-06-14", "2024-06-15"},
		"at the last instant of the day":  {"2024-06-15T23:59:59.999Z", "2024-06-14", "2024-06-15"},
		"when it is tomorrow in UTC":      {"2024-06-15T22:00:00-07:00", "2024-06-15", "2024-06-16"},
		"on the first of a month":         {"2024-07-01T12:00:00Z", "2024-06-30", "2024-07-01"},
		"after a leap day":                {"2028-03-01T12:00:00Z", "2028-02-29", "2028-03-01"},
		"on the day of the purchase":      {"2024-04-10T20:00:00Z", "2024-04-09", "2024-04-10"},
	} {
		rule(t, "R-32 submitted "+name, func(t *testing.T) {
			split := transfer.SplitBilling(sub, at(c.submitted))
			assert.Equal(t, date(c.until), split.SourceUntil)
			assert.Equal(t, date(c.from), split.TargetFrom)
		})
	}
	rule(t, "R-32 without a term the target pays without end", func(t *testing.T) {
		sub.CommitmentEndDate = time.Time{}
		assert.Zero(t, transfer.SplitBilling(sub, moved).TargetUntil)
	})
	rule(t, "R-33 who paid up front gets the rest back, who pays monthly gets no further invoice", func(t *testing.T) {
		for cycle, refund := range map[subscription.BillingCycle]bool{
			subscription.Monthly: false, subscription.NoCycle: false, subscription.UnknownCycle: false, subscription.Annual: true, subscription.OneTime: true,
		} {
			sub.BillingCycle = cycle
			assert.Equal(t, refund, transfer.SplitBilling(sub, moved).Refund, cycle)
		}
	})
}
