package kernel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel"
)

func TestTicksCountFromTheYearOne(t *testing.T) {
	assert.Equal(t, int64(0), kernel.Ticks(at("0001-01-01T00:00:00Z")))
	assert.Equal(t, int64(621_355_968_000_000_000), kernel.Ticks(at("1970-01-01T00:00:00Z")))
	assert.Equal(t, int64(1), kernel.Ticks(at("0001-01-01T00:00:00.0000001Z")))
	assert.Equal(t, kernel.Ticks(at("2024-06-15T12:00:00Z")), kernel.Ticks(at("2024-06-15T14:00:00+02:00")))
}
