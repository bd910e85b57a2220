package administration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/administration"
	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

// a relationship is of a kind, once while it lasts; the kind that nobody names is that of the partner's programmes.
func TestRelationships(t *testing.T) {
	relate := func(all ...programme.Relationship) administration.Changes {
		return saying(administration.World{Relationships: all})
	}
	direct := programme.Relationship{PartnerTenantID: northwind, CustomerTenantID: contoso}
	named := direct
	named.Kind = programme.DirectCustomer

	t.Run("said twice in one command", func(t *testing.T) {
		_, err := decide(relate(direct, named), knowing(sample()))
		assert.Contains(t, kerneltest.Refused(t, err, kernel.InvalidInput).Message, "is given twice")
	})
	t.Run("new, with what was left out", func(t *testing.T) {
		f := knowing(sample())
		delete(f.Relationships, named.Key())
		want := named
		want.Origin = programme.FromOperator
		assert.Equal(t, []administration.Step[programme.Relationship]{{Outcome: administration.New, Is: want}}, decided(t, relate(direct), f).Relationships)
	})
	t.Run("a right that is not named is none, and who, how and since when stay", func(t *testing.T) {
		f := knowing(sample())
		was := programme.Relationship{
			PartnerTenantID: alpine, CustomerTenantID: contoso, Kind: programme.ResellerCustomer, Counterpart: fabrikam, Origin: programme.FromCreation,
			AdminRights: true, LocalReseller: true, Since: now.Add(-time.Hour), Invitation: "i",
		}
		f.Relationships[was.Key()] = was
		is := was
		is.AdminRights, is.LocalReseller = false, false
		said := programme.Relationship{PartnerTenantID: alpine, CustomerTenantID: contoso}
		assert.Equal(t, []administration.Step[programme.Relationship]{{Outcome: administration.Changed, Was: was, Is: is}}, decided(t, relate(said), f).Relationships)
	})
}

// Who parts ends what lasts between the two, or the kind that is named; what does not last, or was ended before in the command, is no mistake.
func TestEndsOfRelationships(t *testing.T) {
	both := sample()
	both.Partners[isFabrikam].Programs = append(both.Partners[isFabrikam].Programs, programme.Enrolled(programme.DirectBill, programme.Active, true)...)
	both.Relationships[1].Kind = programme.ProviderCustomer
	both.Relationships = append(both.Relationships, programme.Relationship{PartnerTenantID: fabrikam, CustomerTenantID: contoso, Kind: programme.DirectCustomer})
	of := func(kind programme.RelationshipKind) programme.Relationship {
		return programme.Relationship{PartnerTenantID: fabrikam, CustomerTenantID: contoso, Kind: kind}
	}
	for name, c := range map[string]struct {
		ends  []programme.Relationship
		ended []programme.RelationshipKind
		same  int
	}{
		"all of it":               {[]programme.Relationship{of("")}, []programme.RelationshipKind{programme.DirectCustomer, programme.ProviderCustomer}, 0},
		"one kind":                {[]programme.Relationship{of(programme.ProviderCustomer)}, []programme.RelationshipKind{programme.ProviderCustomer}, 0},
		"one kind, then the rest": {[]programme.Relationship{of(programme.ProviderCustomer), of("")}, []programme.RelationshipKind{programme.ProviderCustomer, programme.DirectCustomer}, 0},
		"all of it twice":         {[]programme.Relationship{of(""), of("")}, []programme.RelationshipKind{programme.DirectCustomer, programme.ProviderCustomer}, 1},
		"what is not":             {[]programme.Relationship{of(programme.ResellerCustomer)}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			plan := decided(t, administration.Changes{EndedRelationships: c.ends}, knowing(both))
			var ended []programme.RelationshipKind
			for _, step := range plan.Relationships {
				require.Equal(t, administration.Ended, step.Outcome)
				require.Equal(t, step.Was, step.Is)
				ended = append(ended, step.Is.Kind)
			}
			assert.Equal(t, c.ended, ended)
			assert.Equal(t, []administration.Count{{Kind: administration.Relationships, Ended: len(ended), Same: c.same}}, plan.Applied.Counts)
		})
	}
}

// an agreement keeps who accepted it and which text, whatever else is told; each mode is one of its own.
func TestAgreements(t *testing.T) {
	f := knowing(sample())
	was := programme.Agreement{
		PartnerTenantID: northwind, CustomerTenantID: contoso, Mode: programme.Attestation, DateAgreed: now, TemplateID: programme.CustomerAgreementTemplate,
		Contact: programme.Contact{FirstName: "Ada", LastName: "Byron", Email: "ada@contoso.example"}, AttestedBy: "u",
	}
	f.Agreements[administration.KeyOf(was)] = was
	redated := was
	redated.DateAgreed = now.Add(-time.Hour)
	direct := programme.Agreement{PartnerTenantID: northwind, CustomerTenantID: contoso, Mode: programme.DirectSign}
	undated := programme.Agreement{PartnerTenantID: northwind, CustomerTenantID: contoso, Mode: programme.Attestation}
	dated := undated
	dated.DateAgreed = redated.DateAgreed
	for name, c := range map[string]struct {
		said programme.Agreement
		want []administration.Step[programme.Agreement]
	}{
		"without a date": {undated, nil},
		"another date":   {dated, []administration.Step[programme.Agreement]{{Outcome: administration.Changed, Was: was, Is: redated}}},
		"another mode":   {direct, []administration.Step[programme.Agreement]{{Outcome: administration.New, Is: direct}}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, decided(t, saying(administration.World{Agreements: []programme.Agreement{c.said}}), f).Agreements)
		})
	}
	unknown := undated
	unknown.Mode = "handshake"
	judged(t, saying(administration.World{Agreements: []programme.Agreement{unknown}}), f, kernel.UnknownEnum)
}

// a partnership begins and ends once, however often one command says so.
func TestPartnerships(t *testing.T) {
	p := programme.Partnership{ProviderTenantID: fabrikam, ResellerTenantID: alpine}
	ends := administration.Changes{EndedPartnerships: []programme.Partnership{p, p}}
	plan := decided(t, ends, knowing(sample()))
	assert.Equal(t, []administration.Step[programme.Partnership]{{Outcome: administration.Ended, Was: p, Is: p}}, plan.Partnerships)
	assert.Equal(t, []administration.Count{{Kind: administration.Partnerships, Ended: 1, Same: 1}}, plan.Applied.Counts)

	f := knowing(sample())
	delete(f.Partnerships, p.Pair())
	assert.False(t, decided(t, ends, f).Applied.Writes())
	begins := decided(t, saying(administration.World{Partnerships: []programme.Partnership{p}}), f)
	require.Len(t, begins.Partnerships, 1)
	assert.Equal(t, administration.New, begins.Partnerships[0].Outcome)
}
