package transfer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/transfer"
)

func TestRulesOfLabelling(t *testing.T) {
	for _, status := range transfer.Statuses() {
		s := opened().State
		s.Status = status
		rule(t, "R-110 only the parties of a transfer label it, in any state", func(t *testing.T) {
			assert.NoError(t, s.CheckLabeller(s.SourceTenantID), status)
			assert.NoError(t, s.CheckLabeller(s.TargetTenantID), status)
			for _, other := range []string{s.CustomerTenantID, strangerID, ""} {
				assert.ErrorIs(t, s.CheckLabeller(other), transfer.NotFound, status)
			}
		})
	}
}
