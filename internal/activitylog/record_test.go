package activitylog_test

import (
	"testing"

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
}
