package httpapi_test

import (
	"errors"

	"handover/internal/httpapi"
	"handover/internal/kernel"
)

// largeBody is how much the largest body of all routes may have: that of a decision.
const largeBody = 4 << 20

// known tells whether an error is one that becomes a proper answer.
func known(err error) bool {
	var own *httpapi.Error
	var refusal *kernel.Refusal
	return err == nil || errors.As(err, &refusal) || errors.As(err, &own)
}
