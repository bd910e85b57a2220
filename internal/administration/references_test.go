package administration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

// contradiction is the sample with one thing wrong, and how that is told.
type contradiction struct {
	change func(*administration.World)
	kind   administration.Kind
	index  int
	field  string
	says   string
}

func (c contradiction) told(t *testing.T) {
	t.Helper()
	w := sample()
	c.change(&w)
	found := administration.Contradictions(w, administration.Facts{}, administration.InFile)
	require.Len(t, found, 1, found)
	assert.Equal(t, administration.Problem{Kind: c.kind, Index: c.index, Field: c.field, Says: c.says}, found[0])
}

func TestRulesOfReferences(t *testing.T) {
	const noPartner = "There is no partner " + nobody + " in this file. Add it under partners or correct the id."
	for name, c := range map[string]contradiction{
		"R-44 a relationship is of a partner that there is": {func(w *administration.World) { w.Relationships[0].PartnerTenantID = nobody }, administration.Relationships, 0, "partner", noPartner},
		"R-44 and of a customer that there is":              {func(w *administration.World) { w.Relationships[0].CustomerTenantID = nobody }, administration.Relationships, 0, "customer", "There is no customer " + nobody + " in this file. Add it under customers or correct the id."},
		"R-44 so is an agreement":                           {func(w *administration.World) { w.Agreements[0].PartnerTenantID = nobody }, administration.Agreements, 0, "partner", noPartner},
		"R-44 so is a subscription": {func(w *administration.World) {
			w.Subscriptions[isIndirect].PartnerTenantID = nobody
			w.Subscriptions[isIndirect].PartnerOnRecord = ""
		}, administration.Subscriptions, 2, "partner", noPartner},
		"R-258 so is a partnership":                         {func(w *administration.World) { w.Partnerships[0].ProviderTenantID = nobody }, administration.Partnerships, 0, "provider", noPartner},
		"R-255 so is a sandbox":                             {func(w *administration.World) { w.Partners[isBox].SandboxOf = nobody }, administration.Partners, 3, "sandboxOf", noPartner},
		"R-419 so is a counterpart":                         {func(w *administration.World) { w.Relationships[1].Counterpart = nobody }, administration.Relationships, 1, "counterpart", noPartner},
		"R-50 a kind is that of a programme of the partner": {func(w *administration.World) { w.Relationships[0].Kind = programme.ProviderCustomer }, administration.Relationships, 0, "kind", "Partner 1 cannot have a customer of kind provider; it is in direct-bill (active)."},
		"R-419 only a reseller is the local one of record":  {func(w *administration.World) { w.Relationships[0].LocalReseller = true }, administration.Relationships, 0, "localResellerOfRecord", "Only a relationship of kind reseller has a local reseller of record. Leave it out, or correct kind."},
		"R-419 the other side of a provider is a reseller":  {func(w *administration.World) { w.Relationships[1].Counterpart = northwind }, administration.Relationships, 1, "counterpart", "counterpart must name a partner in the programme indirect-reseller; Partner 1 is in direct-bill (active)."},
		"R-419 a direct customer has nobody on the other":   {func(w *administration.World) { w.Relationships[0].Counterpart = alpine }, administration.Relationships, 0, "counterpart", "A direct relationship has no counterpart. Leave it out, or correct kind."},
		"R-258 a partnership is of a provider":              {func(w *administration.World) { w.Partnerships[0].ProviderTenantID = northwind }, administration.Partnerships, 0, "provider", "provider must name a partner in the programme indirect-provider; Partner 1 is in direct-bill (active)."},
		"R-258 and a reseller":                              {func(w *administration.World) { w.Partnerships[0].ResellerTenantID = northwind }, administration.Partnerships, 0, "reseller", "reseller must name a partner in the programme indirect-reseller; Partner 1 is in direct-bill (active)."},
		"R-41 a reseller bills nothing":                     {func(w *administration.World) { w.Subscriptions[isIndirect].PartnerTenantID = alpine }, administration.Subscriptions, 2, "partner", "An indirect reseller bills nothing itself, nor does who left direct-bill. Name its provider here and the reseller as partnerOnRecord."},
		"R-74 an add-on has a base that there is":           {func(w *administration.World) { w.Subscriptions[isAddon].ParentID = nobody }, administration.Subscriptions, 1, "parentId", "There is no subscription " + nobody + " in this file. Add it or correct parentId."},
		"R-74 at the same partner":                          {func(w *administration.World) { w.Subscriptions[isAddon].ParentID = indirect }, administration.Subscriptions, 1, "parentId", "parentId must name a subscription of the same customer at the same partner."},
		"R-74 that is no add-on itself":                     {func(w *administration.World) { w.Subscriptions[isAddon].ParentID = addon }, administration.Subscriptions, 1, "parentId", "parentId must name a subscription that has no parentId itself."},
		"R-57 who is credited is a reseller":                {func(w *administration.World) { w.Subscriptions[isIndirect].PartnerOnRecord = "1" }, administration.Subscriptions, 2, "partnerOnRecord", "No indirect reseller in this file has the mpnId 1. Correct partnerOnRecord or add the reseller."},
		"R-57 that there is":                                {func(w *administration.World) { w.Subscriptions[isIndirect].PartnerOnRecord = "9" }, administration.Subscriptions, 2, "partnerOnRecord", "No indirect reseller in this file has the mpnId 9. Correct partnerOnRecord or add the reseller."},
	} {
		kerneltest.Rule(t, name, c.told)
	}
	require.Empty(t, administration.Contradictions(sample(), administration.Facts{}, administration.InFile), "nothing else is wrong with it")
}

