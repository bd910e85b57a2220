package activitylog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handover/internal/activitylog"
	"handover/internal/kernel/kerneltest"
)

const (
	customerID = "c0a80101-0000-4000-8000-00000000c001"
	targetID   = "2e9b1c44-0000-4000-8000-00000000b002"
	transferID = "8c2e4d10-77aa-4f52-b0de-0d3f7b9c0001"
)

var (
	at      = kerneltest.At
	rule    = kerneltest.Rule
	refused = kerneltest.Refused
)

func TestRulesOfTheRecord(t *testing.T) {
	rule(t, "R-211 an audit id splits at its separators into partner, customer, transfer, operation and ticks", func(t *testing.T) {
		id := activitylog.AuditID(targetID, customerID, transferID, string(activitylog.AuditComplete), at("2031-03-03T11:02:03.1234567Z"))
		assert.Equal(t, targetID+"_"+customerID+"_"+transferID+"_completetransfer_640658989231234567", id)
	})
	rule(t, "R-211 of what concerns no customer the id has zeros in the customer's place", func(t *testing.T) {
		id := activitylog.AuditID(targetID, "", targetID, "create_mpn_association", at("2031-03-03T11:02:03.1234567Z"))
		assert.Equal(t, targetID+"_00000000-0000-0000-0000-000000000000_"+targetID+"_creatempnassociation_640658989231234567", id)
	})
	rule(t, "R-211 the records of one thing have times that differ, in the order of events", func(t *testing.T) {
		last := at("2031-03-03T11:02:03Z")
		assert.Equal(t, last.Add(time.Hour), activitylog.TimeAfter(last, last.Add(time.Hour)))
		for _, now := range []time.Time{last, last.Add(-time.Hour)} {
			assert.Equal(t, last.Add(time.Microsecond), activitylog.TimeAfter(last, now))
		}
		assert.Equal(t, last, activitylog.TimeAfter(time.Time{}, last), "the first one")
	})
}

// whose log has a record.
func TestParticipants(t *testing.T) {
	const sourceID = "1f4a0a3e-0000-4000-8000-00000000a001"
	assert.Equal(t, []string{sourceID, targetID}, activitylog.Participants(targetID, sourceID, targetID, activitylog.Succeeded))
	assert.Equal(t, []string{targetID}, activitylog.Participants(targetID, sourceID, targetID, activitylog.Failed), "refused")
	assert.Equal(t, []string{targetID}, activitylog.Participants(targetID, targetID, targetID, activitylog.Succeeded), "nobody else's")
}
