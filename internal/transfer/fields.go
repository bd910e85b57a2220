package transfer

import "handover/internal/kernel"

// The bounds of what a transfer is made of, in characters.
const (
	longestTag    = 64
	longestReason = 1000
	mostTags      = 20
	mostTypes     = 20
)

var _ = kernel.Bind(map[string]kernel.Bound{
	"requestId":                {Most: kernel.LongestRequestID, Octets: true},
	"sourcePartnerTenantId":    {Most: kernel.LongestWord},
	"targetPartnerTenantId":    {Most: kernel.LongestWord},
	"customerTenantId":         {Most: kernel.LongestWord},
	"sourcePartnerName":        {Most: kernel.LongestName},
	"customerName":             {Most: kernel.LongestName},
	"customerEmailId":          {Most: kernel.LongestEmail, Octets: true},
	"targetPartnerEmailId":     {Most: kernel.LongestName},
	"targetProductTypes":       {Most: kernel.LongestWord, Elements: mostTypes},
	"partnerOnRecord":          {Most: kernel.LongestWord},
	"participants":             {Elements: 20},
	"participants.key":         {Most: kernel.LongestWord},
	"participants.value":       {Most: kernel.LongestWord},
	"transferType":             {Most: kernel.LongestWord},
	"externalReference":        {Most: 256},
	"tags":                     {Most: longestTag, Elements: mostTags},
	"id":                       {Most: kernel.LongestWord},
	"status":                   {Most: kernel.LongestWord},
	"lineItems":                {Elements: mostListed},
	"lineItems.id":             {Most: kernel.LongestWord},
	"lineItems.subscriptionId": {Most: kernel.LongestWord},
	"lineItems.productType":    {Most: kernel.LongestWord},
	"lineItems.quantity":       {Most: kernel.LongestWord},
	"productTypes":             {Most: kernel.LongestWord, Elements: mostTypes},
	"reason":                   {Most: longestReason},
})
