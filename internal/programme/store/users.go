package programmestore

// Users of partners, with their roles.

import (
	"strings"
	"time"

	"handover/internal/programme"
	"handover/internal/store"
)

// userOf is one user's row. Whoever changes or leaves gets a row that has ended, which stays: who was written to can be told (I-6).
type userOf struct {
	partner                             string
	position                            int
	id, email                           string
	globalAdmin, adminAgent, salesAgent bool
	ended                               time.Time
}

var users = store.Table[userOf]{
	Name:    "partner_users",
	Columns: `partner_tenant_id text, position integer, user_id text, email text, global_admin boolean, admin_agent boolean, sales_agent boolean, ended_at timestamptz`,
	Fields: func(u *userOf) []any {
		return []any{&u.partner, &u.position, &u.id, &u.email, &u.globalAdmin, &u.adminAgent, &u.salesAgent, (*store.Stamp)(&u.ended)}
	},
}

// rowOf is the row of a partner's user at that place among all that the partner ever had.
func rowOf(partner string, position int, u programme.User) userOf {
	return userOf{
		partner: partner, position: position, id: strings.ToLower(u.UserID), email: u.Email,
		globalAdmin: u.Has(programme.GlobalAdmin), adminAgent: u.Has(programme.AdminAgent), salesAgent: u.Has(programme.SalesAgent),
	}
}

func (u userOf) user() programme.User {
	found := programme.User{UserID: u.id, Email: u.email}
	for _, held := range []struct {
		role programme.Role
		is   bool
	}{{programme.GlobalAdmin, u.globalAdmin}, {programme.AdminAgent, u.adminAgent}, {programme.SalesAgent, u.salesAgent}} {
		if held.is {
			found.Roles = append(found.Roles, held.role)
		}
	}
	return found
}
