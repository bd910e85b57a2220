package main

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// B10: the commands of the banner work as they stand, whatever the data folder is called.
func TestAPathIsOneWordInTheShell(t *testing.T) {
	for _, path := range []string{
		"/tmp/.handover/ledger.db", "a?b=c", "a#b", "%41", "two  words", `it's "quoted"`, "$HOME`id`", "new\nline", "~", "a&b;c|d", "*", "Überführung-移交", "",
	} {
		said, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+inShell(path)).Output()
		require.NoError(t, err, path)
		assert.Equal(t, path, string(said))
	}
	assert.Equal(t, "/tmp/.handover/ledger.db", inShell("/tmp/.handover/ledger.db"), "what needs no quotes has none")
}
