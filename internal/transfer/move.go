package transfer

import (
	"fmt"
	"strings"
	"time"
)

// CheckMovable tells whether the subscription can still move for a line item that is being worked on: what changed
// between submit and the attempt. StillSyncing is for the billing system to say.
//
// Refusals: NotOwnedBySource and NotActive, both final for the item.
func CheckMovable(t Transfer, s Subscription) error {
	if !SameID(s.PartnerTenantID, t.SourceTenantID) || !SameID(s.CustomerTenantID, t.State.CustomerTenantID) {
		return Refuse(NotOwnedBySource, "Subscription %s no longer belongs to the source.", s.ID).About(s.ID)
	}
	if s.Status != SubscriptionActive {
		return Refuse(NotActive, "Subscription: %s is in state: %s", s.ID, titled(s.Status)).About(s.ID)
	}
	return nil
}

// Successor is the subscription that the target gets for the line item: same term, billing plan and price terms
// the quantity of the snapshot, legacy Azure converted into the plan, the reseller of the request
// credited, promotions and scheduled changes left behind.
func Successor(t Transfer, item LineItem, old Subscription, source, target Partner, newID string, now time.Time) Subscription {
	s := old
	s.ID = newID
	s.PartnerTenantID = t.TargetTenantID
	s.Quantity = item.Quantity
	s.CreationDate = now
	s.Status = SubscriptionActive
	s.PartnerOnRecord = t.PartnerOnRecord
	s.ParentID = ""
	s.SandboxFault = ""
	s.OfferID = targetOffer(old.OfferID)
	if old.IsCommitment() {
		s.CancelAt, s.Locked = commitment(old, source, target, t.SubmittedTime)
	}
	return s
}

// IsCommitment tells whether the subscription is a reservation or savings plan. Of who takes part in a move only a commitment
// depends on more than the ids.
func (s Subscription) IsCommitment() bool {
	return s.ProductType == AzureReservation || s.ProductType == AzureSavingsPlan
}

// targetOffer is the offer under which the target holds what the source held under that one.
func targetOffer(old string) string {
	if old == LegacyAzureOffer {
		return AzurePlanOffer
	}
	return old
}

// commitment is what becomes of a reservation or savings plan: paid up front it can no longer be cancelled or
// exchanged; paid in instalments between different currencies it ends with the current billing cycle. An end that an
// earlier transfer set stays: moving on does not save it.
func commitment(old Subscription, source, target Partner, submitted time.Time) (cancelAt time.Time, locked bool) {
	if old.paidUpFront() {
		return time.Time{}, true
	}
	if old.CancelAt.IsZero() && source.Currency != target.Currency {
		return NextCycle(old, submitted), false
	}
	return old.CancelAt, false
}

// paidUpFront tells whether the whole term was invoiced at once.
func (s Subscription) paidUpFront() bool {
	return s.BillingCycle == OneTime || (s.BillingCycle == Annual && s.TermDuration == "P1Y")
}

// NextCycle is the first start of a billing cycle after the given time, counted from the day of purchase.
func NextCycle(s Subscription, after time.Time) time.Time {
	months := 1
	if s.BillingCycle == Annual {
		months = 12
	}
	start := day(s.CreationDate)
	for n := months; ; n += months {
		if next := addMonths(start, n); next.After(after) {
			return next
		}
	}
}

// addMonths keeps the day of the month where the month has it, and takes the month's last day otherwise.
func addMonths(from time.Time, months int) time.Time {
	next := from.AddDate(0, months, 0)
	if next.Day() != from.Day() {
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
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
func SplitBilling(s Subscription, submitted time.Time) BillingSplit {
	split := BillingSplit{
		SourceFrom:  day(s.CreationDate),
		SourceUntil: day(submitted).AddDate(0, 0, -1),
		TargetFrom:  day(submitted),
		Refund:      s.BillingCycle == Annual || s.BillingCycle == OneTime,
	}
	if !s.CommitmentEndDate.IsZero() {
		split.TargetUntil = day(s.CommitmentEndDate)
	}
	return split
}

func day(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// AuditID is the id of an audit record: consumers split it at "_" and take customer and transfer from it,
// so the operation loses its own separators.
func AuditID(partnerTenantID, customerTenantID, transferID, operation string, at time.Time) string {
	return fmt.Sprintf("%s_%s_%s_%s_%d", partnerTenantID, customerTenantID, transferID, strings.ReplaceAll(operation, "_", ""), Ticks(at))
}

// Ticks counts 100 ns steps since the year 1, as .NET does.
func Ticks(t time.Time) int64 {
	const unixEpoch = 621_355_968_000_000_000
	return unixEpoch + t.Unix()*10_000_000 + int64(t.Nanosecond()/100)
}
