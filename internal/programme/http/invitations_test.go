package programmehttp

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/programme"
)

type partnersOf struct {
	Records
	providers []programme.Partner
}

func (p partnersOf) Partnerships(context.Context, string, programme.Program) ([]programme.Partner, error) {
	return p.providers, nil
}

// whose joint invitation it is with one provider, with several, with none.
func TestProviderOfAJointInvitation(t *testing.T) {
	one, two := "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000005"
	for name, c := range map[string]struct {
		works []string
		named string
		want  string
		cause kernel.Cause
	}{
		"the only one need not be named":  {works: []string{one}, want: one},
		"it may be":                       {works: []string{one}, named: one, want: one},
		"one of several":                  {works: []string{one, two}, named: two, want: two},
		"several, none named":             {works: []string{one, two}, cause: kernel.InvalidInput},
		"none yet":                        {cause: programme.PartnerNotEnabled},
		"somebody whom it works not with": {works: []string{one}, named: two, cause: programme.PartnerUnknown},
	} {
		var records partnersOf
		for _, id := range c.works {
			records.providers = append(records.providers, programme.Partner{TenantID: id})
		}
		got, err := New(records, Invitations{}).jointProvider(t.Context(), programme.Partner{}, c.named)
		if c.cause != "" {
			require.ErrorIs(t, err, c.cause, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}

// which invitation a partner may ask for, by the programmes that it takes part in.
func TestWhoMayInviteHow(t *testing.T) {
	enrolled := func(direct, reseller programme.Status) programme.Partner {
		return programme.Partner{Programs: append(programme.Enrolled(programme.DirectBill, direct, true), programme.Enrolled(programme.IndirectReseller, reseller, true)...)}
	}
	only := func(in programme.Program, as programme.Status) programme.Partner {
		return programme.Partner{Programs: programme.Enrolled(in, as, true)}
	}
	for name, c := range map[string]struct {
		partner     programme.Partner
		joint, asks bool // it is the joint invitation; it, or a provider, was asked for
		cause       kernel.Cause
	}{
		"a provider":                                 {only(programme.IndirectProvider, programme.Active), false, false, ""},
		"a provider asks for the joint one":          {only(programme.IndirectProvider, programme.Active), false, true, programme.PartnerNotEnabled},
		"a restricted direct-bill partner":           {only(programme.DirectBill, programme.Restricted), false, false, programme.ProgramNotActive},
		"an inactive direct-bill partner":            {only(programme.DirectBill, programme.Inactive), false, false, programme.ProgramNotActive},
		"whose direct-bill is over":                  {only(programme.DirectBill, programme.Ended), false, false, programme.PartnerNotEnabled},
		"a reseller":                                 {only(programme.IndirectReseller, programme.Active), true, false, ""},
		"an inactive reseller":                       {only(programme.IndirectReseller, programme.Inactive), true, true, programme.ProgramNotActive},
		"a dual partner, by itself":                  {enrolled(programme.Active, programme.Active), false, false, ""},
		"a dual partner, with its provider":          {enrolled(programme.Active, programme.Active), true, true, ""},
		"a restricted dual partner, by itself":       {enrolled(programme.Restricted, programme.Active), false, false, programme.ProgramNotActive},
		"a restricted dual partner, with another":    {enrolled(programme.Restricted, programme.Active), true, true, ""},
		"a dual partner names a provider only":       {enrolled(programme.Active, programme.Active), false, true, kernel.InvalidInput},
		"approved as reseller is not yet a reseller": {enrolled(programme.Active, programme.Approved), false, true, programme.PartnerNotEnabled},
	} {
		err := mayInvite(c.partner, c.joint, c.asks)
		if c.cause == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.cause, name)
	}
}

// what is told of each programme, and nothing that nobody said.
func TestProgramsAreToldSideBySide(t *testing.T) {
	at := time.Date(2031, time.March, 7, 10, 0, 0, 0, time.UTC)
	held := programme.Partner{Programs: []programme.Enrolment{
		{Program: programme.DirectBill, Status: programme.Restricted, Agreement: programme.Acceptance{Given: true}},
		{
			Program: programme.IndirectReseller, Status: programme.Active, Since: at, Contact: programme.EnrolmentContact{Name: "Pia", Email: "pia@p.example"},
			Agreement: programme.Acceptance{Given: true, TemplateID: "t", At: at}, AccessEndsAt: at,
		},
		{Program: programme.IndirectProvider, Status: programme.Rejected, Decision: programme.Decision{Reason: "too small"}},
	}}
	told, err := New(nil, Invitations{}).listPrograms(context.WithValue(t.Context(), admittedKey{}, admitted{partner: held}), nil)
	require.NoError(t, err)
	wire, err := json.Marshal(told.Body)
	require.NoError(t, err)
	assert.JSONEq(t, `[
		{"program": "direct-bill", "status": "restricted", "agreement": {}, "attributes": {"objectType": "Program"}},
		{"program": "indirect-reseller", "status": "active", "since": "2031-03-07T10:00:00Z", "contact": {"name": "Pia", "email": "pia@p.example"},
			"agreement": {"templateId": "t", "acceptedAt": "2031-03-07T10:00:00Z"}, "accessEndsOn": "2031-03-07", "attributes": {"objectType": "Program"}},
		{"program": "indirect-provider", "status": "rejected", "rejectReason": "too small", "attributes": {"objectType": "Program"}}
	]`, string(wire))
}
