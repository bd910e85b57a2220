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

// Of two attempts the records have different ids at one instant, and others than what is done then; a request id makes no two one.
func TestNameInIDs(t *testing.T) {
	a := activitylog.Attempt{RequestID: "a", Operation: activitylog.AuditUpdate}
	b, c := a, a
	b.RequestID, c.Asked = "b", "for another thing"
	names, keys := map[string]bool{}, map[string]bool{}
	for _, attempt := range []activitylog.Attempt{a, b, c, a} {
		names[attempt.NameInIDs()], keys[attempt.Key()] = true, true
	}
	assert.Len(t, names, 3)
	assert.Len(t, keys, 3)
	assert.NotEqual(t, string(activitylog.AuditUpdate), a.NameInIDs())
}
