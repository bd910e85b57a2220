package administration

import "handover/internal/kernel"

// mostEndings bounds how many ties one command ends.
const mostEndings = 1000

var _ = kernel.Bind(map[string]kernel.Bound{
	"relationships":          {Elements: mostEndings},
	"relationships.partner":  {Most: kernel.LongestWord},
	"relationships.customer": {Most: kernel.LongestWord},
	"relationships.kind":     {Most: kernel.LongestWord},
	"partnerships":           {Elements: mostEndings},
	"partnerships.provider":  {Most: kernel.LongestWord},
	"partnerships.reseller":  {Most: kernel.LongestWord},
})
