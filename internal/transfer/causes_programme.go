package transfer

import "net/http"

// Why a partner or a customer does not stand in the programme as it has to.
const (
	PartnerUnknown      Cause = "PartnerUnknown"
	CustomerUnknown     Cause = "CustomerUnknown"
	PartnerNotEnabled   Cause = "PartnerNotEnabled"
	ProgramNotActive    Cause = "ProgramNotActive"
	MarketMismatch      Cause = "MarketMismatch"
	RelationshipMissing Cause = "RelationshipMissing"
	AgreementMissing    Cause = "CustomerAgreementMissing"
	MPAMissing          Cause = "PartnerAgreementMissing"
	AlreadyAttested     Cause = "AgreementAlreadyAttested"
)

var _ = Register(map[Cause]Meaning{
	PartnerUnknown:      {Code: "60003", Status: http.StatusNotFound, Rule: "R-44"},
	CustomerUnknown:     {Code: "60003", Status: http.StatusNotFound, Rule: "R-44"},
	PartnerNotEnabled:   {Code: "900137", Status: http.StatusForbidden, Rule: "R-40, R-41"},
	ProgramNotActive:    {Code: "900149", Status: http.StatusForbidden, Rule: "R-46"},
	MarketMismatch:      {Code: "900138", Status: http.StatusForbidden, Rule: "R-45"},
	RelationshipMissing: {Code: "20002", Status: http.StatusForbidden, Rule: "R-50"},
	AgreementMissing:    {Code: "13605", Status: http.StatusForbidden, Rule: "R-51, R-56"},
	MPAMissing:          {Code: "900124", Status: http.StatusForbidden, Rule: "R-52"},
	AlreadyAttested:     {Code: "600061", Status: http.StatusBadRequest, Rule: "section 8.1"},
})
