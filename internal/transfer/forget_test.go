package transfer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/transfer"
)

func TestNotOver(t *testing.T) {
	t.Parallel()
	for _, s := range transfer.Statuses() {
		assert.Equal(t, s.Final(), transfer.NotOver(s, false, false) == "", s)
	}
	assert.Contains(t, transfer.NotOver(transfer.Pending, false, false), "Pending")
	assert.Contains(t, transfer.NotOver(transfer.PartiallyComplete, true, true), "held")
	assert.Contains(t, transfer.NotOver(transfer.Complete, false, true), "e-mail")
}
