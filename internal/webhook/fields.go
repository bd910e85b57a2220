package webhook

import "handover/internal/kernel"

// LongestURL bounds the address of an endpoint, in bytes.
const LongestURL = 2000

var _ = kernel.Bind(map[string]kernel.Bound{
	"webhookUrl":    {Most: LongestURL, Octets: true},
	"webhookEvents": {Most: kernel.LongestWord, Elements: 50},
	"format":        {Most: kernel.LongestWord},
	"secret":        {Most: kernel.LongestName},
})
