package world_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

// B1: no text of a world file is longer than the table of bounds lets the API take or say it.
func TestWorldFilesKeepTheBounds(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(schemaPath)
	require.NoError(t, err)
	var schema struct {
		Defs map[string]struct {
			Most int `json:"maxLength"`
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	for def, fields := range map[string][]string{
		"text":  {"sourcePartnerName", "customerName", "friendlyName", "primaryContact.firstName"},
		"email": {"customerEmailId", "primaryContact.email"},
	} {
		require.Positive(t, schema.Defs[def].Most, def)
		for _, field := range fields {
			require.LessOrEqual(t, schema.Defs[def].Most, kernel.BoundOf(field).Most, field)
		}
	}
}
