package world_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/world"
)

func TestLargeWorldIsSoundAndMoves(t *testing.T) {
	t.Parallel()
	w := world.Large(3, 40)
	requireSound(t, w)
	assert.Equal(t, w, world.Large(3, 40))
	assert.Len(t, w.Customers, 3)
	for _, c := range w.Customers {
		items, err := selectEverything(w, c.TenantID, world.LargeSource, world.LargeTarget)
		require.NoError(t, err)
		assert.Len(t, items, 40)
	}
}
