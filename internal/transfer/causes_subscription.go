package transfer

import "net/http"

// Why a subscription cannot be had or changed.
const (
	SubscriptionUnknown Cause = "SubscriptionUnknown"
	SubscriptionEnded   Cause = "SubscriptionEnded"
	NotActivated        Cause = "SubscriptionNotActivated"
	StatusNotPossible   Cause = "StatusNotPossible"
	AddonsActive        Cause = "AddonsActive"
	CancellationClosed  Cause = "CancellationClosed"
	QuantitySuspended   Cause = "QuantityWhileSuspended"
	QuantityOutOfRange  Cause = "QuantityOutOfRange"
	RenewalNotPossible  Cause = "RenewalNotPossible"
	RecordNotAllowed    Cause = "PartnerIdNotAllowed"
	RecordUnknown       Cause = "PartnerIdUnknown"
	RecordNotReseller   Cause = "PartnerIdNotReseller"
	NotForSalesAgents   Cause = "NotForSalesAgents"
	InOtherTransfer     Cause = "SubscriptionInTransfer"
)

var _ = Register(map[Cause]Meaning{
	SubscriptionUnknown: {Code: "20003", Status: http.StatusNotFound, Rule: "R-70"},
	SubscriptionEnded:   {Code: "800042", Status: http.StatusBadRequest, Rule: "R-30, section 8.3"},
	NotActivated:        {Code: "800081", Status: http.StatusBadRequest, Rule: "R-286"},
	StatusNotPossible:   {Code: "800042", Status: http.StatusBadRequest, Rule: "R-74, section 8.3"},
	AddonsActive:        {Code: "800042", Status: http.StatusBadRequest, Rule: "R-74"},
	CancellationClosed:  {Code: "900117", Status: http.StatusBadRequest, Rule: "R-37, R-84, R-284"},
	QuantitySuspended:   {Code: "2001", Status: http.StatusBadRequest, Rule: "section 8.3"},
	QuantityOutOfRange:  {Code: "2002", Status: http.StatusBadRequest, Rule: "R-285"},
	RenewalNotPossible:  {Code: "800093", Status: http.StatusBadRequest, Rule: "section 8.3"},
	RecordNotAllowed:    {Code: "800098", Status: http.StatusBadRequest, Rule: "section 8.3"},
	RecordUnknown:       {Code: "2072", Status: http.StatusNotFound, Rule: "section 8.3"},
	RecordNotReseller:   {Code: "2071", Status: http.StatusBadRequest, Rule: "section 8.3"},
	NotForSalesAgents:   {Code: "900150", Status: http.StatusForbidden, Rule: "R-289"},
	InOtherTransfer:     {Code: "900101", Status: http.StatusConflict, Rule: "R-76"},
})
