package subscription_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/subscription"
)

// Scripted faults come from outside as text. Nothing of it may crash us, and what is accepted must be what it claims to be.

func TestParseFault(t *testing.T) {
	longest := "refuse:" + strings.Repeat("9", 32)
	for text, want := range map[string]subscription.Fault{
		"":                {},
		"transient:1":     {Transient: 1},
		"transient:1000":  {Transient: 1000},
		"sync:90s":        {Sync: 90 * time.Second},
		"slow:1h30m":      {Slow: 90 * time.Minute},
		"refuse:900130":   {Refuse: "900130"},
		"refuse:not:ours": {Refuse: "not:ours"},
		longest:           {Refuse: strings.Repeat("9", 32)},
	} {
		got, err := subscription.ParseFault(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"transient", "transient:", "transient:0", "transient:-1", "transient:1001", "transient:many", "sync:", "sync:90", "sync:0s", "sync:-1s",
		"slow:", "slow:soon", "slow:-5m", "refuse:", "refuse", longest + "9", "explode:1", ":", " transient:1", "Transient:1",
	} {
		got, err := subscription.ParseFault(text)
		assert.ErrorContains(t, err, "transient:N, sync:DURATION, refuse:CODE, slow:DURATION", text)
		assert.Empty(t, got, text)
	}
}

func FuzzParseFault(f *testing.F) {
	for _, seed := range []string{"", "transient:3", "sync:2m", "refuse:900130", "slow:1h", "transient:-1", "slow:9999999h", ":::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := subscription.ParseFault(text)
		if err != nil || text == "" {
			require.Empty(t, fault)
			return
		}
		told := 0
		for _, set := range []bool{fault.Transient > 0, fault.Sync > 0, fault.Refuse != "", fault.Slow > 0} {
			if set {
				told++
			}
		}
		require.Equal(t, 1, told, "a fault is of one kind: %+v", fault)
		require.LessOrEqual(t, fault.Transient, 1000)
	})
}
