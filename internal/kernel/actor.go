package kernel

// Role is who somebody is to one transfer.
type Role string

// The roles. A stranger is a partner that takes no part; to it the transfer does not exist.
const (
	RoleSource   Role = "source"
	RoleTarget   Role = "target"
	RoleStranger Role = "stranger"
	RoleCustomer Role = "customer"
	RolePlatform Role = "platform"
	RoleOperator Role = "operator"
)

// Actor is who gives a command: a partner's user, the platform itself, or an operator of the platform.
type Actor struct {
	PartnerTenantID string `json:"partnerTenantId,omitempty"`
	UserID          string `json:"userId,omitempty"`   // empty when an application acts
	Platform        bool   `json:"platform,omitempty"` // timers and the mover
	Operator        bool   `json:"operator,omitempty"` // a human who runs the platform
}

// Platform is the actor of everything nobody asked for: expiry, item results, closing.
func Platform() Actor { return Actor{Platform: true} }
