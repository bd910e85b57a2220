package kernel_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

func TestParseWhole(t *testing.T) {
	for text, want := range map[string]int{"3": 3, "3.0": 3, "30e-1": 3, "0.3E1": 3, "-7.00": -7, "1e6": 1_000_000, "0": 0} {
		got, err := kernel.ParseWhole(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "3.5", "x", "1e999999999", "1e17", "NaN", "Inf", "0x3p0", "1_0.0", "3.0 ", `"3"`, strings.Repeat("9", 1<<20)} {
		_, err := kernel.ParseWhole(text)
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 200)
	}
}
