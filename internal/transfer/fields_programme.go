package transfer

var _ = Bind(map[string]Bound{
	"primaryContact.firstName":   {Most: LongestName},
	"primaryContact.lastName":    {Most: LongestName},
	"primaryContact.email":       {Most: LongestEmail, Octets: true},
	"primaryContact.phoneNumber": {Most: LongestWord},
	"dateAgreed":                 {Most: LongestWord},
	"templateId":                 {Most: LongestWord},
	"type":                       {Most: LongestWord},
})
