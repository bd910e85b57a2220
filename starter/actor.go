package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	osuser "os/user"
	"strings"

	"handover/internal/kernel"
	"handover/internal/transfer"
	"handover/internal/transferclient"
)

// parseActor reads --as: PARTNER or PARTNER/USER. Nothing stays nobody.
func parseActor(text string) (kernel.Actor, error) {
	if text == "" {
		return kernel.Actor{}, nil
	}
	partner, user, withUser := strings.Cut(text, "/")
	partner, err := kernel.ParseID("the partner of --as", partner)
	if err != nil {
		return kernel.Actor{}, err
	}
	actor := kernel.Actor{PartnerTenantID: partner}
	if withUser {
		actor.UserID, err = kernel.ParseID("the user of --as", user)
	}
	return actor, err
}

// party is who acts on the transfer: whoever --as names, else the party whose command it is. A run that somebody ended
// still says who that is.
func (c *cli) party(ctx context.Context, service transfers, role kernel.Role) (kernel.Actor, error) {
	if c.as != "" {
		return c.acting, nil
	}
	snapshot, err := service.Get(ctx, c.id)
	if err != nil && !errors.Is(err, transferclient.ErrAbandoned) {
		return kernel.Actor{}, err
	}
	name, tenant := snapshot.Transfer.TargetPartnerName, snapshot.Transfer.TargetPartnerTenantID
	if role == kernel.RoleSource {
		name, tenant = snapshot.Transfer.SourcePartnerName, snapshot.Transfer.SourcePartnerTenantID
	}
	if tenant == "" {
		return kernel.Actor{}, kernel.Refuse(transfer.NotFound, "The transfer is not opened yet, so nobody knows its %s. Try again, or name it with --as.", role)
	}
	c.say(fmt.Sprintf("Acting as the %s, %s; --as names somebody else.", role, named(name, tenant)))
	return kernel.Actor{PartnerTenantID: tenant}, nil
}

// operator is who works on the ledger: the system's user, unless --as says which user it was, by the partner's id when it
// names no user.
func (c *cli) operator() kernel.Actor {
	user := c.acting.UserID
	if user == "" {
		user = c.acting.PartnerTenantID
	}
	if user == "" {
		user = c.env.user()
	}
	return kernel.Actor{Operator: true, UserID: user}
}

// origin is by which way an operator's command came, for the log: whoever --as names, the system's user stands beside it.
func (c *cli) origin() kernel.Origin {
	return kernel.Origin{Via: kernel.ByOperator, Operator: c.env.user()}
}

// systemUser is the name of the user who runs the program, or the number of one that the system has no name for.
func systemUser() string {
	if known, err := osuser.Current(); err == nil {
		return known.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
