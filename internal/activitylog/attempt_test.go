package activitylog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/activitylog"
	"handover/internal/kernel"
)

// an attempt is what somebody may not do; not what could not be understood, was outdated or may succeed when it is repeated.
func TestIsAttempt(t *testing.T) {
	for cause, want := range map[kernel.Cause]bool{
		kernel.WrongParty: true, kernel.NotAdminAgent: true, kernel.OperatorOnly: true, activitylog.LogEntryUnknown: true,
		kernel.InvalidInput: false, kernel.UnknownEnum: false, kernel.RequestIDReused: false, kernel.StaleETag: false, kernel.BeingProcessed: false,
		"nobody registered this": false,
	} {
		assert.Equal(t, want, activitylog.IsAttempt(cause), cause)
	}
}

// Of two requests the records have different ids at one instant, and others than what is done then.
func TestNameInIDs(t *testing.T) {
	a, b := activitylog.Attempt{RequestID: "a", Operation: activitylog.AuditUpdate}, activitylog.Attempt{RequestID: "b", Operation: activitylog.AuditUpdate}
	assert.NotEqual(t, a.NameInIDs(), b.NameInIDs())
	assert.NotEqual(t, string(activitylog.AuditUpdate), a.NameInIDs())
}
