package subscription

import (
	"net/http"

	"handover/internal/kernel"
)

// Why a subscription cannot be had or changed.
const (
	Unknown               kernel.Cause = "SubscriptionUnknown"
	Ended                 kernel.Cause = "SubscriptionEnded"
	NotActivated          kernel.Cause = "SubscriptionNotActivated"
	StatusNotPossible     kernel.Cause = "StatusNotPossible"
	AddonsActive          kernel.Cause = "AddonsActive"
	CancellationClosed    kernel.Cause = "CancellationClosed"
	CancellationHoursOver kernel.Cause = "CancellationHoursOver"
	QuantitySuspended     kernel.Cause = "QuantityWhileSuspended"
	QuantityOutOfRange    kernel.Cause = "QuantityOutOfRange"
	RenewalNotPossible    kernel.Cause = "RenewalNotPossible"
	RecordNotAllowed      kernel.Cause = "PartnerIdNotAllowed"
	RecordUnknown         kernel.Cause = "PartnerIdUnknown"
	RecordNotReseller     kernel.Cause = "PartnerIdNotReseller"
	RecordNotPartner      kernel.Cause = "PartnerIdNotPartner"
	RecordMPAMissing      kernel.Cause = "PartnerIdMPAMissing"
	CycleNotOffered       kernel.Cause = "BillingCycleNotOffered"
	NotForSalesAgents     kernel.Cause = "NotForSalesAgents"
	InOtherTransfer       kernel.Cause = "SubscriptionInTransfer"
	MovesByTransfer       kernel.Cause = "OwnerChangesByTransfer"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	Unknown:               {Code: "20003", Status: http.StatusNotFound, Rule: "R-70"},
	Ended:                 {Code: "800042", Status: http.StatusBadRequest, Rule: "R-30, section 8.3"},
	NotActivated:          {Code: "800081", Status: http.StatusBadRequest, Rule: "R-286"},
	StatusNotPossible:     {Code: "800042", Status: http.StatusBadRequest, Rule: "R-74, section 8.3"},
	AddonsActive:          {Code: "800042", Status: http.StatusBadRequest, Rule: "R-74"},
	CancellationClosed:    {Code: "900117", Status: http.StatusBadRequest, Rule: "R-37, R-84, R-284"},
	CancellationHoursOver: {Code: "900213", Status: http.StatusBadRequest, Rule: "R-284, R-452"},
	QuantitySuspended:     {Code: "2001", Status: http.StatusBadRequest, Rule: "section 8.3"},
	QuantityOutOfRange:    {Code: "2002", Status: http.StatusBadRequest, Rule: "R-285"},
	RenewalNotPossible:    {Code: "800093", Status: http.StatusBadRequest, Rule: "section 8.3"},
	RecordNotAllowed:      {Code: "800098", Status: http.StatusBadRequest, Rule: "section 8.3"},
	RecordUnknown:         {Code: "2072", Status: http.StatusNotFound, Rule: "section 8.3"},
	RecordNotReseller:     {Code: "2071", Status: http.StatusBadRequest, Rule: "section 8.3"},
	RecordNotPartner:      {Code: "2071", Status: http.StatusBadRequest, Rule: "R-58, R-258"},
	RecordMPAMissing:      {Code: "900123", Status: http.StatusForbidden, Rule: "R-58"},
	CycleNotOffered:       {Code: "800042", Status: http.StatusBadRequest, Rule: "R-408"},
	NotForSalesAgents:     {Code: "900150", Status: http.StatusForbidden, Rule: "R-289, R-407"},
	InOtherTransfer:       {Code: "900101", Status: http.StatusConflict, Rule: "R-76"},
	MovesByTransfer:       {Code: "800078", Status: http.StatusBadRequest, Rule: "I-1"},
})

// NoSuch is the answer about a subscription that does not exist, or is not the caller's: both hear the same.
func NoSuch(id string) *kernel.Refusal {
	id = kernel.Clip(id)
	return kernel.Refuse(Unknown, "Subscription %s does not exist.", id).About(id)
}
