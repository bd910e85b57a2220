package identity

import (
	"slices"
	"strings"
)

// Role is what somebody may do for their tenant, as Partner Center names it (section 1.2).
type Role string

// The roles that mean something here. An issuer may give others, which count for nothing.
const (
	AdminAgent    Role = "AdminAgent"
	SalesAgent    Role = "SalesAgent"
	HelpdeskAgent Role = "HelpdeskAgent"
	BillingAdmin  Role = "BillingAdmin"
	GlobalAdmin   Role = "GlobalAdmin"
)

// Operator is the role of those who run the platform, in their own tenant. No partner has it: what a partner's token calls by that
// name counts as another role, which means nothing here.
const Operator Role = "Operator"

// Roles lists every role that partners have.
func Roles() []Role {
	return []Role{AdminAgent, SalesAgent, HelpdeskAgent, BillingAdmin, GlobalAdmin}
}

// ParseRole reads a role as issuers write it: in any case, in one word or with spaces, '_' or '-' between, in the singular
// or the plural ("Admin agents", "admin_agent", "AdminAgents"). It is false for any other name.
func ParseRole(name string) (Role, bool) {
	name = strings.NewReplacer(" ", "", "_", "", "-", "").Replace(name)
	for _, role := range Roles() {
		if strings.EqualFold(name, string(role)) || strings.EqualFold(name, string(role)+"s") {
			return role, true
		}
	}
	return "", false
}

// Caller is who brings a token.
type Caller struct {
	TenantID      string   // a GUID in lower case
	UserID        string   // the same; empty when an application acts
	PrincipalName string   // by which people know the user, where the token says it; decides nothing
	ApplicationID string   // as the issuer names it; may be empty
	Roles         []Role   // each once, in the order of Roles
	OtherRoles    []string // what else the issuer names, as it writes it; a deployment may give one a meaning
}

// Has tells whether the caller holds one of the roles.
func (c Caller) Has(anyOf ...Role) bool {
	return slices.ContainsFunc(anyOf, func(r Role) bool { return slices.Contains(c.Roles, r) })
}
