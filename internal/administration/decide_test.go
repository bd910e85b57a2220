package administration_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
	"handover/internal/subscription"
)

// A world that nobody knew is new from end to end, and said again it changes nothing.
func TestAWorldIsNewOnce(t *testing.T) {
	w := sample()
	first := decided(t, saying(w), administration.Facts{Now: now})
	assert.Equal(t, []administration.Count{
		{Kind: administration.Partners, New: 4}, {Kind: administration.Customers, New: 2}, {Kind: administration.Relationships, New: 4},
		{Kind: administration.Agreements, New: 1}, {Kind: administration.Partnerships, New: 1}, {Kind: administration.Subscriptions, New: 3},
	}, first.Applied.Counts)
	assert.Len(t, first.Partners, 4)
	assert.Len(t, first.Subscriptions, 3)

	again := decided(t, saying(w), knowing(w))
	assert.False(t, again.Applied.Writes())
	assert.Equal(t, administration.Plan{Applied: administration.Applied{Counts: []administration.Count{
		{Kind: administration.Partners, Same: 4}, {Kind: administration.Customers, Same: 2}, {Kind: administration.Relationships, Same: 4},
		{Kind: administration.Agreements, Same: 1}, {Kind: administration.Partnerships, Same: 1}, {Kind: administration.Subscriptions, Same: 3},
	}}}, again)
}

// one is a change of one record of the sample, and what the ledger knows of what hangs on it.
type one struct {
	change func(*administration.Changes)
	knows  func(*administration.Facts)
	cause  kernel.Cause
}

// ofPartner says something else of a partner of the sample.
func ofPartner(place int, change func(*programme.Partner)) func(*administration.Changes) {
	return func(c *administration.Changes) {
		p := sample().Partners[place]
		change(&p)
		c.Partners = []programme.Partner{p}
	}
}

func ofCustomer(change func(*programme.Customer)) func(*administration.Changes) {
	return func(c *administration.Changes) {
		one := sample().Customers[isContoso]
		change(&one)
		c.Customers = []programme.Customer{one}
	}
}

func ofSubscription(place int, change func(*subscription.Subscription)) func(*administration.Changes) {
	return func(c *administration.Changes) {
		s := sample().Subscriptions[place]
		change(&s)
		c.Subscriptions = []subscription.Subscription{s}
	}
}

func ending(partner, customer string, kind programme.RelationshipKind) func(*administration.Changes) {
	return func(c *administration.Changes) {
		c.EndedRelationships = []programme.Relationship{{PartnerTenantID: partner, CustomerTenantID: customer, Kind: kind}}
	}
}

func apart(c *administration.Changes) {
	c.EndedPartnerships = []programme.Partnership{{ProviderTenantID: fabrikam, ResellerTenantID: alpine}}
}

func nothing(*administration.Facts) {}

