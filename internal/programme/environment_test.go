package programme_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handover/internal/kernel"
	"handover/internal/kernel/kerneltest"
	"handover/internal/programme"
)

func tenant(environment programme.Environment, programs ...programme.Enrolment) *programme.Partner {
	return &programme.Partner{TenantID: targetID, Programs: programs, Environment: environment}
}

func direct(as programme.Status) []programme.Enrolment {
	return programme.Enrolled(programme.DirectBill, as, true)
}

func TestRulesOfSandboxes(t *testing.T) {
	for name, c := range map[string]struct {
		owner *programme.Partner
		cause kernel.Cause
	}{
		"R-255 an active direct-bill partner gets a sandbox": {tenant(programme.Production, direct(programme.Active)...), ""},
		"R-255 nobody else does: a provider":                 {tenant(programme.Production, programme.Enrolled(programme.IndirectProvider, programme.Active, true)...), programme.PartnerNotEnabled},
		"R-255 nor who left direct-bill":                     {tenant(programme.Production, direct(programme.Ended)...), programme.PartnerNotEnabled},
		"R-255 nor who is not let in yet":                    {tenant(programme.Production, direct(programme.Approved)...), programme.PartnerNotEnabled},
		"R-255 nor a sandbox":                                {tenant(programme.Sandbox, direct(programme.Active)...), programme.WrongEnvironment},
		"R-255 nor who is unknown":                           {nil, programme.PartnerUnknown},
		"R-421 who is restricted gets none":                  {tenant(programme.Production, direct(programme.Restricted)...), programme.ProgramNotActive},
		"R-421 nor who is inactive":                          {tenant(programme.Production, direct(programme.Inactive)...), programme.ProgramNotActive},
	} {
		kerneltest.Rule(t, name, func(t *testing.T) { judged(t, programme.CheckSandbox(c.owner), c.cause) })
	}
	kerneltest.Rule(t, "R-255 a sandbox that is gone takes part in nothing", func(t *testing.T) {
		p := tenant(programme.Sandbox, direct(programme.Active)...)
		require.True(t, p.Bills() && p.TakesOn() && p.In(programme.DirectBill))
		p.SandboxGone = true
		assert.False(t, p.Bills() || p.TakesOn() || p.In(programme.DirectBill) || p.SignedToTakeOn())
	})
}

// judged requires that the rule says this, and no more.
func judged(t *testing.T, err error, cause kernel.Cause) {
	t.Helper()
	if cause == "" {
		require.NoError(t, err)
		return
	}
	kerneltest.Refused(t, err, cause)
}

func TestRulesOfRelationshipsOfASandbox(t *testing.T) {
	here, there := &programme.Customer{TenantID: customerID, Environment: programme.Sandbox}, &programme.Customer{TenantID: customerID}
	box := tenant(programme.Sandbox, direct(programme.Active)...)
	gone := *box
	gone.SandboxGone = true
	for name, c := range map[string]struct {
		partner  *programme.Partner
		customer *programme.Customer
		cause    kernel.Cause
	}{
		"R-271 a sandbox makes a relationship by itself":         {box, here, ""},
		"R-271 a reseller's does, too":                           {tenant(programme.Sandbox, programme.Enrolled(programme.IndirectReseller, programme.Active, true)...), here, ""},
		"R-271 production does not":                              {tenant(programme.Production, direct(programme.Active)...), here, programme.WrongEnvironment},
		"R-271 nor with a customer of its own":                   {tenant(programme.Production, direct(programme.Active)...), there, programme.WrongEnvironment},
		"R-110 a customer in production is unknown in a sandbox": {box, there, programme.CustomerUnknown},
		"R-110 as is one that does not exist":                    {box, nil, programme.CustomerUnknown},
		"R-46 only an active partner takes on customers":         {tenant(programme.Sandbox, direct(programme.Restricted)...), here, programme.ProgramNotActive},
		"R-255 a sandbox that is gone takes on none":             {&gone, here, programme.ProgramNotActive},
		"R-44 a partner must be known":                           {nil, here, programme.PartnerUnknown},
	} {
		kerneltest.Rule(t, name, func(t *testing.T) {
			judged(t, programme.CheckSandboxRelationship(customerID, programme.SandboxRelationshipFacts{Partner: c.partner, Customer: c.customer}), c.cause)
		})
	}
	unknown := programme.CheckSandboxRelationship(customerID, programme.SandboxRelationshipFacts{Partner: box})
	assert.Equal(t, unknown, programme.CheckSandboxRelationship(customerID, programme.SandboxRelationshipFacts{Partner: box, Customer: there}), "word for word")
}

// a PartnerID stands for a partner of one's own environment.
func TestCreditedInTheirEnvironment(t *testing.T) {
	real, box := programme.Partner{TenantID: "real", MPNID: "1"}, programme.Partner{TenantID: "box", MPNID: "1", Environment: programme.Sandbox}
	for _, among := range [][]programme.Partner{{real, box}, {box, real}} {
		assert.Equal(t, "real", programme.Credited(among, "1", programme.Production).TenantID)
		assert.Equal(t, "box", programme.Credited(among, "1", programme.Sandbox).TenantID)
	}
	assert.Nil(t, programme.Credited([]programme.Partner{box}, "1", programme.Production))
}
