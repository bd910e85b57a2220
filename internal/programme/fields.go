package programme

import "handover/internal/kernel"

var _ = kernel.Bind(map[string]kernel.Bound{
	"primaryContact.firstName":   {Most: kernel.LongestName},
	"primaryContact.lastName":    {Most: kernel.LongestName},
	"primaryContact.email":       {Most: kernel.LongestEmail, Octets: true},
	"primaryContact.phoneNumber": {Most: kernel.LongestWord},
	"dateAgreed":                 {Most: kernel.LongestWord},
	"templateId":                 {Most: kernel.LongestWord},
	"customerId":                 {Most: kernel.LongestWord},
	"type":                       {Most: kernel.LongestWord},
})
