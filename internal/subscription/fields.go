package subscription

import "handover/internal/kernel"

var _ = kernel.Bind(map[string]kernel.Bound{
	"friendlyName": {Most: kernel.LongestName},
	"quantity":     {Most: kernel.LongestWord},
	"partnerId":    {Most: kernel.LongestWord},
})