func TestRulesOfWhatOperatorsChange(t *testing.T) {
	left := func(p *programme.Partner) { p.Programs[0].Status = programme.Ended }
	restrict := func(f *administration.Facts) {
		p := f.Partners[northwind]
		p.Programs = programme.Enrolled(programme.DirectBill, programme.Restricted, true)
		f.Partners[northwind] = p
	}
	newBox := func(c *administration.Changes) {
		p := sample().Partners[isBox]
		c.Partners = []programme.Partner{p}
	}
	without := func(id string, and func(*administration.Facts)) func(*administration.Facts) {
		return func(f *administration.Facts) { delete(f.Partners, id); and(f) }
	}
	anew := func(and func(*administration.Facts)) func(*administration.Facts) {
		return func(f *administration.Facts) { delete(f.Subscriptions, indirect); and(f) }
	}
	credits := ofSubscription(isIndirect, func(*subscription.Subscription) {})
	resells := func(as programme.Status, signed bool) func(*administration.Facts) {
		return func(f *administration.Facts) {
			p := f.Partners[alpine]
			p.Programs = programme.Enrolled(programme.IndirectReseller, as, signed)
			f.Partners[alpine] = p
		}
	}
	ended := func(f *administration.Facts) {
		s := f.Subscriptions[base]
		s.Status, s.Billed = subscription.Deleted, false
		f.Subscriptions[base] = s
		delete(f.Subscriptions, addon)
	}
	for name, c := range map[string]one{
		"R-401 a status changes at any time":                 {ofPartner(isNorthwind, func(p *programme.Partner) { p.Programs[0].Status = programme.Restricted }), func(f *administration.Facts) { f.Use.Billing = map[string]bool{northwind: true} }, ""},
		"R-41 who bills something stays in its programme":    {ofPartner(isNorthwind, left), func(f *administration.Facts) { f.Use.Billing = map[string]bool{northwind: true} }, programme.InUse},
		"R-41 who bills nothing may leave it":                {ofPartner(isFabrikam, left), nothing, ""},
		"R-76 nor does a party leave while a transfer waits": {ofPartner(isNorthwind, left), func(f *administration.Facts) { f.Use.Open = map[string]string{northwind: transferID} }, programme.InUse},
		"R-258 under whom resellers work stays a provider":   {ofPartner(isFabrikam, left), func(f *administration.Facts) { f.Use.Provides = map[string]bool{fabrikam: true} }, programme.InUse},
		"R-258 who works under a provider stays a reseller":  {ofPartner(isAlpine, left), func(f *administration.Facts) { f.Use.Resells = map[string]bool{alpine: true} }, programme.InUse},
		"R-57 who is credited keeps its number":              {ofPartner(isAlpine, func(p *programme.Partner) { p.MPNID = "33" }), func(f *administration.Facts) { f.Use.Credited = map[string]bool{"3": true} }, programme.InUse},
		"R-57 who is not credited takes another":             {ofPartner(isAlpine, func(p *programme.Partner) { p.MPNID = "33" }), nothing, ""},
		"R-57 no number is two partners'":                    {ofPartner(isAlpine, func(p *programme.Partner) { p.MPNID = "1" }), nothing, kernel.InvalidInput},
		"R-255 a partner has one sandbox": {func(c *administration.Changes) {
			p := sample().Partners[isBox]
			p.TenantID, p.MPNID = nobody, "44"
			c.Partners = []programme.Partner{p}
		}, nothing, kernel.InvalidInput},
		"R-255 an active direct-bill partner gets one": {newBox, without(box, nothing), ""},
		"R-421 a restricted one gets none":             {newBox, without(box, restrict), programme.ProgramNotActive},
		"R-421 and keeps the one that it had":          {newBox, restrict, ""},
		"R-271 a partner stays in its environment": {ofPartner(isBox, func(p *programme.Partner) {
			p.Environment, p.SandboxOf = programme.Production, ""
		}), nothing, programme.InUse},
		"R-271 and so does a customer":                       {ofCustomer(func(c *programme.Customer) { c.Environment = programme.Sandbox }), nothing, programme.InUse},
		"R-45 a customer that is billed stays in its region": {ofCustomer(func(c *programme.Customer) { c.Market = "DE" }), func(f *administration.Facts) { f.Use.Billing = map[string]bool{contoso: true} }, programme.InUse},
		"R-45 and so does one of which something is moving":  {ofCustomer(func(c *programme.Customer) { c.Market = "DE" }), func(f *administration.Facts) { f.Use.Open = map[string]string{contoso: transferID} }, programme.InUse},
		"R-45 one that nobody bills moves":                   {ofCustomer(func(c *programme.Customer) { c.Market = "DE" }), nothing, ""},
		"R-1 who bills what changes by a transfer alone":     {ofSubscription(isBase, func(s *subscription.Subscription) { s.PartnerTenantID = fabrikam }), nothing, subscription.MovesByTransfer},
		"R-76 what is being moved does not change":           {ofSubscription(isBase, func(s *subscription.Subscription) { s.Quantity++ }), func(f *administration.Facts) { f.Use.Moving = map[string]string{base: transferID} }, subscription.InOtherTransfer},
		"R-74 nor does its base get another add-on": {ofSubscription(isAddon, func(*subscription.Subscription) {}), func(f *administration.Facts) {
			delete(f.Subscriptions, addon)
			f.Use.Moving = map[string]string{base: transferID}
		}, subscription.InOtherTransfer},
		"R-74 what has ended gets no add-on":                     {ofSubscription(isAddon, func(*subscription.Subscription) {}), ended, subscription.Ended},
		"R-74 a base goes with its add-ons or stays":             {ofSubscription(isBase, func(s *subscription.Subscription) { s.Status = subscription.Suspended }), nothing, subscription.AddonsActive},
		"R-58 what is credited is a reseller's under the owner":  {ofSubscription(isIndirect, func(s *subscription.Subscription) { s.PartnerOnRecord = "5" }), anotherReseller, subscription.RecordNotPartner},
		"R-58 nor does a new one credit a reseller under nobody": {ofSubscription(isIndirect, func(s *subscription.Subscription) { s.PartnerOnRecord = "5" }), anew(anotherReseller), subscription.RecordNotPartner},
		"R-58 nor a reseller that parts in the same command": {func(c *administration.Changes) {
			ofSubscription(isIndirect, func(*subscription.Subscription) {})(c)
			apart(c)
		}, anew(nothing), subscription.RecordNotPartner},
		"R-58 one that was active when it was chosen stays": {credits, anew(resells(programme.Restricted, true)), ""},
		"R-58 and so does one that had signed":              {credits, anew(resells(programme.Active, false)), ""},
		"R-58 nor does who has no resellers": {ofSubscription(isBase, func(s *subscription.Subscription) { s.PartnerOnRecord = "3" }), func(f *administration.Facts) {
			delete(f.Subscriptions, base)
			delete(f.Subscriptions, addon)
		}, subscription.RecordNotAllowed},
		"R-58 a new one credits a reseller of its owner's": {credits, anew(nothing), ""},
		"R-58 what has ended says whom it credited": {ofSubscription(isIndirect, func(s *subscription.Subscription) {
			s.PartnerOnRecord, s.Status = "5", subscription.Deleted
		}), anew(anotherReseller), ""},
		"R-50 who bills a customer is accepted by it": {ending(northwind, contoso, ""), func(f *administration.Facts) {
			f.Use.BillingPair = map[programme.Pair]bool{pair(northwind, contoso): true}
		}, programme.InUse},
		"R-50 and who takes part in a transfer of its": {ending(northwind, contoso, ""), func(f *administration.Facts) {
			f.Use.OpenPair = map[programme.Pair]string{pair(northwind, contoso): transferID}
		}, programme.InUse},
		"R-50 who does neither parts from it": {ending(northwind, contoso, ""), nothing, ""},
		"R-50 a reseller, which bills nothing, parts at any time": {ending(alpine, contoso, ""), func(f *administration.Facts) {
			f.Use.BillingPair = map[programme.Pair]bool{pair(alpine, contoso): true}
		}, ""},
		"R-58 a reseller that is credited stays": {apart, func(f *administration.Facts) {
			f.Use.CreditedBy = map[programme.Pair]bool{pair(fabrikam, alpine): true}
		}, programme.InUse},
		"R-58 one that is not may leave": {apart, nothing, ""},
		"R-56 nobody has agreed to what is to come": {func(c *administration.Changes) {
			c.Agreements = []programme.Agreement{{PartnerTenantID: fabrikam, CustomerTenantID: contoso, Mode: programme.DirectSign, DateAgreed: now.Add(time.Second)}}
		}, nothing, kernel.InvalidInput},
	} {
		kerneltest.Rule(t, name, func(t *testing.T) {
			var changes administration.Changes
			c.change(&changes)
			f := knowing(sample())
			c.knows(&f)
			judged(t, changes, f, c.cause)
		})
	}
}

