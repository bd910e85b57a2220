package transfer

import (
	"fmt"
	"regexp"
	"time"

	"handover/internal/kernel"
	"handover/internal/subscription"
)

// ReportRow is what became of one line item, as one viewer may see it: the proof of what moved and who pays which days. An
// empty text is a fact that does not exist, does not exist yet, or is not the viewer's. Days are UTC, "2024-06-15", and
// both ends of a span belong to it.
type ReportRow struct {
	Ordinal              int                       `json:"ordinal" doc:"Number of the line item in the transfer, from 0; the target may see gaps."`
	SourceSubscriptionID string                    `json:"sourceSubscriptionId,omitempty" doc:"Id of the subscription at the source; not shown to the target."`
	TargetSubscriptionID string                    `json:"targetSubscriptionId,omitempty" doc:"Id of the subscription that it became at the target; not shown to the source."`
	ProductType          subscription.ProductType  `json:"productType" doc:"What the subscription is."`
	OfferID              string                    `json:"offerId" doc:"Offer under which the viewer holds or held the subscription."`
	FriendlyName         string                    `json:"friendlyName" doc:"Name of the subscription when it was submitted."`
	Quantity             int                       `json:"quantity" doc:"Quantity that moves: the one when it was submitted."`
	BillingCycle         subscription.BillingCycle `json:"billingCycle" doc:"How often the owner is invoiced."`
	Outcome              ItemStatus                `json:"outcome" doc:"InProgress, Complete or Failed."`
	Attempts             *int                      `json:"attempts,omitempty" doc:"How often the move was attempted; not shown to the target."`
	LastError            string                    `json:"lastError,omitempty" doc:"Why the latest attempt did not succeed; not shown to the target."`
	TransferError        string                    `json:"transferError,omitempty" doc:"Why the line item failed for good; not shown to the target."`
	EffectiveDate        string                    `json:"effectiveDate,omitempty" format:"date" doc:"Day of the submit, from which on the target pays; set once the line item is complete."`
	SourceFrom           string                    `json:"sourceFrom,omitempty" format:"date" doc:"First day that the source pays; empty when it pays none. Not shown to the target."`
	SourceUntil          string                    `json:"sourceUntil,omitempty" format:"date" doc:"Last day that the source pays; empty when it pays none."`
	TargetFrom           string                    `json:"targetFrom,omitempty" format:"date" doc:"First day that the target pays."`
	TargetUntil          string                    `json:"targetUntil,omitempty" format:"date" doc:"Last day of the term, which the target pays; empty without a term."`
	Refund               bool                      `json:"refund" doc:"The source paid the term up front and gets the rest of it back, prorated."`
}

// Report tells of every line item that the viewer may see what became of it, in the order given: all of them to the source
// and an operator, to the target those that are done, and of these nothing that tells about the source's side (R-182..
// Who pays which days is certain, and told, once an item is complete. olds are the subscriptions of
// the line items as the source has or had them, by id.
//
// Refusal: NotFound for anybody else. Error: a line item whose subscription is not among olds.
func Report(t Transfer, items []LineItem, olds map[string]subscription.Subscription, v Viewer) ([]ReportRow, error) {
	role, err := t.viewedBy(v)
	if err != nil {
		return nil, err
	}
	rows := make([]ReportRow, 0, len(items))
	for _, item := range items {
		seen, visible := viewItem(item, role)
		if !visible {
			continue
		}
		old, known := olds[item.SubscriptionID]
		if !known {
			return nil, fmt.Errorf("report on transfer %s: subscription %s of line item %d is missing", t.ID, item.SubscriptionID, item.Ordinal)
		}
		rows = append(rows, t.reportRow(item, seen, old, role))
	}
	return rows, nil
}

// reportRow makes the row of a line item that the role sees as that entity.
func (t Transfer) reportRow(item LineItem, seen ItemEntity, old subscription.Subscription, role kernel.Role) ReportRow {
	row := ReportRow{
		Ordinal: item.Ordinal, ProductType: seen.ProductType, OfferID: seen.OfferID, FriendlyName: seen.FriendlyName,
		Quantity: seen.Quantity, BillingCycle: seen.BillingCycle, Outcome: seen.Status,
	}
	if item.Status == ItemComplete {
		row.splitDays(SplitBilling(old, t.SubmittedTime))
	}
	if role != kernel.RoleTarget {
		attempts := item.Attempts
		row.SourceSubscriptionID, row.Attempts = item.SubscriptionID, &attempts
		row.LastError, row.TransferError = item.LastError, item.TransferError
	}
	switch role {
	case kernel.RoleSource:
		row.LastError, row.TransferError = withholdIDs(row.LastError, item, t), withholdIDs(row.TransferError, item, t)
	case kernel.RoleTarget:
		row.TargetSubscriptionID = item.TargetSubscriptionID
		// The source's share ends the day before in any case: that it is empty would tell when the source bought.
		row.SourceFrom, row.SourceUntil = "", date(kernel.Day(t.SubmittedTime).AddDate(0, 0, -1))
	default: // an operator, who sees both sides
		row.TargetSubscriptionID = item.TargetSubscriptionID
	}
	return row
}

// splitDays writes who pays which days. A subscription that was submitted on the day it was bought costs the source nothing.
func (r *ReportRow) splitDays(split BillingSplit) {
	r.EffectiveDate, r.TargetFrom, r.TargetUntil = date(split.TargetFrom), date(split.TargetFrom), date(split.TargetUntil)
	r.Refund = split.Refund
	if !split.SourceUntil.Before(split.SourceFrom) {
		r.SourceFrom, r.SourceUntil = date(split.SourceFrom), date(split.SourceUntil)
	}
}

// date writes a day; the zero time is no day.
func date(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}

var anyID = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// withholdIDs takes ids out of a text that a billing system wrote, which may name the target's new subscription.
// Those of the transfer and of the source's own subscription stay.
func withholdIDs(text string, item LineItem, t Transfer) string {
	return anyID.ReplaceAllStringFunc(text, func(id string) string {
		if kernel.SameID(id, item.SubscriptionID) || kernel.SameID(id, t.ID) {
			return id
		}
		return "(id withheld)"
	})
}
