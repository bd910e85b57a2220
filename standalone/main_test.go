package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		`"serve" belongs to none`:              {"serve"},
		`"extra" belongs to none`:              {"demo", "extra"},
		"there is no --data-dir":               {"--ephemeral", "--data-dir", t.TempDir()},
		"--data-dir must name a folder":        {"--data-dir", ""},
		"the log level must be":                {"demo", "--ephemeral", "--log-level", "loud"},
		"unknown flag: --port":                 {"--port", "1"},
		`invalid argument "x" for "--ui-port"`: {"--ui-port", "x"},
	} {
		cmd := command()
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		require.ErrorContains(t, err, says)
		assert.Equal(t, 2, exitStatus(err), says)
	}
}
