package transfer_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

// The manual of the API has every bound, in one table.
func TestManualHasEveryBound(t *testing.T) {
	manual, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(manual), "## How much a body may say")
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]string{}
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 2 {
			continue
		}
		for _, field := range strings.Split(strings.TrimPrefix(cells[0], "| "), ", `") {
			name, _, _ := strings.Cut(strings.TrimPrefix(field, "`"), "`")
			told[name] = strings.TrimSuffix(cells[1], " |")
		}
	}
	for field, b := range kernel.Bounds() {
		assert.True(t, strings.HasPrefix(told[field], inWords(b)), "%s: %q, not %q", field, told[field], inWords(b))
	}
}

func inWords(b kernel.Bound) string {
	unit := "characters"
	if b.Octets {
		unit = "bytes"
	}
	switch {
	case b.Most == 0:
		return fmt.Sprint(b.Elements)
	case b.Elements > 0:
		return fmt.Sprintf("%d of %d %s", b.Elements, b.Most, unit)
	default:
		return fmt.Sprintf("%d %s", b.Most, unit)
	}
}
