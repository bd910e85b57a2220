package transfer

var _ = Bind(map[string]Bound{
	"friendlyName": {Most: LongestName},
	"quantity":     {Most: LongestWord},
	"partnerId":    {Most: LongestWord},
})
