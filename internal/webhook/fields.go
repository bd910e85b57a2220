package webhook

import "handover/internal/kernel"

// LongestURL bounds the address of an endpoint, in bytes.
const LongestURL = 2000

var _ = kernel.Bind(map[string]kernel.Bound{
	"WebhookUrl":    {Most: LongestURL, Octets: true},
	"WebhookEvents": {Most: kernel.LongestWord, Elements: 50},
	"Format":        {Most: kernel.LongestWord},
	"Secret":        {Most: kernel.LongestName},
})
