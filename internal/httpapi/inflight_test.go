package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Bodies of all partners together are bounded too, with another answer: it is not the caller's own doing.
func TestBodiesOfAllPartners(t *testing.T) {
	f := newInFlight()
	var leaves []func()
	for _, partner := range []string{"a", "b", "c", "d"} {
		leave, err := f.enter(partner, mostBytesOfOne)
		require.NoError(t, err)
		leaves = append(leaves, leave)
	}
	_, err := f.enter("e", 1)
	require.Equal(t, http.StatusServiceUnavailable, (&API{}).explain(t.Context(), err).GetStatus())
	_, err = f.enter("a", 1)
	require.Equal(t, http.StatusTooManyRequests, (&API{}).explain(t.Context(), err).GetStatus())
	leaves[0]()
	_, err = f.enter("e", mostBytesOfOne)
	require.NoError(t, err)
}
