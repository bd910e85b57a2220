package administration

import (
	"net/http"

	"handover/internal/kernel"
)

// Why changes cannot be made as a whole.
const (
	Contradicts kernel.Cause = "ContradictsLedger"
	TooMany     kernel.Cause = "TooManyRecords"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	Contradicts: {Code: "800002", Status: http.StatusBadRequest, Rule: "I-1, R-74, R-76, R-78"},
	TooMany:     {Code: "800002", Status: http.StatusBadRequest, Rule: "R-105"},
})
