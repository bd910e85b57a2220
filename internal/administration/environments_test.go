package administration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

func TestRulesOfEnvironments(t *testing.T) {
	const mixed = "The customer is in sandbox and partner Partner 1 is in production, and these never mix. Correct one of them."
	for name, c := range map[string]contradiction{
		"R-271 no relationship crosses": {func(w *administration.World) { w.Relationships[0].CustomerTenantID = played }, administration.Relationships, 0, "customer", mixed},
		"R-271 no agreement crosses":    {func(w *administration.World) { w.Agreements[0].CustomerTenantID = played }, administration.Agreements, 0, "customer", mixed},
		"R-271 nothing is billed across": {func(w *administration.World) {
			w.Subscriptions = w.Subscriptions[:1]
			w.Subscriptions[isBase].CustomerTenantID = played
		}, administration.Subscriptions, 0, "customer", mixed},
		"R-271 no partnership crosses": {func(w *administration.World) {
			w.Partners[isBox].Programs = programme.Enrolled(programme.IndirectReseller, programme.Active, true)
			w.Partnerships[0].ResellerTenantID = box
		}, administration.Partnerships, 0, "reseller", "The reseller is in sandbox and partner Partner 2 is in production, and these never mix. Correct one of them."},
		"R-271 nobody is credited across": {func(w *administration.World) {
			w.Partners[isBox].Programs = programme.Enrolled(programme.IndirectReseller, programme.Active, true)
			w.Subscriptions[isIndirect].PartnerOnRecord = "4"
		}, administration.Subscriptions, 2, "partnerOnRecord", "No indirect reseller in this file has the mpnId 4. Correct partnerOnRecord or add the reseller."},
		"R-255 a sandbox is a direct-bill partner's": {func(w *administration.World) { w.Partners[isBox].SandboxOf = fabrikam }, administration.Partners, 3, "sandboxOf",
			"sandboxOf must name a partner in the programme direct-bill; Partner 2 is in indirect-provider (active)."},
		"R-255 and goes with that": {func(w *administration.World) {
			w.Partners[isNorthwind].Programs[0].Status = programme.Ended
			w.Subscriptions = nil
		},
			administration.Partners, 3, "sandboxOf", "sandboxOf must name a partner in the programme direct-bill; Partner 1 is in direct-bill (ended)."},
		"R-255 it is nobody's who is in a sandbox": {func(w *administration.World) { w.Partners[isBox].SandboxOf = box }, administration.Partners, 3, "sandboxOf",
			"sandboxOf must name a partner in production; Partner 4 is in a sandbox itself."},
	} {
		kerneltest.Rule(t, name, c.told)
	}
	kerneltest.Rule(t, "R-421 it stays with who is restricted", func(t *testing.T) {
		w := sample()
		w.Partners[isNorthwind].Programs[0].Status = programme.Restricted
		require.Empty(t, administration.Contradictions(w, administration.Facts{}, administration.InFile))
	})
}