// anotherReseller is one that works under nobody.
func anotherReseller(f *administration.Facts) {
	p := partner(nobody, "5", programme.IndirectReseller, programme.Active)
	f.Partners[p.TenantID] = p
}

// Changes are decided as one: what one brings, another may rely on, whatever its place in the lists.
func TestChangesAreDecidedAsOne(t *testing.T) {
	for name, changes := range map[string]administration.Changes{
		"two partners change numbers": func() administration.Changes {
			p := sample().Partners[:2]
			p[0].MPNID, p[1].MPNID = p[1].MPNID, p[0].MPNID
			return saying(administration.World{Partners: p})
		}(),
		"base and add-on are suspended": func() administration.Changes {
			s := sample().Subscriptions[:2]
			s[0].Status, s[1].Status = subscription.Suspended, subscription.Suspended
			return saying(administration.World{Subscriptions: s})
		}(),
		"a reseller is credited that joins": func() administration.Changes {
			s := sample().Subscriptions[isIndirect]
			s.PartnerOnRecord = "5"
			return saying(administration.World{
				Partners:      []programme.Partner{partner(nobody, "5", programme.IndirectReseller, programme.Active)},
				Partnerships:  []programme.Partnership{{ProviderTenantID: fabrikam, ResellerTenantID: nobody}},
				Subscriptions: []subscription.Subscription{s},
			})
		}(),
		"an owner is let in, and its sandbox": func() administration.Changes {
			p := sample().Partners[isBox]
			p.TenantID, p.MPNID, p.SandboxOf = "aaaaaaaa-0000-4000-8000-000000000006", "6", nobody
			return saying(administration.World{Partners: []programme.Partner{p, partner(nobody, "5", programme.DirectBill, programme.Active)}})
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			assert.True(t, decided(t, changes, knowing(sample())).Applied.Writes())
		})
	}
	kerneltest.Rule(t, "R-58 nobody is credited who leaves in the same command", func(t *testing.T) {
		f := knowing(sample())
		credited := f.Subscriptions[indirect]
		credited.PartnerOnRecord = ""
		f.Subscriptions[indirect] = credited
		leaving := saying(administration.World{Subscriptions: sample().Subscriptions[isIndirect:]})
		judged(t, leaving, f, "")
		apart(&leaving)
		judged(t, leaving, f, subscription.RecordNotPartner)
	})
}

