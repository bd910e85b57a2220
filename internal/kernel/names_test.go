package kernel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel"
)

// C1, C14: the names of enumerations, as each SDK writes them.
func TestNamed(t *testing.T) {
	for text, want := range map[string]string{
		"starts_with": "starts_with", "StartsWith": "starts_with", "STARTS_WITH": "starts_with", "startsWith": "starts_with",
		"equals": "equals", "Equals": "equals",
	} {
		found, known := kernel.Named(text, "starts_with", "equals")
		assert.True(t, known, text)
		assert.Equal(t, want, found)
	}
	blanks, _ := kernel.Named(" StartsWith ", "starts_with")
	assert.Equal(t, "starts_with", blanks)
	for _, text := range []string{"", "_", "starts with", "startswit", "starts-with", "startswithh"} {
		found, known := kernel.Named(text, "starts_with", "equals")
		assert.False(t, known, text)
		assert.Equal(t, text, found, "as it came")
	}
}
