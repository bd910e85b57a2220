package programme_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

// in is a part in a programme, signed where the status says that something was.
func in(program programme.Program, status programme.Status) programme.Enrolment {
	signed := status != programme.InReview && status != programme.Approved && status != programme.Rejected
	return programme.Enrolled(program, status, signed)[0]
}

// standing is what rules ask of a partner.
type standing struct{ bills, takesOn, signed, isProvider, isReseller, credited bool }

func standingOf(p programme.Partner) standing {
	return standing{
		bills: p.Bills(), takesOn: p.TakesOn(), signed: p.SignedToTakeOn(), isProvider: p.In(programme.IndirectProvider),
		isReseller: p.In(programme.IndirectReseller), credited: p.ActiveIn(programme.IndirectReseller) && p.SignedIn(programme.IndirectReseller),
	}
}

func TestAPartnerHoldsASetOfProgrammes(t *testing.T) {
	direct, provider, reseller := programme.DirectBill, programme.IndirectProvider, programme.IndirectReseller
	for name, c := range map[string]struct {
		programs []programme.Enrolment
		want     standing
	}{
		"R-410 direct-bill alone": {[]programme.Enrolment{in(direct, programme.Active)}, standing{bills: true, takesOn: true, signed: true}},
		"R-410 a provider alone":  {[]programme.Enrolment{in(provider, programme.Active)}, standing{bills: true, takesOn: true, signed: true, isProvider: true}},
		"R-410 a reseller alone":  {[]programme.Enrolment{in(reseller, programme.Active)}, standing{isReseller: true, credited: true}},
		"R-410 restricted direct-bill and reseller": {[]programme.Enrolment{in(direct, programme.Restricted), in(reseller, programme.Active)},
			standing{bills: true, isReseller: true, credited: true}},
		"R-410 active direct-bill, reseller to be": {[]programme.Enrolment{in(direct, programme.Active), in(reseller, programme.Approved)},
			standing{bills: true, takesOn: true, signed: true}},
		"R-410 direct-bill that is over, and reseller": {[]programme.Enrolment{in(direct, programme.Ended), in(reseller, programme.Active)},
			standing{isReseller: true, credited: true}},
		"R-410 direct-bill, and reseller that is overridden": {[]programme.Enrolment{in(direct, programme.Active), in(reseller, programme.Overridden)},
			standing{bills: true, takesOn: true, signed: true}},
		"R-410 signed as reseller only": {[]programme.Enrolment{programme.Enrolled(direct, programme.Active, false)[0], in(reseller, programme.Active)},
			standing{bills: true, takesOn: true, isReseller: true, credited: true}},
		"R-410 no programme":                   {nil, standing{}},
		"R-410 a status nobody knows":          {[]programme.Enrolment{in(direct, "dormant")}, standing{}},
		"R-401 an inactive partner bills":      {[]programme.Enrolment{in(direct, programme.Inactive)}, standing{bills: true}},
		"R-401 a restricted provider bills":    {[]programme.Enrolment{in(provider, programme.Restricted)}, standing{bills: true, isProvider: true}},
		"R-401 who applies does not":           {[]programme.Enrolment{in(direct, programme.InReview)}, standing{}},
		"R-401 nor who was rejected":           {[]programme.Enrolment{in(direct, programme.Rejected)}, standing{}},
		"R-410 an inactive reseller stays one": {[]programme.Enrolment{in(reseller, programme.Inactive)}, standing{isReseller: true}},
		"R-410 inactive provider, active reseller": {[]programme.Enrolment{in(provider, programme.Inactive), in(reseller, programme.Active)},
			standing{bills: true, isProvider: true, isReseller: true, credited: true}},
	} {
		kerneltest.Rule(t, name, func(t *testing.T) {
			assert.Equal(t, c.want, standingOf(programme.Partner{Programs: c.programs}))
		})
	}
}

func TestStandingWhereThePlatformBills(t *testing.T) {
	for name, c := range map[string]struct {
		programs []programme.Enrolment
		want     programme.Status
	}{
		"R-410 of the programme that bills": {[]programme.Enrolment{in(programme.DirectBill, programme.Restricted), in(programme.IndirectReseller, programme.Active)}, programme.Restricted},
		"R-410 of the better one of two":    {[]programme.Enrolment{in(programme.DirectBill, programme.Active), in(programme.IndirectProvider, programme.Inactive)}, programme.Active},
		"R-410 none where nothing bills":    {[]programme.Enrolment{in(programme.IndirectReseller, programme.Active)}, ""},
		"R-410 none of one that is over":    {[]programme.Enrolment{in(programme.DirectBill, programme.Ended)}, ""},
	} {
		kerneltest.Rule(t, name, func(t *testing.T) {
			assert.Equal(t, c.want, programme.Partner{Programs: c.programs}.Standing())
		})
	}
}

// an agreement is signed for each programme that the partner was let into.
func TestWhetherAllIsSigned(t *testing.T) {
	direct := in(programme.DirectBill, programme.Restricted)
	for name, c := range map[string]struct {
		programs []programme.Enrolment
		want     bool
	}{
		"one":                     {[]programme.Enrolment{direct}, true},
		"not that one":            {programme.Enrolled(programme.DirectBill, programme.Active, false), false},
		"the second is approved":  {[]programme.Enrolment{direct, in(programme.IndirectReseller, programme.Approved)}, false},
		"the second is signed":    {[]programme.Enrolment{direct, in(programme.IndirectReseller, programme.Active)}, true},
		"the second is in review": {[]programme.Enrolment{direct, in(programme.IndirectReseller, programme.InReview)}, true},
		"the first is over":       {[]programme.Enrolment{programme.Enrolled(programme.DirectBill, programme.Ended, false)[0], in(programme.IndirectReseller, programme.Active)}, true},
		"in none, nothing is":     {nil, false},
	} {
		assert.Equal(t, c.want, programme.Partner{Programs: c.programs}.SignedAll(), name)
	}
}
