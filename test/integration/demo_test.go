package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README's first command. Played again on the same folder, it moves a fresh copy of the customer.
func TestTheDemoPlaysAsOftenAsOneLikes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		p := launch(t, nil, "standalone", "demo", "--exit", "--temporal-port", "0", "--ui-port", "0", "--http-port", "0", "--data-dir", dir)
		require.Zero(t, p.exit(t), p.stderr.String())
		lines := strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
		assert.Regexp(t, `^transfer [0-9a-f-]{36} Complete: 12 of 12 line items, 2 retries, `, lines[len(lines)-1])
		assert.Empty(t, p.stderr.String())
	}
}
