package run

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
)

func TestNudges(t *testing.T) {
	for payload, nudge := range map[string]bool{
		`{"n":1}`:                           true,
		`{"n":0}`:                           true,
		`{"n":1,"more":"of a later build"}`: true,
		`{"n":1,"requestId":"a"}`:           false,
		`{"n":"1"}`:                         false,
		`{}`:                                false,
		`1`:                                 false,
		``:                                  false,
		`{"n":1,"x":"` + strings.Repeat("x", mostNudge) + `"}`: false,
	} {
		require.Equal(t, nudge, IsNudge([]byte(payload)), payload)
	}
	for _, correlation := range []string{"", strings.Repeat("<", kernel.LongestRequestID)} {
		written, err := json.Marshal(Nudge{N: math.MaxInt64, CorrelationID: correlation})
		require.NoError(t, err)
		require.True(t, IsNudge(written), "what the dispatcher sends, at its longest")
	}
}
