package subscription

import "handover/internal/kernel"

var _ = kernel.Bind(map[string]kernel.Bound{
	"friendlyName": {Most: kernel.LongestName},
	"quantity":     {Most: kernel.LongestWord},
	"partnerId":    {Most: kernel.LongestWord},

	"offerId":              {Most: kernel.LongestName},
	"billingCycle":         {Most: kernel.LongestWord},
	"termDuration":         {Most: kernel.LongestWord},
	"parentSubscriptionId": {Most: kernel.LongestWord},
	"attributes.etag":      {Most: kernel.LongestName},
})
