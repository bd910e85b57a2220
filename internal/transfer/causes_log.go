package transfer

import "net/http"

// Why the activity log says no.
const (
	LogNotKept      Cause = "ActivityLogNotKept"
	LogEntryUnknown Cause = "AuditRecordUnknown"
)

var _ = Register(map[Cause]Meaning{
	LogNotKept:      {Code: "800002", Status: http.StatusBadRequest, Rule: "R-300"},
	LogEntryUnknown: {Code: "1000", Status: http.StatusNotFound, Rule: "R-307"},
})
