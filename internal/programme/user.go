package programme

import (
	"slices"

	"handover/internal/kernel"
)

// Role is what a user may do for a partner (domain section 1.2).
type Role string

// The roles of a partner's users. Only an admin agent creates, submits, cancels and declines transfers, and gets the mail about
// them.
const (
	GlobalAdmin Role = "GlobalAdmin"
	AdminAgent  Role = "AdminAgent"
	SalesAgent  Role = "SalesAgent"
)

// Roles lists every role.
func Roles() []Role { return []Role{GlobalAdmin, AdminAgent, SalesAgent} }

// User is somebody who works for a partner, with at least one role.
type User struct {
	UserID string `json:"userId" yaml:"userId"`
	Email  string `json:"email" yaml:"email"`
	Roles  []Role `json:"roles" yaml:"roles"` // in the order of Roles, each once
}

// Agent is an admin agent with no other role.
func Agent(userID, email string) User {
	return User{UserID: userID, Email: email, Roles: []Role{AdminAgent}}
}

// Has tells whether the user holds the role.
func (u User) Has(role Role) bool { return slices.Contains(u.Roles, role) }

// AdminAgents are the users who act for the partner in transfers, and whom its mail goes to.
func (p Partner) AdminAgents() []User {
	var agents []User
	for _, u := range p.Users {
		if u.Has(AdminAgent) {
			agents = append(agents, u)
		}
	}
	return agents
}

// Admits tells whether the user may act for the partner. No user means an application acts, which is allowed.
func (p Partner) Admits(userID string) bool {
	return userID == "" || slices.ContainsFunc(p.AdminAgents(), func(u User) bool { return kernel.SameID(u.UserID, userID) })
}

// Without is the partner without the user.
func (p Partner) Without(userID string) Partner {
	p.Users = slices.DeleteFunc(slices.Clone(p.Users), func(u User) bool { return kernel.SameID(u.UserID, userID) })
	return p
}

// With is the partner with the user, who takes the place of the one with the same id.
func (p Partner) With(user User) Partner {
	at := slices.IndexFunc(p.Users, func(u User) bool { return kernel.SameID(u.UserID, user.UserID) })
	p.Users = slices.Clone(p.Users)
	if at < 0 {
		p.Users = append(p.Users, user)
	} else {
		p.Users[at] = user
	}
	return p
}
