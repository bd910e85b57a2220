package subscription_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/subscription"
)

// OQ-16: the number 5 is one type, however it is written.
func TestNumberOfAProductType(t *testing.T) {
	for _, text := range []string{`5`, `5.0`, `"5"`, `0.5e1`} {
		var got subscription.ProductType
		require.NoError(t, got.UnmarshalJSON([]byte(text)))
		assert.Equal(t, subscription.ProductType("5"), got, text)
	}
}
