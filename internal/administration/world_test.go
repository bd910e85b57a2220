package administration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
	"handover/internal/subscription"
)

func TestRulesOfWorlds(t *testing.T) {
	kerneltest.Rule(t, "R-105 ids are kept in lower case, whoever wrote them how", func(t *testing.T) {
		loud := administration.Changes{World: sample()}
		up := func(ids ...*string) {
			for _, id := range ids {
				*id = strings.ToUpper(*id)
			}
		}
		for i := range loud.Partners {
			up(&loud.Partners[i].TenantID, &loud.Partners[i].SandboxOf, &loud.Partners[i].Users[0].UserID)
		}
		for i := range loud.Customers {
			up(&loud.Customers[i].TenantID)
		}
		for i := range loud.Relationships {
			up(&loud.Relationships[i].PartnerTenantID, &loud.Relationships[i].CustomerTenantID, &loud.Relationships[i].Counterpart)
		}
		up(&loud.Agreements[0].PartnerTenantID, &loud.Agreements[0].CustomerTenantID, &loud.Partnerships[0].ProviderTenantID, &loud.Partnerships[0].ResellerTenantID)
		for i := range loud.Subscriptions {
			s := &loud.Subscriptions[i]
			up(&s.ID, &s.LineageID, &s.CustomerTenantID, &s.PartnerTenantID, &s.ParentID)
		}
		loud.EndedRelationships, loud.EndedPartnerships = loud.Relationships, loud.Partnerships
		quiet := loud.Normal()
		assert.Equal(t, sample(), quiet.World)
		assert.Equal(t, sample().Relationships, quiet.EndedRelationships)
		assert.Equal(t, sample().Partnerships, quiet.EndedPartnerships)
		assert.Equal(t, strings.ToUpper(northwind), loud.Partners[isNorthwind].TenantID, "the caller's stays as it is")
		assert.NotEqual(t, sample().Partners[isNorthwind].Users[0].UserID, loud.Partners[isNorthwind].Users[0].UserID, "down to its users")
	})
	kerneltest.Rule(t, "R-105 one command is short", func(t *testing.T) {
		most := administration.Changes{World: administration.World{
			Partners: make([]programme.Partner, 10_000), Customers: make([]programme.Customer, 10_000), Relationships: make([]programme.Relationship, 10_000),
			Agreements: make([]programme.Agreement, 5_000), Partnerships: make([]programme.Partnership, 5_000), Subscriptions: make([]subscription.Subscription, 5_000),
		}, EndedRelationships: make([]programme.Relationship, 2_500), EndedPartnerships: make([]programme.Partnership, 2_500)}
		require.NoError(t, most.CheckSize())
		for name, more := range map[string]func(*administration.Changes){
			"partner":      func(c *administration.Changes) { c.Partners = append(c.Partners, programme.Partner{}) },
			"customer":     func(c *administration.Changes) { c.Customers = append(c.Customers, programme.Customer{}) },
			"relationship": func(c *administration.Changes) { c.Relationships = append(c.Relationships, programme.Relationship{}) },
			"agreement":    func(c *administration.Changes) { c.Agreements = append(c.Agreements, programme.Agreement{}) },
			"partnership":  func(c *administration.Changes) { c.Partnerships = append(c.Partnerships, programme.Partnership{}) },
			"subscription": func(c *administration.Changes) {
				c.Subscriptions = append(c.Subscriptions, subscription.Subscription{})
			},
			"end of a relationship": func(c *administration.Changes) {
				c.EndedRelationships = append(c.EndedRelationships, programme.Relationship{})
			},
			"end of a partnership": func(c *administration.Changes) {
				c.EndedPartnerships = append(c.EndedPartnerships, programme.Partnership{})
			},
		} {
			c := most
			more(&c)
			r := kerneltest.Refused(t, c.CheckSize(), administration.TooMany)
			assert.Contains(t, r.Message, "50000 records; this one has 50001", name)
		}
	})
	kerneltest.Rule(t, "R-434 what has ended is billed to nobody, and begins its own lineage all the same", func(t *testing.T) {
		over := licence(base, northwind)
		over.Status = subscription.Expired
		w := administration.World{Subscriptions: []subscription.Subscription{over, licence(addon, northwind)}}.Normal()
		for i, billed := range []bool{false, true} {
			s := w.Subscriptions[i]
			assert.Equal(t, billed, s.Billed)
			assert.Equal(t, s.ID, s.LineageID)
			assert.True(t, s.Listed)
		}
	})
}
