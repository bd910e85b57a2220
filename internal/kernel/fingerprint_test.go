package kernel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel"
)

// Fields keep to themselves: what stands at the end of one is not what begins the next. A digest once given stays.
func TestFingerprintOf(t *testing.T) {
	of := func(fields ...string) string {
		all := make([][]byte, len(fields))
		for i, field := range fields {
			all[i] = []byte(field)
		}
		return kernel.FingerprintOf(all...)
	}
	assert.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", of())
	assert.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", of("abc"))
	seen := map[string][]string{}
	for _, fields := range [][]string{{"a", "bc"}, {"ab", "c"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"", "", "abc"}, {"bc", "a"}} {
		sum := of(fields...)
		assert.Empty(t, seen[sum], "%q", fields)
		seen[sum] = fields
	}
}
