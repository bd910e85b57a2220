package identity_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handover/internal/identity"
)

func TestRolesAreReadAsIssuersWriteThem(t *testing.T) {
	t.Parallel()
	for _, role := range identity.Roles() {
		got, ok := identity.ParseRole(string(role))
		assert.True(t, ok)
		assert.Equal(t, role, got)
	}
	for _, name := range []string{"Admin agents", "admin_agent", "AdminAgents", "ADMIN-AGENT", " adminagent "} {
		got, ok := identity.ParseRole(name)
		assert.True(t, ok, name)
		assert.Equal(t, identity.AdminAgent, got, name)
	}
	for _, name := range []string{"", "s", "Admin", "Agent", "AdminAgentss", "AdminAgentX", "Admin.Agent", "GlobalAdministrator", "billing"} {
		_, ok := identity.ParseRole(name)
		assert.False(t, ok, name)
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	c := identity.Caller{Roles: []identity.Role{identity.SalesAgent, identity.BillingAdmin}}
	assert.True(t, c.Has(identity.AdminAgent, identity.BillingAdmin))
	assert.False(t, c.Has(identity.AdminAgent, identity.GlobalAdmin))
	assert.False(t, c.Has())
	assert.False(t, identity.Caller{}.Has(identity.Roles()...))
}