// A reference may lead into the ledger, and sentences say where it was looked for.
func TestWhereReferencesLead(t *testing.T) {
	w := administration.World{Agreements: sample().Agreements}
	assert.Empty(t, administration.Contradictions(w, knowing(sample()), administration.InLedger))
	for name, c := range map[string]struct {
		in   administration.Place
		says string
	}{
		"a file":       {administration.InFile, "There is no partner " + northwind + " in this file. Add it under partners or correct the id."},
		"a file added": {administration.InFileOrLedger, "There is no partner " + northwind + " in this file or the ledger. Add it under partners or correct the id."},
		"the ledger":   {administration.InLedger, "There is no partner " + northwind + " in the ledger. Add the partner first or correct the id."},
	} {
		t.Run(name, func(t *testing.T) {
			found := administration.Contradictions(w, administration.Facts{}, c.in)
			require.Len(t, found, 2, "the customer is not there either")
			assert.Equal(t, c.says, found[0].Says)
		})
	}
}

// What could not be read was told already: nothing is said of an empty reference, nor of a partner whose programmes are not known.
func TestWhatCouldNotBeReadIsPassedOver(t *testing.T) {
	for name, change := range map[string]func(*administration.World){
		"no partner":      func(w *administration.World) { w.Relationships[0].PartnerTenantID, w.Relationships[0].Kind = "", "" },
		"no customer":     func(w *administration.World) { w.Agreements[0].CustomerTenantID = "" },
		"no provider":     func(w *administration.World) { w.Partnerships[0].ProviderTenantID = "" },
		"no programmes":   func(w *administration.World) { w.Partners[isNorthwind].Programs = nil },
		"no status":       func(w *administration.World) { w.Partners[isNorthwind].Programs[0].Status = "" },
		"reseller unread": func(w *administration.World) { w.Partners[isAlpine].Programs = nil },
		"provider unread": func(w *administration.World) { w.Partners[isFabrikam].Programs[0].Program = "" },
	} {
		t.Run(name, func(t *testing.T) {
			w := sample()
			change(&w)
			assert.Empty(t, administration.Contradictions(w, administration.Facts{}, administration.InFile))
		})
	}
}
