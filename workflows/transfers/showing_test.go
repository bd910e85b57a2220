package transfers

import (
	"testing"

	"github.com/stretchr/testify/require"

	activities "handover/activities/transfers"
	"handover/internal/transfer"
)

// Whatever is heard after a look, no more line items end than it found running, and their progress can be written.
func TestCountsSinceTheLook(t *testing.T) {
	for name, c := range map[string]struct {
		looked transfer.ItemCounts
		ended  activities.Moved
		now    transfer.ItemCounts
		says   string
	}{
		"nothing":              {transfer.ItemCounts{InProgress: 2}, activities.Moved{}, transfer.ItemCounts{InProgress: 2}, "░░░░░░░░░░░░░░░░░░░░ 0 of 2 line items moved, 2 to go"},
		"one each":             {transfer.ItemCounts{InProgress: 4}, activities.Moved{Complete: 1, Failed: 1}, transfer.ItemCounts{InProgress: 2, Complete: 1, Failed: 1}, "██████████░░░░░░░░░░ 1 of 4 line items moved, 1 failed, 2 to go"},
		"all":                  {transfer.ItemCounts{InProgress: 2}, activities.Moved{Complete: 2}, transfer.ItemCounts{Complete: 2}, "████████████████████ 2 of 2 line items moved"},
		"counted by the look":  {transfer.ItemCounts{Complete: 3}, activities.Moved{Complete: 1}, transfer.ItemCounts{Complete: 3}, "████████████████████ 3 of 3 line items moved"},
		"heard of twice":       {transfer.ItemCounts{InProgress: 1, Complete: 1}, activities.Moved{Complete: 2}, transfer.ItemCounts{Complete: 2}, "████████████████████ 2 of 2 line items moved"},
		"failed, heard of too": {transfer.ItemCounts{InProgress: 1, Failed: 1}, activities.Moved{Complete: 1, Failed: 2}, transfer.ItemCounts{Complete: 1, Failed: 1}, "████████████████████ 1 of 2 line items moved, 1 failed"},
	} {
		t.Run(name, func(t *testing.T) {
			now := (&mover{ended: c.ended}).since(c.looked)
			require.Equal(t, c.now, now)
			require.Equal(t, c.says, progress(now))
		})
	}
}
