package main

import (
	"context"
	"fmt"
	"strings"

	"handover/internal/transfer"
)

// parseActor reads --as: PARTNER or PARTNER/USER. Nothing stays nobody.
func parseActor(text string) (transfer.Actor, error) {
	if text == "" {
		return transfer.Actor{}, nil
	}
	partner, user, withUser := strings.Cut(text, "/")
	partner, err := transfer.ParseID("the partner of --as", partner)
	if err != nil {
		return transfer.Actor{}, err
	}
	actor := transfer.Actor{PartnerTenantID: partner}
	if withUser {
		actor.UserID, err = transfer.ParseID("the user of --as", user)
	}
	return actor, err
}

// party is who acts on the transfer: whoever --as names, else the party whose command it is.
func (c *cli) party(ctx context.Context, service transfers, role transfer.Role) (transfer.Actor, error) {
	if c.as != "" {
		return c.acting, nil
	}
	snapshot, err := service.Get(ctx, c.id)
	if err != nil {
		return transfer.Actor{}, err
	}
	name, tenant := snapshot.Transfer.TargetPartnerName, snapshot.Transfer.TargetPartnerTenantID
	if role == transfer.RoleSource {
		name, tenant = snapshot.Transfer.SourcePartnerName, snapshot.Transfer.SourcePartnerTenantID
	}
	c.tell(fmt.Sprintf("Acting as the %s, %s (%s); --as names somebody else.", role, name, tenant))
	return transfer.Actor{PartnerTenantID: tenant}, nil
}

// operator is who gives a line item up. --as says which user it was, by the partner's id when it names no user.
func (c *cli) operator() transfer.Actor {
	user := c.acting.UserID
	if user == "" {
		user = c.acting.PartnerTenantID
	}
	return transfer.Actor{Operator: true, UserID: user}
}
