package transfer

import (
	"net/http"

	"handover/internal/kernel"
)

// Why a transfer says no.
const (
	NotFound               kernel.Cause = "TransferNotFound"
	AlreadyInProgress      kernel.Cause = "AlreadyInProgress"
	AlreadyFinal           kernel.Cause = "AlreadyFinal"
	RequestExpired         kernel.Cause = "RequestExpired"
	NotYetExpired          kernel.Cause = "NotYetExpired"
	AlreadyOpened          kernel.Cause = "AlreadyOpened"
	NotSubmitted           kernel.Cause = "NotSubmitted"     // section 2.4: line items exist only after submit
	ItemNotFound           kernel.Cause = "LineItemNotFound" // section 2.3
	ItemEnded              kernel.Cause = "LineItemEnded"
	ItemNotHeld            kernel.Cause = "LineItemNotHeld"
	ItemsRunning           kernel.Cause = "LineItemsRunning"
	ReasonMissing          kernel.Cause = "ReasonMissing"
	DeclineDisabled        kernel.Cause = "DeclineDisabled"
	NotForDirectBill       kernel.Cause = "PartnerOnRecordNotAllowed"
	ResellerUnknown        kernel.Cause = "PartnerOnRecordUnknown"
	ResellerNotPartner     kernel.Cause = "PartnerOnRecordNotPartner"
	NotAReseller           kernel.Cause = "PartnerOnRecordNotReseller"
	ResellerInactive       kernel.Cause = "PartnerOnRecordInactive"
	ResellerMPAMissing     kernel.Cause = "PartnerOnRecordWithoutMPA"
	SourceMissing          kernel.Cause = "SourcePartnerMissing"
	SourceIsTarget         kernel.Cause = "SourceIsTarget"
	AddressNotCustomers    kernel.Cause = "AddressNotOfCustomer"
	TooManyOfCustomer      kernel.Cause = "TooManyRequestsOfCustomer"
	TooManyInADay          kernel.Cause = "TooManyRequestsInADay"
	AzurePlanMissing       kernel.Cause = "AzurePlanMissing"
	AzurePlanInactive      kernel.Cause = "AzurePlanInactive"
	AzurePlanUnpurchasable kernel.Cause = "AzurePlanNotPurchasable"
	LegacyAzureAtTarget    kernel.Cause = "LegacyAzureAtTarget"
	NoLineItems            kernel.Cause = "NoLineItems"
	DuplicateLineItem      kernel.Cause = "DuplicateLineItem"
	TooManyLineItems       kernel.Cause = "TooManyLineItems"
	NotOwnedBySource       kernel.Cause = "SubscriptionNotOwned"
	NotActive              kernel.Cause = "SubscriptionNotActive"
	AddonWithoutBase       kernel.Cause = "AddonWithoutBase"
	ProductTypeMismatch    kernel.Cause = "ProductTypeMismatch"
	OutsideTargetTypes     kernel.Cause = "OutsideTargetProductTypes"
	ProductNotMovable      kernel.Cause = "ProductTypeNotMovable"
	ThirdPartyProduct      kernel.Cause = "ThirdPartyProduct"
	StillSyncing           kernel.Cause = "SubscriptionSyncing"
	ProviderUnavailable    kernel.Cause = "BillingUnavailable"
	ProviderRefused        kernel.Cause = "BillingRefused"
	GivenUp                kernel.Cause = "GivenUp"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	NotFound:               {Code: "900100", Status: http.StatusNotFound, Rule: "R-17, R-110"},
	AlreadyInProgress:      {Code: "900101", Status: http.StatusConflict, Rule: "R-17"},
	AlreadyFinal:           {Code: "900102", Status: http.StatusBadRequest, Rule: "R-17"},
	RequestExpired:         {Code: "900102", Status: http.StatusBadRequest, Rule: "R-22"},
	NotYetExpired:          {Code: "900102", Status: http.StatusBadRequest, Rule: "R-22"},
	AlreadyOpened:          {Code: "900102", Status: http.StatusBadRequest, Rule: "T1"},
	NotSubmitted:           {Code: "900102", Status: http.StatusBadRequest, Rule: "section 2.4"},
	ItemNotFound:           {Code: "20003", Status: http.StatusNotFound, Rule: "section 2.3"},
	ItemEnded:              {Code: "900102", Status: http.StatusBadRequest, Rule: "R-27, I-2"},
	ItemNotHeld:            {Code: "900102", Status: http.StatusBadRequest, Rule: "R-26, R-76"},
	ItemsRunning:           {Code: "900101", Status: http.StatusConflict, Rule: "T5, T6"},
	ReasonMissing:          {Code: "800002", Status: http.StatusBadRequest, Rule: "R-26"},
	DeclineDisabled:        {Code: "900137", Status: http.StatusForbidden, Rule: "R-15"},
	NotForDirectBill:       {Code: "3000", Status: http.StatusBadRequest, Rule: "R-57"},
	ResellerNotPartner:     {Code: "800016", Status: http.StatusBadRequest, Rule: "R-58, R-258"},
	ResellerUnknown:        {Code: "800015", Status: http.StatusNotFound, Rule: "R-58"},
	NotAReseller:           {Code: "800016", Status: http.StatusBadRequest, Rule: "R-58"},
	ResellerInactive:       {Code: "900154", Status: http.StatusBadRequest, Rule: "R-58"},
	ResellerMPAMissing:     {Code: "900123", Status: http.StatusForbidden, Rule: "R-58"},
	SourceMissing:          {Code: "900136", Status: http.StatusBadRequest, Rule: "R-53"},
	SourceIsTarget:         {Code: "900148", Status: http.StatusBadRequest, Rule: "R-42"},
	AddressNotCustomers:    {Code: "800002", Status: http.StatusBadRequest, Rule: "OQ-21, R-200"},
	TooManyOfCustomer:      {Code: "900101", Status: http.StatusConflict, Rule: "R-77"},
	TooManyInADay:          {Code: "429", Status: http.StatusTooManyRequests, Rule: "R-108"},
	AzurePlanMissing:       {Code: "900133", Status: http.StatusBadRequest, Rule: "R-55"},
	AzurePlanInactive:      {Code: "900132", Status: http.StatusBadRequest, Rule: "R-55"},
	AzurePlanUnpurchasable: {Code: "900134", Status: http.StatusBadRequest, Rule: "R-55"},
	LegacyAzureAtTarget:    {Code: "900131", Status: http.StatusBadRequest, Rule: "R-55"},
	NoLineItems:            {Code: "800002", Status: http.StatusBadRequest, Rule: "R-79"},
	DuplicateLineItem:      {Code: "800002", Status: http.StatusBadRequest, Rule: "R-79"},
	TooManyLineItems:       {Code: "800002", Status: http.StatusBadRequest, Rule: "R-80"},
	NotOwnedBySource:       {Code: "800078", Status: http.StatusBadRequest, Rule: "R-70"},
	NotActive:              {Code: "800078", Status: http.StatusBadRequest, Rule: "R-71"},
	AddonWithoutBase:       {Code: "800078", Status: http.StatusBadRequest, Rule: "R-74"},
	ProductTypeMismatch:    {Code: "800002", Status: http.StatusBadRequest, Rule: "R-130"},
	OutsideTargetTypes:     {Code: "900400", Status: http.StatusBadRequest, Rule: "R-61"},
	ProductNotMovable:      {Code: "900400", Status: http.StatusBadRequest, Rule: "R-60"},
	ThirdPartyProduct:      {Code: "900146", Status: http.StatusBadRequest, Rule: "R-62"},
	StillSyncing:           {Code: "900103", Status: http.StatusInternalServerError, Rule: "R-72", Passing: true},
	ProviderUnavailable:    {Code: "900103", Status: http.StatusInternalServerError, Rule: "R-29", Passing: true},
	ProviderRefused:        {Code: "900103", Status: http.StatusInternalServerError, Rule: "R-29"},
	GivenUp:                {Code: "900103", Status: http.StatusInternalServerError, Rule: "R-26"},
})

// NoSuchTransfer is the answer about a transfer that does not exist, and word for word the same to whoever takes no part in
// one that does.
func NoSuchTransfer() *kernel.Refusal {
	return kernel.Refuse(NotFound, "There is no such transfer for you. Check the transfer id and the partner you act for.")
}
