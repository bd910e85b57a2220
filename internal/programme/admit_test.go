package programme_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handover/internal/programme"
)

func reseller() programme.Partner {
	return programme.Partner{
		TenantID: "aaaaaaaa-0000-4000-8000-000000000009", Name: "Alpine", MPNID: "9", Market: "DE", Currency: "EUR", Locale: "de-DE",
		Programs: programme.Enrolled(programme.IndirectReseller, programme.Active, true),
		Users:    []programme.User{programme.Agent("eeeeeeee-0000-4000-8000-000000000901", "kim@alpine.example")},
	}
}

// What hangs on a reseller or a provider keeps it from leaving its programme, or from another PartnerID.
func TestWhatKeepsAPartnerInItsProgramme(t *testing.T) {
	t.Parallel()
	left := func(p programme.Partner) programme.Partner {
		p.Programs = programme.Enrolled(p.Programs[0].Program, programme.Ended, true)
		return p
	}
	provider := reseller()
	provider.Programs = programme.Enrolled(programme.IndirectProvider, programme.Active, true)
	renumbered := reseller()
	renumbered.MPNID = "10"
	for name, c := range map[string]struct {
		was, next programme.Partner
		facts     programme.PartnerFacts
		refused   bool
	}{
		"nothing hangs on it":           {reseller(), left(reseller()), programme.PartnerFacts{}, false},
		"it works under a provider":     {reseller(), left(reseller()), programme.PartnerFacts{Resells: true}, true},
		"it is credited":                {reseller(), left(reseller()), programme.PartnerFacts{Credited: true}, true},
		"credited by another PartnerID": {reseller(), renumbered, programme.PartnerFacts{Credited: true}, true},
		"nobody credits it":             {reseller(), renumbered, programme.PartnerFacts{}, false},
		"resellers work under it":       {provider, left(provider), programme.PartnerFacts{Provides: true}, true},
		"a transfer is open":            {provider, left(provider), programme.PartnerFacts{OpenIn: "t"}, true},
	} {
		c.facts.Was = &c.was
		err := programme.AdmitPartner(c.next, c.facts)
		if c.refused {
			require.ErrorIs(t, err, programme.InUse, name)
		} else {
			require.NoError(t, err, name)
		}
	}
	require.ErrorIs(t, programme.CheckEndOfPartnership(programme.Partnership{}, true), programme.InUse)
	require.NoError(t, programme.CheckEndOfPartnership(programme.Partnership{}, false))
}

// nobody leaves a programme by not being named in it, and what was not told of one stays.
func TestAPartnerKeepsWhatIsNotTold(t *testing.T) {
	t.Parallel()
	was := reseller()
	was.Programs[0].Since = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	was.Programs[0].Contact = programme.EnrolmentContact{Name: "Kim", Email: "kim@alpine.example"}
	said := reseller()
	said.Programs = append(programme.Enrolled(programme.DirectBill, programme.Restricted, false), programme.Enrolled(programme.IndirectReseller, programme.Inactive, true)...)
	next := said.Over(was)
	require.Equal(t, programme.Restricted, next.Programs[0].Status)
	require.Equal(t, programme.Inactive, next.Programs[1].Status)
	require.Equal(t, was.Programs[0].Contact, next.Programs[1].Contact)
	require.Equal(t, was.Programs[0].Since, next.Programs[1].Since)
	said.Programs = said.Programs[:1]
	require.Len(t, said.Over(was).Programs, 2)
	require.True(t, programme.SamePartner(was, was.Over(was)))
}
