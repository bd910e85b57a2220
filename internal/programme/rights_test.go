package programme_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

func TestRightsFollowProgrammeAndRelationship(t *testing.T) {
	partner := func(programs ...programme.Enrolment) programme.Partner { return programme.Partner{Programs: programs} }
	dual := partner(in(programme.DirectBill, programme.Restricted), in(programme.IndirectReseller, programme.Active))
	for name, c := range map[string]struct {
		partner programme.Partner
		with    programme.Dealings
		want    bool
	}{
		"R-416 direct-bill":                                {partner(in(programme.DirectBill, programme.Active)), programme.Dealings{}, true},
		"R-416 a restricted one keeps its rights":          {partner(in(programme.DirectBill, programme.Restricted)), programme.Dealings{}, true},
		"R-416 an inactive one keeps its rights":           {partner(in(programme.DirectBill, programme.Inactive)), programme.Dealings{Bills: true}, true},
		"R-416 a provider":                                 {partner(in(programme.IndirectProvider, programme.Active)), programme.Dealings{}, true},
		"R-416 a reseller has none of them":                {partner(in(programme.IndirectReseller, programme.Active)), programme.Dealings{Resells: true}, false},
		"R-416 nor who once billed":                        {partner(in(programme.DirectBill, programme.Ended), in(programme.IndirectReseller, programme.Active)), programme.Dealings{Accepted: true, Bills: true}, false},
		"R-416 nor who applies":                            {partner(in(programme.DirectBill, programme.InReview)), programme.Dealings{}, false},
		"R-416 nor who is in no programme":                 {partner(), programme.Dealings{}, false},
		"R-416 a dual partner, of nobody":                  {dual, programme.Dealings{}, true},
		"R-416 a dual partner, of its direct customer":     {dual, programme.Dealings{Accepted: true}, true},
		"R-416 a dual partner, of its provider's":          {dual, programme.Dealings{Resells: true}, false},
		"R-416 a dual partner, of one that is both":        {dual, programme.Dealings{Accepted: true, Resells: true}, true},
		"R-416 a dual partner, of one that it still bills": {dual, programme.Dealings{Resells: true, Bills: true}, true},
	} {
		kerneltest.Rule(t, name, func(t *testing.T) { assert.Equal(t, c.want, c.partner.Trades(c.with)) })
	}
}

// who may not is told whom to ask.
func TestWhomToAsk(t *testing.T) {
	reseller := programme.Partner{Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true)}
	dual := programme.Partner{Programs: append(programme.Enrolled(programme.DirectBill, programme.Active, true), reseller.Programs...)}
	for says, refusal := range map[string]error{
		"your indirect provider Fabrikam to do": reseller.AskProvider([]string{"Fabrikam"}),
		"provider A or B or C to do":            reseller.AskProvider([]string{"A", "B", "C", "D"}),
		"the indirect provider that you work":   reseller.AskProvider(nil),
		"You are this customer's":               dual.AskProvider([]string{"Fabrikam"}),
		"no programme in which you bill":        programme.Partner{}.AskProvider(nil),
	} {
		kerneltest.Refused(t, refusal, programme.PartnerNotEnabled)
		assert.ErrorContains(t, refusal, says)
	}
}
