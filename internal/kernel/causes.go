package kernel

import "net/http"

// The causes that every context knows.
const (
	InvalidInput    Cause = "InvalidInput"
	UnknownEnum     Cause = "UnknownEnumValue"
	RequestIDReused Cause = "RequestIdReused"
	StaleETag       Cause = "StaleETag"
	BeingProcessed  Cause = "BeingProcessed"
	WrongParty      Cause = "WrongParty" // the command belongs to the other party
	NotAdminAgent   Cause = "NotAdminAgent"
	OperatorOnly    Cause = "OperatorOnly"
	DoorClosed      Cause = "TemporalCommandsClosed"
)

var _ = Register(map[Cause]Meaning{
	InvalidInput:    {Code: "800002", Status: http.StatusBadRequest, Rule: "R-122, R-140, R-152"},
	UnknownEnum:     {Code: "900126", Status: http.StatusBadRequest, Rule: "R-60, R-120"},
	RequestIDReused: {Code: "800002", Status: http.StatusBadRequest, Rule: "R-103"},
	StaleETag:       {Code: "2055", Status: http.StatusBadRequest, Rule: "section 4.1"},
	BeingProcessed:  {Code: "900104", Status: http.StatusConflict, Rule: "R-17"},
	WrongParty:      {Code: "900150", Status: http.StatusForbidden, Rule: "R-12, R-54"},
	NotAdminAgent:   {Code: "900150", Status: http.StatusForbidden, Rule: "R-54, R-82"},
	OperatorOnly:    {Code: "900150", Status: http.StatusForbidden, Rule: "R-81"},
	DoorClosed:      {Code: "900137", Status: http.StatusForbidden, Rule: "R-101"},
})
