package transfer

// The bounds of what a transfer is made of, in characters.
const (
	longestTag    = 64
	longestReason = 1000
	mostTags      = 20
	mostTypes     = 20
)

var _ = Bind(map[string]Bound{
	"requestId":                {Most: LongestRequestID, Octets: true},
	"sourcePartnerTenantId":    {Most: LongestWord},
	"targetPartnerTenantId":    {Most: LongestWord},
	"customerTenantId":         {Most: LongestWord},
	"sourcePartnerName":        {Most: LongestName},
	"customerName":             {Most: LongestName},
	"customerEmailId":          {Most: LongestEmail, Octets: true},
	"targetPartnerEmailId":     {Most: LongestName},
	"targetProductTypes":       {Most: LongestWord, Elements: mostTypes},
	"partnerOnRecord":          {Most: LongestWord},
	"participants":             {Elements: 20},
	"participants.key":         {Most: LongestWord},
	"participants.value":       {Most: LongestWord},
	"transferType":             {Most: LongestWord},
	"externalReference":        {Most: 256},
	"tags":                     {Most: longestTag, Elements: mostTags},
	"id":                       {Most: LongestWord},
	"status":                   {Most: LongestWord},
	"lineItems":                {Elements: mostListed},
	"lineItems.id":             {Most: LongestWord},
	"lineItems.subscriptionId": {Most: LongestWord},
	"lineItems.productType":    {Most: LongestWord},
	"productTypes":             {Most: LongestWord, Elements: mostTypes},
	"reason":                   {Most: longestReason},
})
