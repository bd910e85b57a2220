package kernel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel"
)

func TestACauseNobodyKnowsIsOurFault(t *testing.T) {
	r := kernel.Refusal{Cause: "Weather"}
	assert.Equal(t, 500, r.HTTPStatus())
	assert.False(t, r.Cause.Retryable())
}