// Several things that are in the way are told at once, up to fifty, and nothing is changed then.
func TestEverythingInTheWayIsTold(t *testing.T) {
	wrong := func(n int) administration.Changes {
		var c administration.Changes
		for i := range n {
			one := customer(fmt.Sprintf("cccccccc-0000-4000-8000-00000001%04d", i), "new.example")
			one.Market = "nowhere"
			c.Customers = append(c.Customers, one)
		}
		return c
	}
	for n, cause := range map[int]kernel.Cause{1: kernel.InvalidInput, 2: administration.Contradicts, 50: administration.Contradicts, 63: administration.Contradicts} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			_, err := decide(wrong(n), knowing(sample()))
			r := kerneltest.Refused(t, err, cause)
			if n == 1 {
				return
			}
			told := min(n, 50)
			require.Len(t, r.Data, told)
			for i, sentence := range r.Data {
				require.True(t, strings.HasPrefix(sentence, fmt.Sprintf("customers[%d]: market must be", i)), sentence)
				require.Contains(t, r.Message, "\n"+sentence)
			}
			assert.Contains(t, r.Message, fmt.Sprintf("%d things are in the way, so nothing was changed.", n))
			assert.Equal(t, n > told, strings.Contains(r.Message, fmt.Sprintf("\n%d more are not shown.", n-told)), r.Message)
		})
	}
}

// References that lead nowhere are told before any rule is asked about who they would lead to.
func TestReferencesComeFirst(t *testing.T) {
	s := licence(nobody, nobody)
	s.OfferID = ""
	_, err := decide(saying(administration.World{Subscriptions: []subscription.Subscription{s}}), knowing(sample()))
	r := kerneltest.Refused(t, err, kernel.InvalidInput)
	assert.Equal(t, "There is no partner "+nobody+" in the ledger. Add the partner first or correct the id.", r.Message)
}
