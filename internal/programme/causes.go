package programme

import (
	"net/http"

	"handover/internal/kernel"
)

// Why a partner or a customer does not stand in the programme as it has to.
const (
	PartnerUnknown      kernel.Cause = "PartnerUnknown"
	CustomerUnknown     kernel.Cause = "CustomerUnknown"
	PartnerNotEnabled   kernel.Cause = "PartnerNotEnabled"
	ProgramNotActive    kernel.Cause = "ProgramNotActive"
	MarketMismatch      kernel.Cause = "MarketMismatch"
	RelationshipMissing kernel.Cause = "RelationshipMissing"
	AgreementMissing    kernel.Cause = "CustomerAgreementMissing"
	MPAMissing          kernel.Cause = "PartnerAgreementMissing"
	AlreadyAttested     kernel.Cause = "AgreementAlreadyAttested"
	WrongEnvironment    kernel.Cause = "WrongEnvironment"
	InUse               kernel.Cause = "InUse"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	PartnerUnknown:      {Code: "60003", Status: http.StatusNotFound, Rule: "R-44"},
	CustomerUnknown:     {Code: "60003", Status: http.StatusNotFound, Rule: "R-44"},
	PartnerNotEnabled:   {Code: "900137", Status: http.StatusForbidden, Rule: "R-40, R-41, R-416"},
	ProgramNotActive:    {Code: "900149", Status: http.StatusForbidden, Rule: "R-46"},
	MarketMismatch:      {Code: "900138", Status: http.StatusForbidden, Rule: "R-45"},
	RelationshipMissing: {Code: "20002", Status: http.StatusForbidden, Rule: "R-50"},
	AgreementMissing:    {Code: "13605", Status: http.StatusForbidden, Rule: "R-51, R-56"},
	MPAMissing:          {Code: "900124", Status: http.StatusForbidden, Rule: "R-52"},
	AlreadyAttested:     {Code: "600061", Status: http.StatusBadRequest, Rule: "section 8.1"},
	WrongEnvironment:    {Code: "900127", Status: http.StatusBadRequest, Rule: "R-271"},
	InUse:               {Code: "800042", Status: http.StatusBadRequest, Rule: "R-41, R-45, R-50, R-57, R-258"},
})

// NoSuchCustomer is the answer about a customer that is nobody's here, or not the caller's: both hear the same.
func NoSuchCustomer(id string) *kernel.Refusal {
	id = kernel.Clip(id)
	return kernel.Refuse(CustomerUnknown, "Customer %s is not known here. Check its Microsoft ID.", id).About(id)
}
