package activitylog

import (
	"net/http"

	"handover/internal/kernel"
)

// Why the activity log says no.
const (
	LogNotKept      kernel.Cause = "ActivityLogNotKept"
	LogEntryUnknown kernel.Cause = "AuditRecordUnknown"
)

var _ = kernel.Register(map[kernel.Cause]kernel.Meaning{
	LogNotKept:      {Code: "800002", Status: http.StatusBadRequest, Rule: "R-300"},
	LogEntryUnknown: {Code: "1000", Status: http.StatusNotFound, Rule: "R-307"},
})
