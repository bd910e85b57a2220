package programme_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/programme"
)

// What a partner is to customers of whom nothing else is told: where it bills before where it does not, and what it is before
// what it was.
func TestTheKindThatFollowsFromProgrammes(t *testing.T) {
	direct, provider, reseller := programme.DirectBill, programme.IndirectProvider, programme.IndirectReseller
	for name, c := range map[string]struct {
		programs []programme.Enrolment
		want     programme.RelationshipKind
		may      []programme.RelationshipKind
	}{
		"direct-bill":                    {[]programme.Enrolment{in(direct, programme.Inactive)}, programme.DirectCustomer, []programme.RelationshipKind{programme.DirectCustomer}},
		"a provider":                     {[]programme.Enrolment{in(provider, programme.Active)}, programme.ProviderCustomer, []programme.RelationshipKind{programme.ProviderCustomer}},
		"a reseller":                     {[]programme.Enrolment{in(reseller, programme.Active)}, programme.ResellerCustomer, []programme.RelationshipKind{programme.ResellerCustomer}},
		"direct-bill and reseller":       {[]programme.Enrolment{in(reseller, programme.Active), in(direct, programme.Restricted)}, programme.DirectCustomer, []programme.RelationshipKind{programme.DirectCustomer, programme.ResellerCustomer}},
		"once direct-bill, reseller now": {[]programme.Enrolment{in(direct, programme.Ended), in(reseller, programme.Active)}, programme.ResellerCustomer, []programme.RelationshipKind{programme.DirectCustomer, programme.ResellerCustomer}},
		"once direct-bill, nothing now":  {[]programme.Enrolment{in(direct, programme.Ended)}, programme.DirectCustomer, []programme.RelationshipKind{programme.DirectCustomer}},
		"nothing":                        {nil, "", nil},
	} {
		p := programme.Partner{Programs: c.programs}
		assert.Equal(t, c.want, p.Kind(), name)
		var may []programme.RelationshipKind
		for _, kind := range []programme.RelationshipKind{programme.DirectCustomer, programme.ProviderCustomer, programme.ResellerCustomer, "friend"} {
			if p.May(kind) {
				may = append(may, kind)
			}
		}
		assert.Equal(t, c.may, may, name)
	}
}

// a reseller is accepted together with its provider, and in no other way.
func TestWhatIsAcceptedJointly(t *testing.T) {
	for _, c := range []struct {
		of    programme.Relationship
		joint bool
	}{
		{programme.Relationship{Kind: programme.DirectCustomer}, false},
		{programme.Relationship{Kind: programme.ProviderCustomer}, false},
		{programme.Relationship{Kind: programme.ProviderCustomer, Counterpart: "reseller"}, true},
		{programme.Relationship{Kind: programme.ResellerCustomer, Counterpart: "provider"}, true},
		{programme.Relationship{Kind: programme.ResellerCustomer}, true},
	} {
		assert.Equal(t, c.joint, c.of.Joint(), c.of)
	}
}
