package transfer

import (
	"strings"
	"time"

	"handover/internal/kernel"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// CheckMovable tells whether the subscription can still move for a line item that is being worked on: what changed
// between submit and the attempt. StillSyncing is for the billing system to say.
//
// Refusals: NotOwnedBySource and NotActive, both final for the item.
func CheckMovable(t Transfer, s subscription.Subscription) error {
	if !kernel.SameID(s.PartnerTenantID, t.SourceTenantID) || !kernel.SameID(s.CustomerTenantID, t.State.CustomerTenantID) {
		return kernel.Refuse(NotOwnedBySource, "Subscription %s no longer belongs to the source.", s.ID).About(s.ID)
	}
	if s.Status != subscription.Active {
		return kernel.Refuse(NotActive, "Subscription: %s is in state: %s", s.ID, subscription.Titled(s.Status)).About(s.ID)
	}
	return nil
}

// Successor is the subscription that the target gets for the line item: same term, billing plan and price terms
// (R-31; a price in another currency is not known here, which 0 says), paid for by the target from the day of the submit on, the quantity of the snapshot, legacy Azure converted into the plan, the reseller of the request
// credited, promotions and scheduled changes left behind.
func Successor(t Transfer, item LineItem, old subscription.Subscription, source, target programme.Partner, newID string, now time.Time) subscription.Subscription {
	s := old
	s.ID = newID
	s.PartnerTenantID = t.TargetTenantID
	s.Quantity = item.Quantity
	s.CreationDate = now
	s.BilledSince, s.CyclesFrom = kernel.Day(t.SubmittedTime), old.CyclesStart()
	if source.Currency != target.Currency {
		s.UnitPriceMinor = 0
	}
	s.Billed, s.Listed = true, true
	s.Status = subscription.Active
	s.PartnerOnRecord = t.PartnerOnRecord
	s.ParentID = ""
	s.SandboxFault = ""
	s.OfferID = targetOffer(old.OfferID)
	if old.IsCommitment() {
		s.CancelAt, s.Locked = commitment(old, source, target, t.SubmittedTime)
	}
	return s
}

// targetOffer is the offer under which the target holds what the source held under that one.
func targetOffer(old string) string {
	if old == subscription.LegacyAzureOffer {
		return subscription.AzurePlanOffer
	}
	return old
}

// commitment is what becomes of a reservation or savings plan: paid up front it can no longer be cancelled or
// exchanged; paid in instalments between different currencies it ends with the current billing cycle. An end that an
// earlier transfer set stays: moving on does not save it.
func commitment(old subscription.Subscription, source, target programme.Partner, submitted time.Time) (cancelAt time.Time, locked bool) {
	if old.PaidUpFront() {
		return time.Time{}, true
	}
	if old.CancelAt.IsZero() && source.Currency != target.Currency {
		return subscription.NextCycle(old, submitted), false
	}
	return old.CancelAt, false
}

// BillingSplit says who pays which days, both ends inclusive, in UTC.
type BillingSplit struct {
	SourceFrom  time.Time
	SourceUntil time.Time // before SourceFrom when the subscription was bought and submitted on the same day
	TargetFrom  time.Time
	TargetUntil time.Time // zero without a term
	Refund      bool      // the source paid the term up front and gets the rest back, prorated
}

// SplitBilling applies to a subscription that was submitted at that time.
func SplitBilling(s subscription.Subscription, submitted time.Time) BillingSplit {
	split := BillingSplit{
		SourceFrom:  kernel.Day(s.BillingStart()),
		SourceUntil: kernel.Day(submitted).AddDate(0, 0, -1),
		TargetFrom:  kernel.Day(submitted),
		Refund:      s.BillingCycle == subscription.Annual || s.BillingCycle == subscription.OneTime,
	}
	if !s.CommitmentEndDate.IsZero() {
		split.TargetUntil = kernel.Day(s.CommitmentEndDate)
	}
	return split
}

// TargetSubscriptionID derives the id of the subscription that one becomes at the target when the transfer moves it, so that
// a repeated move finds the earlier result.
func TargetSubscriptionID(transferID, subscriptionID string) string {
	return kernel.DeriveID("subscription", transferID, strings.ToLower(subscriptionID))
}
